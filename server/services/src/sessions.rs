//! Sessions: rows in the database behind a cookie, which alone opens them. Sign in, sign out, who acts.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    form::{Done, FormErrors},
    ids::{AccountId, OrganizationId, UserId},
    people::{Actor, SignInForm},
    second_factor::CodeForm,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, JoinType, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, RelationTrait, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use tower_sessions::{Expiry, Session};

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    entity::{account, organization, second_factor as factor, session, users},
    error::ServiceError,
    known_networks, passwords,
    second_factor::{self, Spent},
    start::Services,
    throttle::{self, Guess},
};

mod sealed;
mod store;

pub use store::Store;

/// The key under which a session keeps its user's id.
const USER: &str = "user";

/// The key under which a session keeps where the person signed in from.
const ADDRESS: &str = "address";

/// The key under which a session keeps whose password was right while a code is still owed.
const OWES_CODE: &str = "owes_code";

/// The key under which a session keeps that the sign-in provider led the person in.
const TRUSTED: &str = "trusted";

/// Where the code is asked for.
pub(crate) const CODE_PAGE: &str = "/login/code";

/// How long a code may be owed, in minutes, before the password is asked for again.
const PATIENCE: i64 = 10;

/// A session ends so long after the sign-in, however much it is used.
const LONGEST: TimeDelta = TimeDelta::days(7);

/// How many sessions a person may have. The oldest end when there are more.
const MOST_SESSIONS: usize = 20;

/// Whose request it is.
#[derive(Clone, Debug)]
pub enum Visitor {
    Nobody,
    /// The password was right, and a code is owed: signed in is nobody yet.
    OwesCode,
    /// Signed in, and may do nothing but set up the second factor that the account wants of them.
    OwesSecondFactor(Acting),
    SignedIn(Acting),
}

impl Visitor {
    /// Who may ask for more than the set-up of a second factor.
    pub fn signed_in(self) -> Option<Acting> {
        if let Self::SignedIn(acting) = self { Some(acting) } else { None }
    }
}

/// Whether a right password was enough.
pub(crate) enum Entered {
    SignedIn,
    OwesCode,
}

/// What a session of a person begins from. Whatever ends all sessions of a person changes one of these, so a sign-in that
/// was under way meanwhile finds out that it is too late.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Empty where the person has no password.
    password_hash: String,
    role: String,
    /// Since when there is a second factor.
    second_factor: Option<DateTime<Utc>>,
}

impl Standing {
    /// That of a person; `None` where there is no such person any more.
    pub(crate) async fn of(db: &impl ConnectionTrait, user: UserId) -> Result<Option<Self>, DbErr> {
        let Some(row) = users::Entity::find_by_id(user.0).one(db).await? else { return Ok(None) };
        let factor = factor::Entity::find_by_id(user.0).one(db).await?;
        let second_factor = factor.and_then(|factor| factor.confirmed_at);
        Ok(Some(Self { password_hash: row.password_hash, role: row.role, second_factor }))
    }

    /// The same where the person has just been seen.
    pub(crate) async fn now(db: &impl ConnectionTrait, user: UserId) -> Result<Self, ServiceError> {
        Self::of(db, user).await?.ok_or(ServiceError::SignedOut)
    }
}

/// Whose password was right, and since when a code is owed.
#[derive(Serialize, Deserialize)]
struct Owed {
    user: i64,
    since: DateTime<Utc>,
    /// The path to return to.
    next: String,
}

