//! Sessions: rows in the database behind a cookie, which alone opens them. Sign in, sign out, who acts.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    form::{Done, FormErrors},
    ids::UserId,
    people::SignInForm,
    second_factor::CodeForm,
};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use tower_sessions::{Expiry, Session};

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    context::Services,
    entity::{session, users},
    error::ServiceError,
    passwords,
    second_factor::{self, Spent},
    session_rows::{
        OWES_CODE, Standing, TRUSTED, USER, actor, begin, end_oldest, expect_going_on, expect_unchanged, key, person,
        renew,
    },
    throttle::{self, Guess},
};

pub use crate::session_rows::Store;

const SIGNED_IN: Deed = Deed::new("signed in");
const SIGNED_OUT: Deed = Deed::new("signed out");

/// Where the code is asked for.
pub(crate) const CODE_PAGE: &str = "/login/code";

/// How long a code may be owed, in minutes, before the password is asked for again.
const TIMEOUT: i64 = 10;

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
            record(services, &acting, SIGNED_IN).await?;
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
    record(services, &acting, SIGNED_IN).await?;
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
    let message = match visitor(services, session, address).await? {
        Visitor::SignedIn(acting) | Visitor::OwesSecondFactor(acting) => {
            record(services, &acting, SIGNED_OUT).await?;
            tr!("Signed out")
        }
        Visitor::OwesCode => tr!("Signed out"),
        // To keep a message for the next page would take a session, which strangers could ask for without end.
        Visitor::Nobody => String::new(),
    };
    session.flush().await?;
    Ok(Done::new(message, "/login"))
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

/// Who owes a code, as long as it is waited for.
async fn owed(services: &Services, session: &Session) -> Result<Option<Owed>, ServiceError> {
    let owed = session.get::<Owed>(OWES_CODE).await?;
    let oldest = services.clock().now() - TimeDelta::minutes(TIMEOUT);
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
    session.set_expiry(Some(Expiry::OnInactivity(time::Duration::minutes(TIMEOUT))));
    session.save().await?;
    expect_unchanged(services, session, user, standing).await?;
    // Counted apart: whoever knows the password alone ends no session that somebody is signed in by.
    let owing = session::Column::SignedInFrom.is_null();
    end_oldest(services.db(), user, owing, key(session)).await?;
    Ok(Entered::OwesCode)
}

pub(crate) async fn record(services: &Services, acting: &Acting, deed: Deed) -> Result<(), DbErr> {
    let actor = &acting.actor;
    let subject = Subject { kind: "user", id: actor.user.0, name: &actor.email, organization: actor.organization };
    audit::record(services.db(), acting, services.clock().now(), deed, subject, audit::no_changes()).await
}
