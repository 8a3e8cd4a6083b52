//! An OpenID provider for the tests: discovery, the authorization code flow with PKCE, and ID tokens signed with ES256,
//! as OpenID Connect Core 1.0, OpenID Connect Discovery 1.0, RFC 7636 and RFC 7518 have them. Nothing of it is shared with
//! what it tests.
//!
//! It can be told to [go wrong](Fault).

#![allow(clippy::missing_panics_doc, reason = "a test that cannot go on panics")]

mod keys;
mod slow;
mod token;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{any, get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

use self::token::{SigningKey, base64url};

/// What the client is registered as.
pub const CLIENT_ID: &str = "holdfast-tests";
pub const CLIENT_SECRET: &str = "a secret of client & provider";

/// Who signs in next.
#[derive(Clone, Debug)]
pub struct Person {
    pub subject: String,
    pub email: String,
    pub email_verified: bool,
    /// The claim `groups`.
    pub groups: Value,
    /// Claims that take the place of the usual ones; those that are null are left out.
    pub claims: Value,
}

impl Person {
    /// Somebody whose email is verified, in these groups.
    pub fn new(email: &str, groups: &[&str]) -> Self {
        Self {
            subject: format!("subject of {email}"),
            email: email.to_owned(),
            email_verified: true,
            groups: json!(groups),
            claims: json!({}),
        }
    }

    /// The same with these claims in place of the usual ones.
    #[must_use]
    pub fn claiming(self, claims: Value) -> Self {
        Self { claims, ..self }
    }
}

/// What is wrong with the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    WrongNonce,
    NoNonce,
    WrongAudience,
    MoreAudiences,
    WrongIssuer,
    Expired,
    /// Signed with a key that is not among the published ones, under the name of one that is.
    AnotherKey,
    /// `alg` is `none`.
    Unsigned,
    /// Signed with the client's secret, which is no secret of the provider's.
    SignedWithTheSecret,
    /// The payload was changed after it was signed.
    Tampered,
    NoToken,
    /// Nothing is answered.
    Hangs,
    /// Discovery names another issuer.
    AnotherName,
    /// An answer without an end.
    Endless,
    /// The code is refused.
    RefusesCodes,
    /// Signed with the published key as if it were a secret of both (RFC 8725, section 2.1).
    SignedWithThePublicKey,
    /// Signed with a key that the token itself brings along.
    BringsItsKey,
    /// 10,000 keys are published.
    ManyKeys,
    /// The published key is an RSA key of 16,384 bits with an exponent as long.
    HugeKey,
    /// The token endpoint leads to another address.
    Redirects,
    /// The answer of the token endpoint has no end.
    EndlessTokens,
    /// The answer of the token endpoint comes byte by byte.
    DrippingTokens,
    /// The answer with the keys has no end.
    EndlessKeys,
    /// Codes are given for whatever verifier.
    IgnoresVerifiers,
    /// It announces that it names itself in its answers (RFC 9207), and does: no fault.
    NamesItself,
    /// It announces that and does not.
    ConcealsItself,
    /// It names another in its answers.
    NamesAnother,
    /// The same without having announced anything.
    NamesAnotherUnannounced,
}

impl Fault {
    /// What stands in the answer as `iss`.
    fn issuer_in_answers(self, issuer: &str) -> Option<String> {
        match self {
            Self::NamesItself => Some(issuer.to_owned()),
            Self::NamesAnother | Self::NamesAnotherUnannounced => Some("https://evil.example".to_owned()),
            _ => None,
        }
    }
}

/// A code that was handed out and not used yet.
struct Grant {
    challenge: String,
    redirect_uri: String,
    nonce: String,
    person: Person,
}

struct Inner {
    person: Person,
    fault: Option<Fault>,
    key: SigningKey,
    grants: HashMap<String, Grant>,
    token_requests: usize,
    /// How often the address was asked that [`Fault::Redirects`] leads to.
    led_astray: usize,
}

/// A provider that runs until it is dropped.
pub struct Provider {
    shared: Shared,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

impl Provider {
    pub async fn start(listen: SocketAddr, person: Person) -> Self {
        let listener = TcpListener::bind(listen).await.unwrap();
        let inner = Inner {
            person,
            fault: None,
            key: SigningKey::generate("first"),
            grants: HashMap::new(),
            token_requests: 0,
            led_astray: 0,
        };
        let shared = Shared { address: listener.local_addr().unwrap(), inner: Arc::new(Mutex::new(inner)) };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/allow", get(allow))
            .route("/token", post(token))
            .route("/elsewhere", any(elsewhere))
            .with_state(shared.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, serving }
    }