/// Checks the password, and signs in or asks for a code next; both under a new session id. Who guesses waits longer and
/// longer.
pub async fn sign_in(
    services: &Services,
    session: &Session,
    address: String,
    form: &SignInForm,
) -> Result<Done, ServiceError> {
    let email = form.parse()?;
    // First, so that whoever is refused has cost nothing.
    let place = passwords::enter(services, &address)?;
    let attempt = throttle::begin(services, Guess::Password, &email, &address).await?;
    let found = users::Entity::find().filter(users::Column::Email.eq(email)).one(services.db()).await?;
    let id = found.map(|user| UserId(user.id));
    let standing = match id {
        Some(id) => Standing::of(services.db(), id).await?,
        None => None,
    };
    // Who is invited has no password yet, and is treated as nobody.
    let hash = standing.as_ref().map(|standing| standing.password_hash.clone()).filter(|hash| !hash.is_empty());
    let matches = passwords::verify(&place, form.password.clone(), hash).await?;
    let Some((user, standing)) = id.zip(standing).filter(|_| matches) else {
        tracing::warn!(address, "a sign-in failed");
        let refusal = tr!("Email or password is wrong. Check both and try again");
        return Err(ServiceError::Invalid(FormErrors::whole(refusal)));
    };
    attempt.succeeded(services).await?;
    place.succeeded();
    match enter(services, session, (user, &standing), &address, form.next_path()).await? {
        Entered::OwesCode => Ok(Done::new(tr!("The password is right. A code is needed too"), CODE_PAGE)),
        Entered::SignedIn => {
            let acting = Acting { actor: actor(services.db(), user.0).await?, address };
            record(services, &acting, Deed::SignedIn).await?;
            Ok(Done::new(tr!("Signed in"), form.next_path()))
        }
    }
}

/// Takes the code of somebody whose password was right, and signs in under a new session id. Who guesses waits longer
/// and longer, and a right password does not shorten that.
pub async fn sign_in_with_code(
    services: &Services,
    session: &Session,
    address: String,
    form: &CodeForm,
) -> Result<Done, ServiceError> {
    let owed = owed(services, session).await?.ok_or(ServiceError::SignedOut)?;
    let user = users::Entity::find_by_id(owed.user).one(services.db()).await?.ok_or(ServiceError::SignedOut)?;
    let standing = Standing::now(services.db(), UserId(owed.user)).await?;
    // What is owed was read before that, and may have ended in between.
    expect_going_on(services.db(), session, UserId(owed.user)).await?;
    let code = form.parse()?;
    let place = passwords::enter(services, &address)?;
    let attempt = throttle::begin(services, Guess::Code, &user.email, &address).await?;
    let acting = Acting { actor: actor(services.db(), user.id).await?, address };
    let spent = second_factor::spend(services, &place, owed.user, &code).await?;
    second_factor::record_code(services, &acting, spent).await?;
    let Some(spent) = spent else {
        let refusal = tr!("This code is wrong or was used already. Wait for the next one that your app shows");
        return Err(ServiceError::at("code", refusal));
    };
    attempt.succeeded(services).await?;
    place.succeeded();
    begin(services, session, (acting.actor.user, &standing), &acting.address).await?;
    record(services, &acting, Deed::SignedIn).await?;
    let message =
        match spent {
            Spent::Time => tr!("Signed in"),
            Spent::Recovery { left } => tr!("Signed in. You have {n} recovery code(s) left"
                | "Signed in. You have {n} recovery code(s) left" % left),
        };
    Ok(Done::new(message, owed.next))
}

/// Ends the session.
pub async fn sign_out(services: &Services, session: &Session, address: String) -> Result<Done, ServiceError> {
    if let Visitor::SignedIn(acting) | Visitor::OwesSecondFactor(acting) = visitor(services, session, address).await? {
        record(services, &acting, Deed::SignedOut).await?;
    }
    session.flush().await?;
    Ok(Done::new(tr!("Signed out"), "/login"))
}

/// Whom the session belongs to.
pub async fn visitor(services: &Services, session: &Session, address: String) -> Result<Visitor, ServiceError> {
    let db = services.db();
    let Some(id) = session.get::<i64>(USER).await? else {
        return Ok(if owed(services, session).await?.is_some() { Visitor::OwesCode } else { Visitor::Nobody });
    };
    let Some(person) = person(db, id).await? else { return Ok(Visitor::Nobody) };
    let partners_need_one = person.partners_need_second_factor;
    let acting = Acting { actor: person.actor()?, address };
    // What the provider asks for beside a password is its own business.
    let trusted = session.get::<bool>(TRUSTED).await?.unwrap_or_default();
    let required = !trusted && second_factor::is_required_of(acting.actor.role, partners_need_one);
    let owes = required && !second_factor::is_on(db, id).await?;
    Ok(if owes { Visitor::OwesSecondFactor(acting) } else { Visitor::SignedIn(acting) })
}

/// What each request of a person needs to know of them.
#[derive(FromQueryResult)]
struct Person {
    id: i64,
    email: String,
    role: String,
    organization_id: i64,
    organization: String,
    account_id: i64,
    partners_need_second_factor: bool,
}

