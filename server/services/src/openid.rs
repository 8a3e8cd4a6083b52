//! Sign-in with an OpenID provider: the authorization code flow of OpenID Connect Core 1.0 with PKCE (RFC 7636).
//!
//! The provider takes the place of the password. What ties its answer to the browser that began (state, nonce, the
//! code's verifier) waits in the browser's session, on the server, and is good once.

mod provider;
mod settings;

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    form::Done,
    ids::UserId,
    people::{SignInForm, SignInOptions},
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use tower_sessions::{Expiry, Session};

pub(crate) use self::provider::Identified;
use self::provider::{Brought, Secrets};
pub use self::{
    provider::Provider,
    settings::{Grant, Issuer, OpenIdSettingError, OpenIdSettings},
};
use crate::{
    audit::Deed,
    error::ServiceError,
    sessions::{self, Entered, Standing},
    start::Services,
    throttle, users,
};

/// The key under which a session keeps a sign-in that is under way.
const UNDER_WAY: &str = "openid";

/// How long, in minutes, a person may stay with the provider.
const PATIENCE: i64 = 10;

/// Why nobody was signed in. The words are for the person; what the provider said is in the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenIdError {
    #[error(
        "{}",
        tr!("This sign-in was not begun in this browser, or it took longer than {} minutes. Try again", PATIENCE)
    )]
    NotBegun,
    #[error("{}", tr!("The sign-in provider did not let you in. Try again, or ask who runs it"))]
    Refused,
    #[error("{}", tr!("The sign-in provider cannot be reached. Try again later, or sign in with your password"))]
    Unreachable,
    #[error(
        "{}",
        tr!(
            "The answer of the sign-in provider could not be verified. Try again; if it stays, ask the operator to look into the log"
        )
    )]
    Distrusted,
    #[error("{}", tr!("The sign-in provider has not verified your email address. Have it verified there first"))]
    EmailNotVerified,
    #[error("{}", tr!("There is no user with your email address. Ask a Manager or Partner to invite you"))]
    Unknown,
    #[error("{}", tr!("The sign-in provider gives you no role here. Ask who runs it, or the operator"))]
    NoRole,
    #[error(
        "{}",
        tr!(
            "The sign-in provider gives you a role in another organization than yours. A Partner can remove you from yours first"
        )
    )]
    OtherOrganization,
    #[error(
        "{}",
        tr!(
            "The user with your email address belongs to somebody else at the sign-in provider. Ask a Manager or Partner to remove that user first"
        )
    )]
    SomebodyElse,
    #[error("{}", tr!("You signed in twice in the same moment. Try again"))]
    AtOnce,
}

/// A sign-in that is under way.
#[derive(Serialize, Deserialize)]
struct UnderWay {
    state: String,
    secrets: Secrets,
    since: DateTime<Utc>,
    /// The path to return to.
    next: String,
}

/// What a person comes back with, as the address has it (RFC 6749, section 4.1.2).
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Return {
    state: String,
    code: String,
    error: String,
    /// Whom the answer is from (RFC 9207).
    iss: Option<String>,
}

/// What the sign-in page offers.
pub fn options(services: &Services) -> SignInOptions {
    SignInOptions { provider: services.provider().map(|provider| provider.settings().name.clone()) }
}

/// Begins a sign-in, and tells the address of the provider to send the person to, who comes back to `callback`.
pub async fn begin(
    services: &Services,
    session: &Session,
    callback: &str,
    next: String,
) -> Result<String, ServiceError> {
    let provider = services.provider().ok_or(ServiceError::NotFound)?;
    let departure = provider.depart(callback).await?;
    let next = SignInForm { next, ..SignInForm::default() }.next_path().to_owned();
    let under_way =
        UnderWay { state: departure.state, secrets: departure.secrets, since: services.clock().now(), next };
    // A new id, so that nobody who planted the old one shares this sign-in.
    session.cycle_id().await?;
    session.insert(UNDER_WAY, under_way).await?;
    session.set_expiry(Some(Expiry::OnInactivity(time::Duration::minutes(PATIENCE))));
    Ok(departure.to.into())
}

/// Signs in whom the provider vouches for, under a new session id, or asks for a code next.
pub async fn complete(
    services: &Services,
    session: &Session,
    address: String,
    callback: &str,
    back: Return,
) -> Result<Done, ServiceError> {
    let provider = services.provider().ok_or(ServiceError::NotFound)?;
    let attempt = throttle::begin_from(services, &address).await?;
    let admitted = async {
        let (identified, next) = vouched(services, provider, session, callback, back).await?;
        Ok((users::by_identity(services, provider.settings(), &identified, address.clone()).await?, next))
    };
    let (acting, next) = admitted.await.inspect_err(|error: &ServiceError| {
        tracing::warn!(address, reason = ?error, "a sign-in with the provider failed");
    })?;
    attempt.succeeded(services).await?;
    let user: UserId = acting.actor.user;
    let standing = Standing::now(services.db(), user).await?;
    match sessions::enter(services, session, (user, &standing), &acting.address, &next).await? {
        Entered::OwesCode => Ok(Done::new(tr!("A code is needed too"), sessions::CODE_PAGE)),
        Entered::SignedIn => {
            sessions::trust(session).await?;
            sessions::record(services, &acting, Deed::SignedInWithProvider).await?;
            Ok(Done::new(tr!("Signed in"), next))
        }
    }
}

/// Whom the provider vouches for, and where they want to go.
async fn vouched(
    services: &Services,
    provider: &Provider,
    session: &Session,
    callback: &str,
    back: Return,
) -> Result<(Identified, String), ServiceError> {
    let now = services.clock().now();
    let under_way = session.get::<UnderWay>(UNDER_WAY).await?.ok_or(OpenIdError::NotBegun)?;
    if !bool::from(under_way.state.as_bytes().ct_eq(back.state.as_bytes())) {
        return Err(OpenIdError::NotBegun.into());
    }
    // Good once, whatever comes of it.
    session.remove::<UnderWay>(UNDER_WAY).await?;
    session.save().await?;
    if under_way.since + TimeDelta::minutes(PATIENCE) < now {
        return Err(OpenIdError::NotBegun.into());
    }
    if !back.error.is_empty() || back.code.is_empty() {
        return Err(OpenIdError::Refused.into());
    }
    let identified =
        provider.identify(callback, Brought { code: back.code, issuer: back.iss }, under_way.secrets, now).await?;
    Ok((identified, under_way.next))
}
