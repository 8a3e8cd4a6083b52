//! The rows of sessions: begun, ended, and who acts by one.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    ids::{AccountId, OrganizationId, UserId},
    people::Actor,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, JoinType, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, RelationTrait,
    sea_query::{Expr, ExprTrait},
};
use tower_sessions::Session;

use crate::{
    clock::MOST_AHEAD,
    context::Services,
    entity::{account, organization, second_factor as factor, session, users},
    error::ServiceError,
    known_networks, throttle,
};

mod sealed;
mod store;

pub use store::Store;

/// The key under which a session keeps its user's id.
pub const USER: &str = "user";

/// The key under which a session keeps where the person signed in from.
const ADDRESS: &str = "address";

/// The key under which the session of somebody who is not signed in keeps the network that they come from.
const NETWORK: &str = "network";

/// The key under which a session keeps whose password was right while a code is still owed.
pub const OWES_CODE: &str = "owes_code";

/// The key under which a session keeps that the sign-in provider led the person in.
pub const TRUSTED: &str = "trusted";

/// A session ends so long after the sign-in, however much it is used.
const LONGEST: TimeDelta = TimeDelta::days(7);

/// How many sessions a person may have. The oldest end when there are more.
const MOST_SESSIONS: usize = 20;

/// How many sessions of people who are not signed in one network may have. The oldest end when there are more, so that
/// strangers fill no table.
const MOST_OF_A_NETWORK: u64 = 50;

/// The same of all whose network is not known: a reverse proxy on this machine speaks for everybody.
const MOST_OF_NO_NETWORK: u64 = 1000;

/// What a session of a person begins from. Whatever ends all sessions of a person changes one of these, so a sign-in that
/// was under way meanwhile finds out that it is too late.
#[derive(Debug, PartialEq, Eq)]
pub struct Standing {
    /// Empty where the person has no password.
    pub password_hash: String,
    role: String,
    /// Since when there is a second factor.
    pub second_factor: Option<DateTime<Utc>>,
}

impl Standing {
    /// That of a person; `None` where there is no such person any more.
    pub async fn of(db: &impl ConnectionTrait, user: UserId) -> Result<Option<Self>, DbErr> {
        let Some(row) = users::Entity::find_by_id(user.0).one(db).await? else { return Ok(None) };
        let factor = factor::Entity::find_by_id(user.0).one(db).await?;
        let second_factor = factor.and_then(|factor| factor.confirmed_at);
        Ok(Some(Self { password_hash: row.password_hash, role: row.role, second_factor }))
    }

    /// The same where the person has just been seen.
    pub async fn now(db: &impl ConnectionTrait, user: UserId) -> Result<Self, ServiceError> {
        Self::of(db, user).await?.ok_or(ServiceError::SignedOut)
    }
}

/// What each request of a person needs to know of them.
#[derive(FromQueryResult)]
pub struct Person {
    id: i64,
    email: String,
    role: String,
    organization_id: i64,
    organization: String,
    account_id: i64,
    pub partners_need_second_factor: bool,
}

impl Person {
    /// The person as somebody who acts.
    pub fn actor(self) -> Result<Actor, ServiceError> {
        Ok(Actor {
            user: UserId(self.id),
            account: AccountId(self.account_id),
            organization: OrganizationId(self.organization_id),
            organization_name: self.organization,
            email: self.email,
            role: self.role.parse().map_err(ServiceError::Stored)?,
        })
    }
}

/// What a request needs to know of the user with that id.
pub async fn person(db: &impl ConnectionTrait, id: i64) -> Result<Option<Person>, DbErr> {
    use users::Column;
    let found = users::Entity::find_by_id(id)
        .join(JoinType::InnerJoin, users::Relation::Organization.def())
        .join(JoinType::InnerJoin, organization::Relation::Account.def())
        .select_only()
        .columns([Column::Id, Column::Email, Column::Role, Column::OrganizationId])
        .column_as(organization::Column::Name, "organization")
        .column(organization::Column::AccountId)
        .column(account::Column::PartnersNeedSecondFactor)
        .into_model();
    // Not `one`: SQLite compiles a statement anew each time its LIMIT is bound.
    Ok(found.all(db).await?.pop())
}

/// Makes the session that of `user`, unless the user's sessions were ended since `standing` was read. The id is a new
/// one, so that one planted before sign-in is worth nothing.
///
/// Beyond [`MOST_SESSIONS`] the person's oldest ones end.
pub async fn begin(
    services: &Services,
    session: &Session,
    (user, standing): (UserId, &Standing),
    address: &str,
) -> Result<(), ServiceError> {
    renew(session).await?;
    session.insert(USER, user.0).await?;
    session.insert(ADDRESS, address).await?;
    // Written now, so that a fault after this is not told to somebody who believes to be signed in.
    session.save().await?;
    expect_unchanged(services, session, user, standing).await?;
    known_networks::remember(services, address).await?;
    let signed_in = session::Column::SignedInFrom.is_not_null();
    if end_oldest(services.db(), user, signed_in, key(session)).await? > 0 {
        services.live().session_ended();
    }
    Ok(())
}