impl Person {
    fn actor(self) -> Result<Actor, ServiceError> {
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

async fn person(db: &impl ConnectionTrait, id: i64) -> Result<Option<Person>, DbErr> {
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

/// Who owes a code, as long as it is waited for.
async fn owed(services: &Services, session: &Session) -> Result<Option<Owed>, ServiceError> {
    let owed = session.get::<Owed>(OWES_CODE).await?;
    let oldest = services.clock().now() - TimeDelta::minutes(PATIENCE);
    Ok(owed.filter(|owed| owed.since > oldest))
}

/// Notes that the sign-in provider stands for a second factor too, in a session that has just begun.
pub(crate) async fn trust(session: &Session) -> Result<(), ServiceError> {
    session.insert(TRUSTED, true).await?;
    Ok(session.save().await?)
}

/// After the right password, or what takes its place: signs in, or has the session owe a code where the person has a
/// second factor.
pub(crate) async fn enter(
    services: &Services,
    session: &Session,
    (user, standing): (UserId, &Standing),
    address: &str,
    next: &str,
) -> Result<Entered, ServiceError> {
    if standing.second_factor.is_none() {
        begin(services, session, (user, standing), address).await?;
        return Ok(Entered::SignedIn);
    }
    renew(session).await?;
    session.insert(OWES_CODE, Owed { user: user.0, since: services.clock().now(), next: next.to_owned() }).await?;
    session.set_expiry(Some(Expiry::OnInactivity(time::Duration::minutes(PATIENCE))));
    session.save().await?;
    expect_unchanged(services, session, user, standing).await?;
    // Counted apart: whoever knows the password alone ends no session that somebody is signed in by.
    let owing = session::Column::SignedInFrom.is_null();
    end_oldest(services.db(), user, owing, key(session)).await?;
    Ok(Entered::OwesCode)
}

/// Makes the session that of `user`, unless the user's sessions were ended since `standing` was read. The id is a new
/// one, so that one planted before sign-in is worth nothing.
///
/// Beyond [`MOST_SESSIONS`] the person's oldest ones end.
pub(crate) async fn begin(
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

/// Gives the session another id and takes everything out of it: what somebody else did in this browser before, such as
/// giving a password for a download, is not this person's.
async fn renew(session: &Session) -> Result<(), ServiceError> {
    session.cycle_id().await?;
    session.clear().await;
    Ok(())
}

/// Ends the session that was stored just now where the person's sessions were ended meanwhile: [`end_all`] could not see
/// it. Both hold the person's row, so one of the two sees the other.
async fn expect_unchanged(
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
pub(crate) async fn expect_going_on(
    db: &impl ConnectionTrait,
    current: &Session,
    user: UserId,
) -> Result<(), ServiceError> {
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
async fn end_oldest(
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
pub(crate) async fn end_all(db: &impl ConnectionTrait, user: UserId) -> Result<(), DbErr> {
    hold(db, user).await?;
    session::Entity::delete_many().filter(session::Column::UserId.eq(user.0)).exec(db).await?;
    Ok(())
}

/// The primary key of the session's row; `None` where it is not stored yet.
pub(crate) fn key(session: &Session) -> Option<String> {
    session.id().map(sealed::hash)
}

/// Who acts where a user does.
pub(crate) async fn actor(db: &impl ConnectionTrait, user: i64) -> Result<Actor, ServiceError> {
    let found = person(db, user).await?;
    found.ok_or_else(|| DbErr::RecordNotFound("a user".to_owned()))?.actor()
}

/// Deletes sessions that have ended.
pub(crate) async fn delete_expired(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let ended =
        Condition::any().add(session::Column::ExpiresAt.lte(now)).add(session::Column::CreatedAt.lte(now - LONGEST));
    let ended = session::Entity::delete_many().filter(ended);
    Ok(ended.exec(db).await?.rows_affected)
}

pub(crate) async fn record(services: &Services, acting: &Acting, deed: Deed) -> Result<(), DbErr> {
    let actor = &acting.actor;
    let subject = Subject { kind: "user", id: actor.user.0, name: &actor.email, organization: actor.organization };
    audit::record(services.db(), acting, services.clock().now(), deed, subject, audit::no_changes()).await
}
