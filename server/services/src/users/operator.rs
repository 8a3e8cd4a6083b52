//! Users, as the operator of the machine manages them from the command line.

use model::{
    ids::{OrganizationId, UserId},
    names::{Hidden, OrganizationName},
    people::{Email, Password, Role},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder,
};

use super::insert;
use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    database,
    entity::{organization, session, users},
    error::ServiceError,
    passwords, sessions,
    start::Services,
};

/// How the audit log names the place that the operator came from.
const COMMAND_LINE: &str = "command line";

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserLine {
    pub email: String,
    pub role: String,
    pub organization: String,
}

/// Adds a user to the organization of that name.
pub async fn add(
    services: &Services,
    organization: &OrganizationName,
    email: &Email,
    role: Role,
    password: &Password,
) -> Result<UserId, ServiceError> {
    let hash = passwords::hash(Hidden::new(password.expose())).await?;
    let now = services.clock().now();
    let tx = services.write().await?;
    let home = organization::Entity::find()
        .filter(organization::Column::NameKey.eq(organization.as_str().to_lowercase()))
        .one(&tx)
        .await?
        .ok_or_else(|| ServiceError::at("organization", format!("There is no organization {organization}")))?;
    let id = match insert(&tx, OrganizationId(home.id), email, role, hash, now).await {
        Err(error) if database::is_unique_violation(&error) => {
            return Err(ServiceError::at("email", format!("There is a user {email} already")));
        }
        inserted => inserted?,
    };
    record(&tx, services, id, Deed::UserAdded).await?;
    tx.commit().await?;
    Ok(id)
}

/// Sets a user's password and ends all of the user's sessions.
pub async fn set_password(services: &Services, email: &Email, password: &Password) -> Result<(), ServiceError> {
    let hash = passwords::hash(Hidden::new(password.expose())).await?;
    let tx = services.write().await?;
    let user = users::Entity::find()
        .filter(users::Column::Email.eq(email.as_str()))
        .one(&tx)
        .await?
        .ok_or_else(|| ServiceError::at("email", format!("There is no user {email}")))?;
    let id = UserId(user.id);
    let mut user = user.into_active_model();
    user.password_hash = Set(hash);
    user.update(&tx).await?;
    session::Entity::delete_many().filter(session::Column::UserId.eq(id.0)).exec(&tx).await?;
    record(&tx, services, id, Deed::PasswordSet).await?;
    Ok(tx.commit().await?)
}

/// All users, by organization and address.
pub async fn list_all(services: &Services) -> Result<Vec<UserLine>, ServiceError> {
    let rows = users::Entity::find()
        .find_also_related(organization::Entity)
        .order_by_asc(organization::Column::NameKey)
        .order_by_asc(users::Column::Email)
        .all(services.db())
        .await?;
    let line = |(user, organization): (users::Model, Option<organization::Model>)| UserLine {
        email: user.email,
        role: user.role,
        organization: organization.map(|organization| organization.name).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(line).collect())
}

async fn record(db: &impl ConnectionTrait, services: &Services, user: UserId, deed: Deed) -> Result<(), ServiceError> {
    let row = users::Entity::find_by_id(user.0).one(db).await?.ok_or(ServiceError::NotFound)?;
    let actor = sessions::actor(db, row).await?;
    let (name, organization) = (actor.email.clone(), actor.organization);
    let operator = Acting {
        actor: model::people::Actor { email: "operator".to_owned(), ..actor },
        address: COMMAND_LINE.to_owned(),
    };
    let subject = Subject { kind: "user", id: user.0, name: &name, organization };
    audit::record(db, &operator, services.clock().now(), deed, subject, audit::no_changes()).await?;
    Ok(())
}
