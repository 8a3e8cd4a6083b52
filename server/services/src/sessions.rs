//! Sessions: rows in the database behind a cookie. Sign in, sign out, who acts.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    form::{Done, FormErrors},
    ids::{AccountId, OrganizationId, UserId},
    people::{Actor, SignInForm},
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use tower_sessions::Session;

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    entity::{organization, session, users},
    error::ServiceError,
    passwords,
    start::Services,
    throttle,
};

mod store;

pub use store::Store;

/// The key under which a session keeps its user's id.
const USER: &str = "user";

/// The key under which a session keeps where the person signed in from.
const ADDRESS: &str = "address";

/// A session ends so long after the sign-in, however much it is used.
const LONGEST: TimeDelta = TimeDelta::days(7);

/// Checks the password and signs in, under a new session id. Who guesses waits longer and longer.
pub async fn sign_in(
    services: &Services,
    session: &Session,
    address: String,
    form: &SignInForm,
) -> Result<Done, ServiceError> {
    let email = form.parse()?;
    let attempt = throttle::begin(services, &email, &address).await?;
    let found = users::Entity::find().filter(users::Column::Email.eq(email)).one(services.db()).await?;
    // Who is invited has no password yet, and is treated as nobody.
    let hash = found.as_ref().map(|user| user.password_hash.clone()).filter(|hash| !hash.is_empty());
    let matches = passwords::verify(form.password.clone(), hash).await?;
    let Some(user) = found.filter(|_| matches) else {
        tracing::warn!(address, "a sign-in failed");
        let refusal = "Email or password is wrong. Check both and try again";
        return Err(ServiceError::Invalid(FormErrors::whole(refusal)));
    };
    attempt.succeeded(services).await?;
    begin(session, UserId(user.id), &address).await?;
    let acting = Acting { actor: actor(services.db(), user).await?, address };
    record(services, &acting, Deed::SignedIn).await?;
    Ok(Done::new("Signed in", form.next_path()))
}

/// Ends the session.
pub async fn sign_out(services: &Services, session: &Session, address: String) -> Result<Done, ServiceError> {
    if let Some(acting) = acting(services, session, address).await? {
        record(services, &acting, Deed::SignedOut).await?;
    }
    session.flush().await?;
    Ok(Done::new("Signed out", "/login"))
}

/// The person that the session belongs to; `None` where nobody is signed in, or the user is gone.
pub async fn acting(services: &Services, session: &Session, address: String) -> Result<Option<Acting>, ServiceError> {
    let Some(id) = session.get::<i64>(USER).await? else { return Ok(None) };
    let Some(user) = users::Entity::find_by_id(id).one(services.db()).await? else { return Ok(None) };
    Ok(Some(Acting { actor: actor(services.db(), user).await?, address }))
}

/// Makes the session that of `user`. The id is a new one, so that one planted before sign-in is worth nothing.
pub(crate) async fn begin(session: &Session, user: UserId, address: &str) -> Result<(), ServiceError> {
    session.cycle_id().await?;
    session.insert(USER, user.0).await?;
    session.insert(ADDRESS, address).await?;
    // Written now, so that a fault after this is not told to somebody who believes to be signed in.
    Ok(session.save().await?)
}

/// Where the person of a session signed in from.
pub(crate) fn signed_in_from(row: &session::Model) -> String {
    let data: serde_json::Value = serde_json::from_str(&row.data).unwrap_or_default();
    data[ADDRESS].as_str().unwrap_or_default().to_owned()
}

/// The acting person of a row of users.
pub(crate) async fn actor(db: &impl ConnectionTrait, user: users::Model) -> Result<Actor, ServiceError> {
    let organization = organization::Entity::find_by_id(user.organization_id)
        .one(db)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound("the organization of a user".to_owned()))?;
    Ok(Actor {
        user: UserId(user.id),
        account: AccountId(organization.account_id),
        organization: OrganizationId(organization.id),
        organization_name: organization.name,
        email: user.email,
        role: user.role.parse().map_err(ServiceError::Stored)?,
    })
}

/// Deletes sessions that have ended.
pub(crate) async fn delete_expired(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let ended =
        Condition::any().add(session::Column::ExpiresAt.lte(now)).add(session::Column::CreatedAt.lte(now - LONGEST));
    let ended = session::Entity::delete_many().filter(ended);
    Ok(ended.exec(db).await?.rows_affected)
}

async fn record(services: &Services, acting: &Acting, deed: Deed) -> Result<(), DbErr> {
    let actor = &acting.actor;
    let subject = Subject { kind: "user", id: actor.user.0, name: &actor.email, organization: actor.organization };
    audit::record(services.db(), acting, services.clock().now(), deed, subject, audit::no_changes()).await
}
