//! Sets of keys that nobody should publish.

use serde_json::{Value, json};

use super::token::{SigningKey, base64url};

/// 10,000 keys, the right one last.
pub fn many(right: &SigningKey) -> Vec<Value> {
    let mut other = right.published();
    let others = (1..10_000).map(|number| {
        other["kid"] = format!("other-{number}").into();
        other.clone()
    });
    let mut keys: Vec<_> = others.collect();
    keys.push(right.published());
    keys
}

/// An RSA key of 16,384 bits with an exponent as long (RFC 7518, section 6.3.1): checking one signature with it takes
/// minutes.
pub fn huge(right: &SigningKey) -> Value {
    let number = base64url(&[0xff; 16_384 / 8]);
    json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": right.id(), "n": number, "e": number })
}
