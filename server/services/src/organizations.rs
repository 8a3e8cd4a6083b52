//! Organizations: who owns what, and which ones a person may choose from.

use chrono::{DateTime, Utc};
use model::{
    credential::OrganizationChoice,
    ids::{AccountId, OrganizationId},
    names::OrganizationName,
    permission::{Action, Owner},
};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    database,
    entity::organization,
    error::ServiceError,
    start::Services,
};

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
    now: DateTime<Utc>,
) -> Result<OrganizationId, DbErr> {
    let row = organization::ActiveModel {
        account_id: Set(account.0),
        name: Set(name.as_str().to_owned()),
        name_key: Set(name.as_str().to_lowercase()),
        time_zone: Set("UTC".to_owned()),
        created_at: Set(now),
        ..Default::default()
    };
    Ok(OrganizationId(organization::Entity::insert(row).exec(db).await?.last_insert_id))
}

/// Adds an organization to the acting person's account.
pub async fn add(
    acting: &Acting,
    services: &Services,
    name: &OrganizationName,
) -> Result<OrganizationId, ServiceError> {
    let own = Owner { account: acting.actor.account, organization: acting.actor.organization };
    acting.may(Action::ManageOrganizations, own)?;
    let now = services.clock().now();
    let tx = services.write().await?;
    let id = match insert(&tx, acting.actor.account, name, now).await {
        Err(error) if database::is_unique_violation(&error) => {
            return Err(ServiceError::at("organization", format!("There is an organization {name} already")));
        }
        inserted => inserted?,
    };
    let subject = Subject { kind: "organization", id: id.0, name: name.as_str(), organization: id };
    audit::record(&tx, acting, now, Deed::OrganizationAdded, subject, audit::no_changes()).await?;
    tx.commit().await?;
    Ok(id)
}