    pub fn issuer(&self) -> String {
        self.shared.issuer()
    }

    /// Who signs in from now on.
    pub fn person(&self, person: Person) {
        self.shared.lock().person = person;
    }

    /// What is wrong from now on.
    pub fn fault(&self, fault: Option<Fault>) {
        self.shared.lock().fault = fault;
    }

    /// Signs with another key from now on, and publishes that one alone.
    pub fn rotate_keys(&self) {
        self.shared.lock().key = SigningKey::generate("second");
    }

    /// How often somebody followed where [`Fault::Redirects`] leads.
    pub fn led_astray(&self) -> usize {
        self.shared.lock().led_astray
    }

    /// How often a code was to be exchanged.
    pub fn token_requests(&self) -> usize {
        self.shared.lock().token_requests
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    async fn hang_if_told(&self) {
        if self.lock().fault == Some(Fault::Hangs) {
            std::future::pending::<()>().await;
        }
    }
}

/// OpenID Connect Discovery 1.0, section 4.2.
async fn discovery(State(shared): State<Shared>) -> Response {
    shared.hang_if_told().await;
    let issuer = shared.issuer();
    let fault = shared.lock().fault;
    if fault == Some(Fault::Endless) {
        return ([(header::CONTENT_TYPE, "application/json")], " ".repeat(1 << 20)).into_response();
    }
    let name = if fault == Some(Fault::AnotherName) { "http://127.0.0.1:1" } else { &issuer };
    Json(json!({
        "issuer": name,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "claims_supported": ["sub", "email", "email_verified", "groups"],
        "scopes_supported": ["openid", "email"],
        "authorization_response_iss_parameter_supported":
            matches!(fault, Some(Fault::NamesItself | Fault::ConcealsItself | Fault::NamesAnother)),
    }))
    .into_response()
}

/// RFC 7517, section 5.
async fn keys(State(shared): State<Shared>) -> Response {
    let inner = shared.lock();
    let keys = match inner.fault {
        Some(Fault::EndlessKeys) => return slow::endless(),
        Some(Fault::ManyKeys) => keys::many(&inner.key),
        Some(Fault::HugeKey) => vec![keys::huge(&inner.key)],
        _ => vec![inner.key.published()],
    };
    Json(json!({ "keys": keys })).into_response()
}

/// Where nobody should come.
async fn elsewhere(State(shared): State<Shared>) -> StatusCode {
    shared.lock().led_astray += 1;
    StatusCode::NO_CONTENT
}

/// What a client asks with (OpenID Connect Core 1.0, section 3.1.2.1, and RFC 7636, section 4.3).
#[derive(Deserialize)]
struct Asked {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    scope: String,
    state: String,
    nonce: String,
    code_challenge: String,
    code_challenge_method: String,
}

impl Asked {
    fn check(&self) -> Result<(), (StatusCode, &'static str)> {
        let scopes: Vec<_> = self.scope.split(' ').collect();
        let refused = |why| Err((StatusCode::BAD_REQUEST, why));
        if self.response_type != "code" || self.client_id != CLIENT_ID {
            return refused("unknown client or response type");
        }
        if !scopes.contains(&"openid") || !scopes.contains(&"email") {
            return refused("the scopes openid and email are needed");
        }
        if self.code_challenge_method != "S256" || self.code_challenge.len() != 43 {
            return refused("a code challenge is needed");
        }
        if self.state.len() < 16 || self.nonce.len() < 16 {
            return refused("state and nonce can be guessed");
        }
        Ok(())
    }
}

/// Asks the person.
async fn authorize(
    State(shared): State<Shared>,
    Query(asked): Query<Asked>,
    request: axum::extract::RawQuery,
) -> Response {
    if let Err(refused) = asked.check() {
        return refused.into_response();
    }
    let query = request.0.unwrap_or_default().replace('&', "&amp;").replace('"', "&quot;");
    let email = shared.lock().person.email.clone();
    Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><title>Test provider</title><main><h1>Test provider</h1>\
         <p>You are {email}.</p><p><a href=\"/allow?{query}\">Allow</a></p></main></html>"
    ))
    .into_response()
}

