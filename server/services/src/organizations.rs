//! Organizations: who owns what, which ones a person may choose from, and their management by Partners.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use model::{
    credential::OrganizationChoice,
    form::Done,
    ids::{AccountId, OrganizationId},
    names::OrganizationName,
    organization::{OrganizationForm, OrganizationRef, OrganizationRow},
    permission::{Action, Denied, Owner},
    schedule::TimeZone,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::LockType,
};
use serde_json::{Map, Value, json};

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    context::Services,
    database,
    entity::{account, backup_credential, organization, project, users},
    error::{Refusal, ServiceError},
    source_roots,
};

const ORGANIZATION_ADDED: Deed = Deed::new("organization added");
const ORGANIZATION_CHANGED: Deed = Deed::new("organization changed");
const ORGANIZATION_REMOVED: Deed = Deed::new("organization removed");

/// Why an organization cannot be removed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrganizationConflict {
    #[error(
        "{}",
        tr!(
            "The organization still has {} user(s), {} project(s) and {} backup credential(s). Remove them first",
            .users,
            .projects,
            .credentials
        )
    )]
    OrganizationNotEmpty { users: u64, projects: u64, credentials: u64 },
}

impl Refusal for OrganizationConflict {}

/// An organization that the person may do `action` in: the chosen one, or the own one where none was chosen.
pub(crate) async fn chosen(
    acting: &Acting,
    db: &impl ConnectionTrait,
    action: Action,
    choice: Option<OrganizationId>,
) -> Result<organization::Model, ServiceError> {
    let id = choice.unwrap_or(acting.actor.organization);
    let organization = organization::Entity::find_by_id(id.0).one(db).await?.ok_or(ServiceError::NotFound)?;
    acting.may(action, owner(&organization))?;
    Ok(organization)
}

/// Holds the organization until the transaction ends, so that changes which look at several of its rows come one after
/// the other. SQLite has one writer anyway.
///
/// Rows that refer to the organization are added beside it: waiting for them could be waiting for each other, since each
/// audit entry is one.
pub(crate) async fn lock(db: &impl ConnectionTrait, id: OrganizationId) -> Result<(), DbErr> {
    organization::Entity::find_by_id(id.0).lock(LockType::NoKeyUpdate).one(db).await?;
    Ok(())
}

/// The same for the account.
pub(crate) async fn lock_account(db: &impl ConnectionTrait, id: i64) -> Result<(), DbErr> {
    account::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(db).await?;
    Ok(())
}

/// Who owns what the organization has.
pub(crate) fn owner(organization: &organization::Model) -> Owner {
    Owner { account: AccountId(organization.account_id), organization: OrganizationId(organization.id) }
}

/// What a person may choose from, by name; empty where there is only the own one.
pub(crate) async fn choices(
    acting: &Acting,
    db: &impl ConnectionTrait,
    action: Action,
) -> Result<Vec<OrganizationChoice>, ServiceError> {
    if acting.confined_to(action)?.is_some() {
        return Ok(Vec::new());
    }
    let rows = organization::Entity::find()
        .filter(organization::Column::AccountId.eq(acting.actor.account.0))
        .order_by_asc(organization::Column::NameKey)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(choice).collect())
}

pub(crate) fn choice(row: organization::Model) -> OrganizationChoice {
    OrganizationChoice { id: OrganizationId(row.id), name: row.name }
}

pub(crate) async fn insert(
    db: &impl ConnectionTrait,
    account: AccountId,
    name: &OrganizationName,
    time_zone: TimeZone,
    now: DateTime<Utc>,
) -> Result<OrganizationId, DbErr> {
    let row = organization::ActiveModel {
        account_id: Set(account.0),
        name: Set(name.as_str().to_owned()),
        name_key: Set(name.as_str().to_lowercase()),
        time_zone: Set(time_zone.name().to_owned()),
        created_at: Set(now),
        ..Default::default()
    };
    Ok(OrganizationId(organization::Entity::insert(row).exec(db).await?.last_insert_id))
}

