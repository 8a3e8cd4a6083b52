//! Users, as the operator of the machine manages them from the command line.

use model::{
    ids::{OrganizationId, UserId},
    names::OrganizationName,
    people::{Email, Password, Role},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder,
};

use super::{PASSWORD_SET, SECOND_FACTOR_RESET, USER_ADDED, insert};
use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    context::Services,
    database,
    entity::{organization, users},
    error::ServiceError,
    passwords::{self, PasswordOwner},
    second_factor, session_rows,
    users::UserConflict,
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
    let owner = PasswordOwner { email: email.as_str(), organization: organization.as_str() };
    let place = passwords::enter_trusted(services)?;
    let hash = passwords::hash_new(&place, "password", password, owner).await?;
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
    record(&tx, services, id, USER_ADDED).await?;
    tx.commit().await?;
    Ok(id)
}

/// Sets a user's password and ends all of the user's sessions.
pub async fn set_password(services: &Services, email: &Email, password: &Password) -> Result<(), ServiceError> {
    let actor = session_rows::actor(services.db(), find(services.db(), email).await?.id).await?;
    let owner = PasswordOwner { email: email.as_str(), organization: &actor.organization_name };
    let place = passwords::enter_trusted(services)?;
    let hash = passwords::hash_new(&place, "password", password, owner).await?;
    let tx = services.write().await?;
    let user = find(&tx, email).await?;
    let id = UserId(user.id);
    let mut user = user.into_active_model();
    user.password_hash = Set(hash);
    user.update(&tx).await?;
    session_rows::end_all(&tx, id).await?;
    record(&tx, services, id, PASSWORD_SET).await?;
    Ok(tx.commit().await?)
}

/// Takes a user's second factor away and ends all of the user's sessions, for somebody who has lost it with all recovery
/// codes.
pub async fn reset_second_factor(services: &Services, email: &Email) -> Result<(), ServiceError> {
    let tx = services.write().await?;
    let id = UserId(find(&tx, email).await?.id);
    if !second_factor::remove(&tx, id.0).await? {
        return Err(UserConflict::UserHasNoSecondFactor.into());
    }
    session_rows::end_all(&tx, id).await?;
    record(&tx, services, id, SECOND_FACTOR_RESET).await?;
    Ok(tx.commit().await?)
}

async fn find(db: &impl ConnectionTrait, email: &Email) -> Result<users::Model, ServiceError> {
    let found = users::Entity::find().filter(users::Column::Email.eq(email.as_str())).one(db).await?;
    found.ok_or_else(|| ServiceError::at("email", format!("There is no user {email}")))
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
    let actor = session_rows::actor(db, user.0).await?;
    let (name, organization) = (actor.email.clone(), actor.organization);
    let operator = Acting {
        actor: model::people::Actor { email: "operator".to_owned(), ..actor },
        address: COMMAND_LINE.to_owned(),
    };
    let subject = Subject { kind: "user", id: user.0, name: &name, organization };
    audit::record(db, &operator, services.clock().now(), deed, subject, audit::no_changes()).await?;
    Ok(())
}