/// The person has agreed, and goes back with a code.
async fn allow(State(shared): State<Shared>, Query(asked): Query<Asked>) -> Response {
    if let Err(refused) = asked.check() {
        return refused.into_response();
    }
    let code = format!("{:032x}", rand::random::<u128>());
    let mut back = Url::parse(&asked.redirect_uri).unwrap();
    back.query_pairs_mut().append_pair("code", &code).append_pair("state", &asked.state);
    let mut inner = shared.lock();
    if let Some(named) = inner.fault.and_then(|fault| fault.issuer_in_answers(&shared.issuer())) {
        back.query_pairs_mut().append_pair("iss", &named);
    }
    let grant = Grant {
        challenge: asked.code_challenge,
        redirect_uri: asked.redirect_uri,
        nonce: asked.nonce,
        person: inner.person.clone(),
    };
    inner.grants.insert(code, grant);
    Redirect::to(back.as_str()).into_response()
}

/// RFC 6749, section 4.1.3.
#[derive(Deserialize)]
struct Exchange {
    grant_type: String,
    code: String,
    redirect_uri: String,
    code_verifier: String,
}

/// Gives an ID token for a code, once, to the client that proves that it began (RFC 7636, section 4.6).
async fn token(State(shared): State<Shared>, headers: HeaderMap, Form(exchange): Form<Exchange>) -> Response {
    shared.hang_if_told().await;
    let issuer = shared.issuer();
    let mut inner = shared.lock();
    inner.token_requests += 1;
    let refused = |error: &str| {
        let words = json!({ "error": error, "error_description": "<script>alert('provider')</script>" });
        (StatusCode::BAD_REQUEST, Json(words)).into_response()
    };
    if !is_our_client(&headers) {
        return refused("invalid_client");
    }
    let fault = inner.fault;
    let grant = inner.grants.remove(&exchange.code).filter(|grant| {
        let verified = base64url(&Sha256::digest(exchange.code_verifier.as_bytes())) == grant.challenge;
        (verified || fault == Some(Fault::IgnoresVerifiers)) && grant.redirect_uri == exchange.redirect_uri
    });
    let Some(grant) = grant.filter(|_| exchange.grant_type == "authorization_code") else {
        return refused("invalid_grant");
    };
    match fault {
        Some(Fault::RefusesCodes) => return refused("access_denied"),
        Some(Fault::Redirects) => return Redirect::temporary("/elsewhere").into_response(),
        Some(Fault::EndlessTokens) => return slow::endless(),
        Some(Fault::DrippingTokens) => return slow::dripping(),
        _ => {}
    }
    let mut answer = json!({ "access_token": "unused", "token_type": "Bearer", "expires_in": 300 });
    if fault != Some(Fault::NoToken) {
        answer["id_token"] = inner.key.signed(&claims(&issuer, &grant, fault), fault).into();
    }
    Json(answer).into_response()
}

/// `client_secret_basic` (RFC 6749, section 2.3.1): both parts are written as in forms first.
fn is_our_client(headers: &HeaderMap) -> bool {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let expected = STANDARD.encode(format!("{}:{}", encoded(CLIENT_ID), encoded(CLIENT_SECRET)));
    headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes() == format!("Basic {expected}").as_bytes())
}

/// OpenID Connect Core 1.0, section 2.
fn claims(issuer: &str, Grant { nonce, person, .. }: &Grant, fault: Option<Fault>) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut claims = json!({
        "iss": issuer,
        "sub": person.subject,
        "aud": CLIENT_ID,
        "iat": now,
        "exp": now + 300,
        "nonce": nonce,
        "email": person.email,
        "email_verified": person.email_verified,
        "groups": person.groups,
    });
    match fault {
        Some(Fault::WrongNonce) => claims["nonce"] = "somebody else's".into(),
        Some(Fault::NoNonce) => drop(claims.as_object_mut().unwrap().remove("nonce")),
        Some(Fault::WrongAudience) => claims["aud"] = "another-client".into(),
        Some(Fault::MoreAudiences) => claims["aud"] = json!([CLIENT_ID, "another-client"]),
        Some(Fault::WrongIssuer) => claims["iss"] = "http://127.0.0.1:1".into(),
        Some(Fault::Expired) => claims["exp"] = (now - 1).into(),
        _ => {}
    }
    for (name, value) in person.claims.as_object().into_iter().flatten() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name.as_str()] = value.clone(),
        }
    }
    claims
}
