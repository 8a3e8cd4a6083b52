//! An authenticator app, as people have it on their phones.

use chrono::{DateTime, TimeDelta, Utc};
use model::second_factor::{Draft, SecondFactor, SecondFactorView};
use serde_json::json;
use totp_rs::{Builder, Secret};

use super::{Answer, Browser, app::PASSWORD, form};

/// Seconds of a step.
pub const STEP: i64 = 30;

/// An app that was given a secret, and the recovery codes that came with it.
pub struct Authenticator {
    secret: String,
    pub recovery_codes: Vec<String>,
}

impl Authenticator {
    pub fn of(draft: &Draft) -> Self {
        Self {
            secret: draft.secret.expose().replace(' ', ""),
            recovery_codes: draft.recovery_codes.iter().map(|code| code.expose().to_owned()).collect(),
        }
    }

    /// The app to which somebody gave this secret, in base32, long ago.
    pub fn with_secret(secret: &str) -> Self {
        Self { secret: secret.to_owned(), recovery_codes: Vec::new() }
    }

    /// In base32.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// What it shows at a moment.
    pub fn code(&self, at: DateTime<Utc>) -> String {
        let secret = Secret::try_from_base32(&self.secret).unwrap();
        let totp = Builder::new().with_secret(secret).build().unwrap();
        totp.generate(at.timestamp().unsigned_abs()).to_string()
    }
}

impl Browser {
    pub async fn second_factor(&self) -> SecondFactorView {
        self.read("second_factor/get", &json!({})).await
    }

    /// Begins to set up, and scans what is shown.
    pub async fn draft_second_factor(&self) -> Authenticator {
        self.done("second_factor/begin", &form(&[("password", PASSWORD)])).await;
        match self.second_factor().await.state {
            SecondFactor::Draft(draft) => Authenticator::of(&draft),
            other => panic!("{other:?}"),
        }
    }

    /// Sets a second factor up. The code of `at` is used up by that.
    pub async fn set_up_second_factor(&self, at: DateTime<Utc>) -> Authenticator {
        let authenticator = self.draft_second_factor().await;
        self.done("second_factor/confirm", &form(&[("code", &authenticator.code(at))])).await;
        authenticator
    }

    pub async fn enter_code(&self, code: &str) -> Answer {
        self.call("session/sign_in_with_code", &form(&[("code", code)])).await
    }
}

/// How long until the next step begins, so that a test has nearly all of it before it.
pub fn until_next_step(now: DateTime<Utc>) -> i64 {
    STEP - now.timestamp() % STEP
}

/// The moment so many steps later.
pub fn steps_later(now: DateTime<Utc>, steps: i64) -> DateTime<Utc> {
    now + TimeDelta::seconds(steps * STEP)
}
