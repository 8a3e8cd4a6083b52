//! Talking to the sign-in provider: discovery, the way there, and the code for an ID token.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use engine::{NetworkPolicy, ResolveError};
use futures::{FutureExt as _, future::BoxFuture};
use moka::future::Cache;
use openidconnect::{
    AdditionalClaims, AdditionalProviderMetadata, AsyncHttpClient, AuthenticationFlow, AuthorizationCode, Client,
    ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, IdTokenFields, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata,
    RedirectUrl, Scope, StandardErrorResponse, StandardTokenResponse, TokenResponse as _,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreErrorResponseType,
        CoreGenderClaim, CoreGrantType, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
    },
    http,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

mod error;
mod settings;

use self::settings::is_confidential;
pub use self::{
    error::{OpenIdError, TIMEOUT},
    settings::{Grant, Issuer, OpenIdSettingError, OpenIdSettings},
};

/// How long the provider may take over one step of a sign-in.
const DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of an answer of the provider.
const LONGEST_ANSWER: usize = 256 << 10;
/// For how long what the provider said of itself is enough to send people there.
const REMEMBERED: Duration = Duration::from_mins(5);

/// How far ahead of this clock the provider's may be.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(5);

/// What signs ID tokens: keys that the provider keeps to itself. Neither `none` nor a secret that both sides know.
const SIGNED_BY: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// The claims that the standard does not name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct OtherClaims(BTreeMap<String, Value>);

impl AdditionalClaims for OtherClaims {}

/// What the provider says of itself beyond OpenID Connect Discovery 1.0.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Announced {
    /// It names itself in its answers (RFC 9207, section 3).
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Announced {}

type Metadata = ProviderMetadata<
    Announced,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Fields = IdTokenFields<
    OtherClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// The library's own client, for ID tokens with other claims than the standard's.
type OpenIdClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Where a person is sent, and what must come back with them.
pub struct Departure {
    pub to: Url,
    pub state: String,
    pub secrets: Secrets,
}

/// What ties the answer of the provider to the question. It stays on the server.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    nonce: String,
    verifier: String,
}

/// Whom the provider vouches for.
#[derive(Clone, Debug)]
pub struct Identified {
    pub subject: String,
    /// Only where the provider says that it has verified it.
    pub verified_email: Option<String>,
    /// What stands in the claim of the settings.
    pub values: Vec<String>,
}

/// Cloning it is cheap.
#[derive(Clone)]
pub struct Provider {
    settings: OpenIdSettings,
    outgoing: Outgoing,
    known: Cache<(), Metadata>,
}

