//! Sign-in with an OpenID provider: the authorization code flow of OpenID Connect Core 1.0 with PKCE (RFC 7636).
//!
//! The provider takes the place of the password. What ties its answer to the browser that began (state, nonce, the
//! code's verifier) waits in the browser's session, on the server, and is good once.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    form::Done,
    ids::UserId,
    people::{SignInForm, SignInOptions},
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use tower_sessions::{Expiry, Session};

use crate::{
    audit::Deed,
    context::Services,
    error::ServiceError,
    provider::{Brought, Identified, OpenIdError, Provider, Secrets, TIMEOUT},
    session_rows::{self, Standing},
    sessions::{self, Entered},
    throttle, users,
};

pub use crate::provider::{Grant, Issuer, OpenIdSettingError, OpenIdSettings};

const SIGNED_IN_WITH_PROVIDER: Deed = Deed::new("signed in with the sign-in provider");

/// The key under which a session keeps a sign-in that is under way.
const UNDER_WAY: &str = "openid";

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

/// Begins a sign-in for somebody at `address`, and tells the address of the provider to send the person to, who comes back to `callback`.
pub async fn begin(
    services: &Services,
    session: &Session,
    (address, callback): (&str, &str),
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
    session.set_expiry(Some(Expiry::OnInactivity(time::Duration::minutes(TIMEOUT))));
    session_rows::begin_for_stranger(services, session, address).await?;
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
            sessions::record(services, &acting, SIGNED_IN_WITH_PROVIDER).await?;
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
    if under_way.since + TimeDelta::minutes(TIMEOUT) < now {
        return Err(OpenIdError::NotBegun.into());
    }
    if !back.error.is_empty() || back.code.is_empty() {
        return Err(OpenIdError::Refused.into());
    }
    let identified =
        provider.identify(callback, Brought { code: back.code, issuer: back.iss }, under_way.secrets, now).await?;
    Ok((identified, under_way.next))
}
