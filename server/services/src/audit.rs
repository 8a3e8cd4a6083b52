//! The audit log: who did what, written in the same transaction as the change.

use chrono::{DateTime, Utc};
use model::ids::{AccountId, OrganizationId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Value, json};

use crate::{acting::Acting, entity::audit_entry};

/// What was done. The text is what the log shows and keeps, so it never changes. Each feature has its own deeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed(&'static str);

impl Deed {
    pub const fn new(text: &'static str) -> Self {
        Self(text)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        self.0
    }
}

/// Who did it.
#[derive(Clone, Debug)]
pub struct Author {
    account: AccountId,
    name: String,
    address: String,
}

impl From<&Acting> for Author {
    fn from(acting: &Acting) -> Self {
        Self { account: acting.actor.account, name: acting.actor.email.clone(), address: acting.address.clone() }
    }
}

impl Author {
    /// A schedule, or a worker that carries on what a schedule began.
    pub fn schedule(account: AccountId) -> Self {
        Self { account, name: "schedule".to_owned(), address: String::new() }
    }

    /// The sign-in provider, by what it says of who just came from there.
    pub fn provider(account: AccountId, address: &str) -> Self {
        Self { account, name: "sign-in provider".to_owned(), address: address.to_owned() }
    }

    /// Whoever has a shell on the machine.
    pub fn operator(account: AccountId) -> Self {
        Self { account, name: "operator".to_owned(), address: "command line".to_owned() }
    }
}

/// What it was done to.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    pub kind: &'static str,
    pub id: i64,
    pub name: &'a str,
    pub organization: OrganizationId,
}

/// Writes an entry. `changes` holds the changed fields and never a secret.
pub async fn record(
    db: &impl ConnectionTrait,
    author: impl Into<Author>,
    at: DateTime<Utc>,
    deed: Deed,
    subject: Subject<'_>,
    changes: Value,
) -> Result<(), DbErr> {
    let author = author.into();
    let entry = audit_entry::ActiveModel {
        account_id: Set(author.account.0),
        organization_id: Set(Some(subject.organization.0)),
        at: Set(at),
        actor: Set(author.name),
        address: Set(author.address),
        action: Set(deed.as_str().to_owned()),
        subject_kind: Set(subject.kind.to_owned()),
        subject_id: Set(Some(subject.id)),
        subject_name: Set(Some(subject.name.to_owned())),
        changes: Set(changes),
        ..Default::default()
    };
    audit_entry::Entity::insert(entry).exec_without_returning(db).await?;
    Ok(())
}

/// When the `count`th last deed of that kind was done to something of the organization; `None` where there were fewer.
pub async fn before_the_last(
    db: &impl ConnectionTrait,
    acting: &Acting,
    deed: Deed,
    organization: i64,
    count: u64,
) -> Result<Option<DateTime<Utc>>, DbErr> {
    let found = audit_entry::Entity::find()
        .filter(audit_entry::Column::AccountId.eq(acting.actor.account.0))
        .filter(audit_entry::Column::OrganizationId.eq(organization))
        .filter(audit_entry::Column::Action.eq(deed.as_str()))
        .order_by_desc(audit_entry::Column::At)
        .offset(count.saturating_sub(1))
        .one(db)
        .await?;
    Ok(found.map(|entry| entry.at))
}

/// Where nothing but the deed itself is to be told.
pub fn no_changes() -> Value {
    json!({})
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        fs,
        path::{Path, PathBuf},
    };

    /// The deeds that databases hold. One may be added; none changes or goes.
    const KEPT: &str = include_str!("audit/deeds.txt");

    #[test]
    fn the_features_write_the_deeds_that_databases_hold_and_each_is_one_features() {
        let mut found = Vec::new();
        for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
            let source = fs::read_to_string(file).unwrap();
            // Put together here, so that this file is not among them.
            let begins = ["Deed", "::new(\""].concat();
            let literals = source.split(&begins).skip(1);
            found.extend(literals.map(|rest| rest.split('"').next().unwrap().to_owned()));
        }
        let distinct: BTreeSet<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(distinct.len(), found.len(), "each deed stands once");
        assert_eq!(distinct, KEPT.lines().collect());
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let of = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
        entries.flat_map(of).filter(|path| path.extension().is_some_and(|ending| ending == "rs")).collect()
    }
}