/// Why a request of the library's was not answered.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error("the address is on a network that is not allowed; HOLDFAST_OIDC_ALLOW_NETWORKS allows it")]
    Forbidden,
    #[error("the address is not an https one")]
    Readable,
    #[error("the answer is too long")]
    TooLong,
    #[error("the request failed")]
    Request(#[from] reqwest::Error),
    #[error("the answer could not be read")]
    Answer(#[from] http::Error),
}

/// What the library lets pass.
#[derive(Debug, thiserror::Error)]
enum UnfitAnswer {
    #[error("it came from another issuer than HOLDFAST_OIDC_ISSUER, or does not say from which (RFC 9207)")]
    Issuer,
    #[error("the ID token was made for another client (azp)")]
    AuthorizedParty,
    #[error("the ID token was issued in the future: {0}. Check the clocks")]
    IssuedLater(DateTime<Utc>),
}

/// What a person brings back from the provider.
pub struct Brought {
    pub code: String,
    /// Whom the answer is from, where it says so (RFC 9207).
    pub issuer: Option<String>,
}

impl Provider {
    pub fn new(settings: OpenIdSettings) -> reqwest::Result<Self> {
        let network = NetworkPolicy::allowing(settings.networks.clone());
        let client = crate::http::client(&network, DEADLINE)?;
        let known = Cache::builder().max_capacity(1).time_to_live(REMEMBERED).build();
        Ok(Self { settings, outgoing: Outgoing { client, network }, known })
    }

    pub fn settings(&self) -> &OpenIdSettings {
        &self.settings
    }

    /// The address of the provider that a person is sent to, and who comes back to `callback`.
    pub async fn depart(&self, callback: &str) -> Result<Departure, OpenIdError> {
        let metadata = self.known.try_get_with((), self.discover()).await.map_err(|error| (*error).clone())?;
        if !is_confidential(metadata.authorization_endpoint().url()) {
            return Err(distrust(&CallError::Readable));
        }
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = self.library(metadata, callback)?;
        let request = client.authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        );
        let scopes = self.settings.scopes.iter().cloned().map(Scope::new);
        let (to, state, nonce) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
        let secrets = Secrets { nonce: nonce.secret().clone(), verifier: verifier.into_secret() };
        Ok(Departure { to, state: state.into_secret(), secrets })
    }

    /// Gives the code for an ID token, and checks that: signature, issuer, audience, time and nonce.
    ///
    /// The keys are asked for anew, so that a provider may change them at any time. An answer of somebody else's is shown
    /// to nobody: its code might be theirs.
    pub async fn identify(
        &self,
        callback: &str,
        Brought { code, issuer }: Brought,
        secrets: Secrets,
        now: DateTime<Utc>,
    ) -> Result<Identified, OpenIdError> {
        let metadata = self.discover().await?;
        let must_say = metadata.additional_metadata().authorization_response_iss_parameter_supported;
        if issuer.map_or(must_say, |issuer| issuer != self.settings.issuer.as_str()) {
            return Err(distrust(&UnfitAnswer::Issuer));
        }
        let client = self.library(metadata, callback)?;
        let request = client.exchange_code(AuthorizationCode::new(code)).map_err(|error| distrust(&error))?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier));
        let answer = in_time(request.request_async(&self.outgoing).boxed()).await?.map_err(|error| failure(&error))?;
        let verifier = client.id_token_verifier().set_allowed_algs(SIGNED_BY).set_time_fn(move || now);
        let token = answer.id_token().ok_or(OpenIdError::Distrusted)?;
        let claims = token.claims(&verifier, &Nonce::new(secrets.nonce)).map_err(|error| distrust(&error))?;
        // The library leaves both to its callers (OpenID Connect Core 1.0, section 3.1.3.7, steps 5 and 10).
        if claims.authorized_party().is_some_and(|party| party.as_str() != self.settings.client_id) {
            return Err(distrust(&UnfitAnswer::AuthorizedParty));
        }
        if claims.issue_time() > now + CLOCKS_DIFFER {
            return Err(distrust(&UnfitAnswer::IssuedLater(claims.issue_time())));
        }
        let email = claims.email().filter(|_| claims.email_verified() == Some(true));
        Ok(Identified {
            subject: claims.subject().to_string(),
            verified_email: email.map(|email| email.to_string()),
            values: claims.additional_claims().0.get(&self.settings.claim).map(texts).unwrap_or_default(),
        })
    }

    async fn discover(&self) -> Result<Metadata, OpenIdError> {
        let issuer = IssuerUrl::new(self.settings.issuer.as_str().to_owned()).map_err(|error| distrust(&error))?;
        in_time(Metadata::discover_async(issuer, &self.outgoing).boxed()).await?.map_err(|error| failure(&error))
    }

    fn library(&self, metadata: Metadata, callback: &str) -> Result<OpenIdClient, OpenIdError> {
        let callback = RedirectUrl::new(callback.to_owned()).map_err(|error| distrust(&error))?;
        let secret = self.settings.client_secret.as_ref().map(|secret| ClientSecret::new(secret.expose().to_owned()));
        let client =
            OpenIdClient::from_provider_metadata(metadata, ClientId::new(self.settings.client_id.clone()), secret);
        Ok(client.set_redirect_uri(callback))
    }
}

/// Sends the library's requests.
#[derive(Clone)]
struct Outgoing {
    client: reqwest::Client,
    network: NetworkPolicy,
}

impl<'c> AsyncHttpClient<'c> for Outgoing {
    type Error = CallError;
    type Future = BoxFuture<'c, Result<HttpResponse, CallError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        self.send(request).boxed()
    }
}

impl Outgoing {
    /// By the same rules as everything that is sent from here.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, CallError> {
        let request = reqwest::Request::try_from(request)?;
        if !is_confidential(request.url()) {
            return Err(CallError::Readable);
        }
        if self.network.forbids_host_of(request.url()) {
            return Err(CallError::Forbidden);
        }
        let mut answer =
            self.client.execute(request).await.map_err(|error| match crate::http::resolve_error(&error) {
                Some(ResolveError::Forbidden) => CallError::Forbidden,
                _ => CallError::Request(error),
            })?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_ANSWER {
                return Err(CallError::TooLong);
            }
        }
        let mut read = http::Response::builder().status(answer.status());
        if let Some(headers) = read.headers_mut() {
            *headers = answer.headers().clone();
        }
        Ok(read.body(body)?)
    }
}

async fn in_time<T>(step: BoxFuture<'_, T>) -> Result<T, OpenIdError> {
    tokio::time::timeout(DEADLINE, step).await.map_err(|_| {
        tracing::warn!("the sign-in provider did not answer within {} seconds", DEADLINE.as_secs());
        OpenIdError::Unreachable
    })
}

/// A claim's texts: one, or a list of them.
fn texts(value: &Value) -> Vec<String> {
    let values = value.as_array().map_or_else(|| vec![value], |list| list.iter().collect());
    values.into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What the provider did not do, for the operator; people are told less.
fn failure(error: &(dyn std::error::Error + 'static)) -> OpenIdError {
    let causes = || std::iter::successors(Some(error), |error| error.source());
    let unsent =
        causes().any(|cause| matches!(cause.downcast_ref(), Some(CallError::Request(_) | CallError::Forbidden)));
    if unsent {
        tracing::warn!(error, "the sign-in provider could not be reached");
        OpenIdError::Unreachable
    } else {
        distrust(error)
    }
}

fn distrust(error: &(dyn std::error::Error + 'static)) -> OpenIdError {
    tracing::warn!(error, "an answer of the sign-in provider was not accepted");
    OpenIdError::Distrusted
}
