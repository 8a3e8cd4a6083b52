//! JSON Web Tokens in their compact form (RFC 7519, RFC 7515).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};

use super::{CLIENT_SECRET, Fault};

pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key of ES256 (RFC 7518, section 3.4).
pub struct SigningKey {
    id: &'static str,
    pair: EcdsaKeyPair,
}

impl SigningKey {
    pub fn generate(id: &'static str) -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self { id, pair: EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap() }
    }

    pub fn id(&self) -> &str {
        self.id
    }

    /// Its public half (RFC 7518, section 6.2.1).
    pub fn published(&self) -> Value {
        // An uncompressed point: 4, x, y.
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(32);
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
            "x": base64url(x), "y": base64url(y),
        })
    }

    /// The claims as a token, as wrong as it is to be.
    pub fn signed(&self, claims: &Value, fault: Option<Fault>) -> String {
        let (algorithm, forged) = match fault {
            Some(Fault::Unsigned) => ("none", None),
            Some(Fault::SignedWithTheSecret | Fault::SignedWithThePublicKey) => ("HS256", None),
            Some(Fault::HugeKey) => ("RS256", None),
            Some(Fault::AnotherKey | Fault::BringsItsKey) => ("ES256", Some(Self::generate(self.id))),
            _ => ("ES256", None),
        };
        let part = |value: &Value| base64url(value.to_string().as_bytes());
        let mut header = json!({ "alg": algorithm, "typ": "JWT", "kid": self.id });
        if let (Some(Fault::BringsItsKey), Some(forged)) = (fault, &forged) {
            header["jwk"] = forged.published();
        }
        let text = format!("{}.{}", part(&header), part(claims));
        let signature = match algorithm {
            "none" => String::new(),
            "RS256" => base64url(&[0x7f; 16_384 / 8]),
            "HS256" => {
                let public = fault == Some(Fault::SignedWithThePublicKey);
                let secret = if public { self.pair.public_key().as_ref() } else { CLIENT_SECRET.as_bytes() };
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                base64url(hmac::sign(&key, text.as_bytes()).as_ref())
            }
            _ => {
                let pair = forged.as_ref().map_or(&self.pair, |forged| &forged.pair);
                base64url(pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap().as_ref())
            }
        };
        if fault == Some(Fault::Tampered) {
            let mut claims = claims.clone();
            claims["groups"] = json!(["admins"]);
            return format!("{}.{}.{signature}", part(&header), part(&claims));
        }
        format!("{text}.{signature}")
    }
}