/// The organizations of the account, by name, with what they hold.
pub async fn list(acting: &Acting, services: &Services) -> Result<Vec<OrganizationRow>, ServiceError> {
    may_manage(acting)?;
    let db = services.db();
    let rows = organization::Entity::find()
        .filter(organization::Column::AccountId.eq(acting.actor.account.0))
        .order_by_asc(organization::Column::NameKey)
        .all(db)
        .await?;
    let users = counts::<users::Entity>(db, users::Column::OrganizationId).await?;
    let projects = counts::<project::Entity>(db, project::Column::OrganizationId).await?;
    let credentials = counts::<backup_credential::Entity>(db, backup_credential::Column::OrganizationId).await?;
    let count = |counts: &HashMap<i64, i64>, id: i64| counts.get(&id).copied().unwrap_or_default().unsigned_abs();
    let view = |row: organization::Model| OrganizationRow {
        id: OrganizationId(row.id),
        users: count(&users, row.id),
        projects: count(&projects, row.id),
        credentials: count(&credentials, row.id),
        name: row.name,
        time_zone: row.time_zone,
        created: row.created_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// How many rows of a table each organization has.
async fn counts<E: EntityTrait>(
    db: &impl ConnectionTrait,
    organization: E::Column,
) -> Result<HashMap<i64, i64>, DbErr> {
    let counted = E::find().select_only().column(organization).column_as(organization.count(), "rows");
    Ok(counted.group_by(organization).into_tuple::<(i64, i64)>().all(db).await?.into_iter().collect())
}

/// Adds an organization to the acting person's account.
pub async fn add(acting: &Acting, services: &Services, form: &OrganizationForm) -> Result<Done, ServiceError> {
    may_manage(acting)?;
    source_roots::may_add_organization(services)?;
    let change = form.parse()?;
    let now = services.clock().now();
    let tx = services.write().await?;
    let id = match insert(&tx, acting.actor.account, &change.name, change.time_zone, now).await {
        Err(error) if database::is_unique_violation(&error) => return Err(name_error(&change.name)),
        inserted => inserted?,
    };
    let row = find(acting, &tx, id).await?;
    let changes = json!({ "time_zone": [null, row.time_zone] });
    audit::record(&tx, acting, now, ORGANIZATION_ADDED, subject(&row), changes).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Organization {} added", change.name), PAGE))
}

/// Renames an organization or changes its time zone.
pub async fn update(acting: &Acting, services: &Services, form: &OrganizationForm) -> Result<Done, ServiceError> {
    let id = form.organization().map_err(|_| ServiceError::NotFound)?;
    let tx = services.write().await?;
    let before = find(acting, &tx, id).await?;
    let change = form.parse()?;
    if before.name.to_lowercase() != change.name.as_str().to_lowercase() {
        source_roots::may_rename(services, &before.name)?;
    }
    let mut row = before.clone().into_active_model();
    row.name = Set(change.name.as_str().to_owned());
    row.name_key = Set(change.name.as_str().to_lowercase());
    row.time_zone = Set(change.time_zone.name().to_owned());
    let after = match row.update(&tx).await {
        Err(error) if database::is_unique_violation(&error) => return Err(name_error(&change.name)),
        updated => updated?,
    };
    let changes = changes(&before, &after);
    if changes.is_empty() {
        return Ok(Done::new(tr!("Nothing changed"), PAGE));
    }
    let changes = Value::Object(changes);
    audit::record(&tx, acting, services.clock().now(), ORGANIZATION_CHANGED, subject(&after), changes).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Organization {} saved", after.name), PAGE))
}

/// The changed fields before and after.
fn changes(before: &organization::Model, after: &organization::Model) -> Map<String, Value> {
    [("name", &before.name, &after.name), ("time_zone", &before.time_zone, &after.time_zone)]
        .into_iter()
        .filter(|(_, before, after)| before != after)
        .map(|(field, before, after)| (field.to_owned(), json!([before, after])))
        .collect()
}

/// Removes an organization that has no users, projects or credentials.
pub async fn remove(acting: &Acting, services: &Services, form: &OrganizationRef) -> Result<Done, ServiceError> {
    let id = form.organization().map_err(|_| ServiceError::NotFound)?;
    let tx = services.write().await?;
    let row = find(acting, &tx, id).await?;
    // What is to refer to it waits until it is gone.
    organization::Entity::find_by_id(id.0).lock_exclusive().one(&tx).await?;
    let users = users::Entity::find().filter(users::Column::OrganizationId.eq(id.0)).count(&tx).await?;
    let projects = project::Entity::find().filter(project::Column::OrganizationId.eq(id.0)).count(&tx).await?;
    let credentials =
        backup_credential::Entity::find().filter(backup_credential::Column::OrganizationId.eq(id.0)).count(&tx).await?;
    if users + projects + credentials > 0 {
        return Err(OrganizationConflict::OrganizationNotEmpty { users, projects, credentials }.into());
    }
    // The entry names the organization; its own column is emptied with the row.
    let now = services.clock().now();
    audit::record(&tx, acting, now, ORGANIZATION_REMOVED, subject(&row), audit::no_changes()).await?;
    organization::Entity::delete_by_id(id.0).exec(&tx).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Organization {} removed", row.name), PAGE))
}

/// The page to which every change leads back.
const PAGE: &str = "/organizations";

fn may_manage(acting: &Acting) -> Result<(), Denied> {
    let own = Owner { account: acting.actor.account, organization: acting.actor.organization };
    acting.may(Action::ManageOrganizations, own)
}

async fn find(
    acting: &Acting,
    db: &impl ConnectionTrait,
    id: OrganizationId,
) -> Result<organization::Model, ServiceError> {
    let row = organization::Entity::find_by_id(id.0).one(db).await?.ok_or(ServiceError::NotFound)?;
    acting.may(Action::ManageOrganizations, owner(&row))?;
    Ok(row)
}

fn name_error(name: &OrganizationName) -> ServiceError {
    ServiceError::at("name", tr!("There is an organization {} already", name))
}

fn subject(row: &organization::Model) -> Subject<'_> {
    Subject { kind: "organization", id: row.id, name: &row.name, organization: OrganizationId(row.id) }
}
