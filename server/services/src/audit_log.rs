//! Reading the audit log.

use model::{
    audit::{AuditLog, AuditQuery, AuditRow, Change},
    ids::OrganizationId,
    list::Page,
    permission::{Action, Owner},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, RelationTrait, Select,
};
use serde_json::Value;

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    context::Services,
    entity::{audit_entry, organization},
    error::ServiceError,
    listing,
};

const AUDIT_EXPORTED: Deed = Deed::new("audit log exported");

/// Most entries of one export.
const MOST_EXPORTED: u64 = 100_000;

/// One page of the log within the person's reach, newest first.
pub async fn list(acting: &Acting, services: &Services, query: &AuditQuery) -> Result<AuditLog, ServiceError> {
    let db = services.db();
    let reach = within_reach(acting, query.list.organization)?;
    let select = filtered(reach.clone(), query);
    let all = select.clone();
    let rows = newest_first(select).offset(query.list.offset()).limit(query.list.per_page());
    let rows = rows.select_also(organization::Entity).all(db).await?;
    let total = listing::total(&query.list, rows.len(), all.count(db)).await?;
    Ok(AuditLog {
        page: Page::new(&query.list, rows.into_iter().map(view).collect(), total),
        people: distinct(db, reach.clone(), audit_entry::Column::Actor).await?,
        actions: distinct(db, reach, audit_entry::Column::Action).await?,
    })
}

/// The same view of the log, all pages, as CSV (RFC 4180). The export itself is in the log.
pub async fn export(acting: &Acting, services: &Services, query: &AuditQuery) -> Result<String, ServiceError> {
    let own = Owner { account: acting.actor.account, organization: acting.actor.organization };
    acting.may(Action::SeeAuditLog, own)?;
    let select = newest_first(filtered(within_reach(acting, query.list.organization)?, query));
    let rows = select.limit(MOST_EXPORTED).select_also(organization::Entity).all(services.db()).await?;
    let subject = Subject {
        kind: "audit log",
        id: 0,
        name: &acting.actor.organization_name,
        organization: acting.actor.organization,
    };
    let now = services.clock().now();
    audit::record(services.db(), acting, now, AUDIT_EXPORTED, subject, audit::no_changes()).await?;
    let header = ["Time", "Person", "Address", "Action", "Kind", "Name", "Organization", "Changes"];
    let lines = rows.into_iter().map(view).map(|row| line(&cells(row)));
    Ok(std::iter::once(line(&header.map(str::to_owned))).chain(lines).collect())
}

fn within_reach(acting: &Acting, chosen: Option<OrganizationId>) -> Result<Select<audit_entry::Entity>, ServiceError> {
    let only = acting.confined_to(Action::SeeAuditLog)?.or(chosen);
    let select = audit_entry::Entity::find()
        .join(JoinType::LeftJoin, audit_entry::Relation::Organization.def())
        .filter(audit_entry::Column::AccountId.eq(acting.actor.account.0));
    Ok(match only {
        Some(only) => select.filter(audit_entry::Column::OrganizationId.eq(only.0)),
        None => select,
    })
}

fn filtered(mut select: Select<audit_entry::Entity>, query: &AuditQuery) -> Select<audit_entry::Entity> {
    use audit_entry::{Column, Entity};
    let search = query.list.search();
    if !search.is_empty() {
        select = select.filter(
            Condition::any()
                .add(listing::contains((Entity, Column::Actor), &search))
                .add(listing::contains((Entity, Column::Address), &search))
                .add(listing::contains((Entity, Column::Action), &search))
                .add(listing::contains((Entity, Column::SubjectKind), &search))
                .add(listing::contains((Entity, Column::SubjectName), &search)),
        );
    }
    if !query.person.is_empty() {
        select = select.filter(Column::Actor.eq(&query.person));
    }
    if !query.action.is_empty() {
        select = select.filter(Column::Action.eq(&query.action));
    }
    if let Some(begins) = query.begins() {
        select = select.filter(Column::At.gte(begins));
    }
    if let Some(ends) = query.ends() {
        select = select.filter(Column::At.lt(ends));
    }
    select
}

fn newest_first(select: Select<audit_entry::Entity>) -> Select<audit_entry::Entity> {
    select.order_by_desc(audit_entry::Column::At).order_by_desc(audit_entry::Column::Id)
}

async fn distinct(
    db: &impl ConnectionTrait,
    select: Select<audit_entry::Entity>,
    column: audit_entry::Column,
) -> Result<Vec<String>, DbErr> {
    select.select_only().column(column).distinct().order_by_asc(column).into_tuple().all(db).await
}

fn view((row, home): (audit_entry::Model, Option<organization::Model>)) -> AuditRow {
    AuditRow {
        id: row.id,
        at: row.at,
        person: row.actor,
        address: row.address,
        action: row.action,
        subject_kind: row.subject_kind,
        subject_name: row.subject_name.unwrap_or_default(),
        organization: home.map(|home| home.name).unwrap_or_default(),
        changes: changes(&row.changes),
    }
}

/// `[before, after]` for most fields; a text alone is told as what came after.
fn changes(stored: &Value) -> Vec<Change> {
    let Some(fields) = stored.as_object() else { return Vec::new() };
    let change = |(field, value): (&String, &Value)| {
        let (before, after) = match value.as_array().map(Vec::as_slice) {
            Some([before, after]) => (text(before), text(after)),
            _ => (None, text(value)),
        };
        Change { field: field.replace('_', " "), before, after }
    };
    fields.iter().map(change).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn cells(row: AuditRow) -> [String; 8] {
    let changes = row.changes.into_iter().map(|change| {
        let [before, after] = [change.before, change.after].map(Option::unwrap_or_default);
        format!("{}: {before} -> {after}", change.field)
    });
    let changes = changes.collect::<Vec<_>>().join("; ");
    [
        row.at.to_rfc3339(),
        row.person,
        row.address,
        row.action,
        row.subject_kind,
        row.subject_name,
        row.organization,
        changes,
    ]
}

fn line(cells: &[String]) -> String {
    let mut line = cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// A cell in quotes. One that a spreadsheet would take for a formula gets an apostrophe in front.
fn quoted(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_is_neither_broken_nor_a_formula() {
        assert_eq!(quoted("say \"no\", then"), "\"say \"\"no\"\", then\"");
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
    }

    #[test]
    fn changes_are_told_before_and_after() {
        let told = changes(&json!({ "s3_name": ["old", "new"], "secret_key": "changed" }));
        assert_eq!(told[0], Change { field: "s3 name".into(), before: Some("old".into()), after: Some("new".into()) });
        assert_eq!(told[1], Change { field: "secret key".into(), before: None, after: Some("changed".into()) });
    }
}