/// Stores the session of somebody who is not signed in yet. Beyond so many of their network the oldest end.
pub async fn begin_for_stranger(services: &Services, session: &Session, address: &str) -> Result<(), ServiceError> {
    let network = throttle::network(services, address);
    let most = if network.is_some() { MOST_OF_A_NETWORK } else { MOST_OF_NO_NETWORK };
    let network = network.unwrap_or_default();
    session.insert(NETWORK, &network).await?;
    session.save().await?;
    let surplus: Vec<String> = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::UserId.is_null())
        .filter(session::Column::SignedInFrom.eq(network))
        .order_by_desc(session::Column::CreatedAt)
        .offset(most)
        .limit(most)
        .into_tuple()
        .all(services.db())
        .await?;
    if !surplus.is_empty() {
        session::Entity::delete_many().filter(session::Column::Id.is_in(surplus)).exec(services.db()).await?;
    }
    Ok(())
}

/// Gives the session another id and takes everything out of it: what somebody else did in this browser before, such as
/// giving a password for a download, is not this person's.
pub async fn renew(session: &Session) -> Result<(), ServiceError> {
    session.cycle_id().await?;
    session.clear().await;
    Ok(())
}

/// Ends the session that was stored just now where the person's sessions were ended meanwhile: [`end_all`] could not see
/// it. Both hold the person's row, so one of the two sees the other.
pub async fn expect_unchanged(
    services: &Services,
    session: &Session,
    user: UserId,
    standing: &Standing,
) -> Result<(), ServiceError> {
    let tx = services.write().await?;
    hold(&tx, user).await?;
    let same = Standing::of(&tx, user).await?.as_ref() == Some(standing);
    tx.commit().await?;
    if same {
        return Ok(());
    }
    session.flush().await?;
    Err(ServiceError::SignedOut)
}

/// Refuses a session that was ended since the request began, so that a change which it asks for is not made any more. In
/// a transaction it holds the person's row: until that ends nobody else ends sessions of theirs.
pub async fn expect_going_on(db: &impl ConnectionTrait, current: &Session, user: UserId) -> Result<(), ServiceError> {
    hold(db, user).await?;
    let found = match key(current) {
        Some(key) => session::Entity::find_by_id(key).filter(session::Column::UserId.eq(user.0)).count(db).await?,
        None => 0,
    };
    if found == 0 { Err(ServiceError::SignedOut) } else { Ok(()) }
}

/// Holds the person's row until the transaction ends. SQLite has one writer, and nothing to lock.
async fn hold(db: &impl ConnectionTrait, user: UserId) -> Result<(), DbErr> {
    users::Entity::find_by_id(user.0).lock_exclusive().one(db).await.map(drop)
}

/// Ends the oldest of the person's sessions of the kind `which` beyond [`MOST_SESSIONS`], but not `current`. Returns how
/// many there were.
pub async fn end_oldest(
    db: &impl ConnectionTrait,
    user: UserId,
    which: Expr,
    current: Option<String>,
) -> Result<u64, DbErr> {
    let newest_first: Vec<String> = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::UserId.eq(user.0))
        .filter(which)
        .order_by_desc(session::Column::CreatedAt)
        .into_tuple()
        .all(db)
        .await?;
    let others = newest_first.into_iter().filter(|id| current.as_ref() != Some(id));
    let surplus: Vec<String> = others.skip(MOST_SESSIONS - 1).collect();
    if surplus.is_empty() {
        return Ok(0);
    }
    let ended = session::Entity::delete_many().filter(session::Column::Id.is_in(surplus));
    Ok(ended.exec(db).await?.rows_affected)
}

/// Ends every session of the person, also of somebody who owes a code still. A sign-in that is under way ends by itself,
/// since the same transaction changes the person's [`Standing`].
pub async fn end_all(db: &impl ConnectionTrait, user: UserId) -> Result<(), DbErr> {
    hold(db, user).await?;
    session::Entity::delete_many().filter(session::Column::UserId.eq(user.0)).exec(db).await?;
    Ok(())
}

/// The primary key of the session's row; `None` where it is not stored yet.
pub fn key(session: &Session) -> Option<String> {
    session.id().map(sealed::hash)
}

/// Who acts where a user does.
pub async fn actor(db: &impl ConnectionTrait, user: i64) -> Result<Actor, ServiceError> {
    let found = person(db, user).await?;
    found.ok_or_else(|| DbErr::RecordNotFound("a user".to_owned()))?.actor()
}

/// That a session has not ended by its age. One that is dated ahead began while the clock was wrong, and has ended.
fn is_young(now: DateTime<Utc>) -> Expr {
    session::Column::CreatedAt.gt(now - LONGEST).and(session::Column::CreatedAt.lte(now + MOST_AHEAD))
}

/// Deletes sessions that have ended.
pub async fn delete_expired(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let ended = Condition::any().add(session::Column::ExpiresAt.lte(now)).add(is_young(now).not());
    let ended = session::Entity::delete_many().filter(ended);
    Ok(ended.exec(db).await?.rows_affected)
}
