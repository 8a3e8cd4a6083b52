//! Time-based codes: RFC 6238 as every app understands it, with SHA-1, six digits and steps of 30 seconds.

use chrono::{DateTime, Utc};
use model::{
    names::Hidden,
    second_factor::{Code, QrCode},
};
use qrcode::{Color, EcLevel};
use std::fmt::Write as _;
use totp_rs::{Builder, Totp};

use crate::{
    context::Services,
    entity::second_factor,
    error::ServiceError,
    vault::{Purpose, VaultError},
};

/// RFC 4226, section 4, recommends 160 bits.
const SECRET_BYTES: usize = 20;

/// Steps before and after the present one whose codes count too, for clocks that differ and people who type slowly.
const SKEW: u16 = 1;

/// How apps name what the code is for.
const ISSUER: &str = "Holdfast";

/// What app and server make the same codes from.
pub struct Secret(totp_rs::Secret);

impl Secret {
    pub fn random() -> Self {
        Self(totp_rs::Secret::new_stack(rand::random::<[u8; SECRET_BYTES]>()))
    }

    pub fn open(services: &Services, row: &second_factor::Model) -> Result<Self, ServiceError> {
        let text = services.vault().open_sealed(Purpose::SecondFactor, row.id, &row.secret_sealed)?;
        let secret = totp_rs::Secret::try_from_base32(text.expose()).map_err(|_| VaultError::Sealed)?;
        Ok(Self(secret))
    }

    pub fn seal(&self, services: &Services, user: i64) -> Result<Vec<u8>, ServiceError> {
        Ok(services.vault().seal(Purpose::SecondFactor, user, &self.0.to_base32())?)
    }

    /// In groups of four, for whoever types it.
    pub fn for_people(&self) -> Hidden {
        let letters: Vec<char> = self.0.to_base32().chars().collect();
        let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
        Hidden::new(groups.join(" "))
    }

    /// What an app's camera reads. `None` where it would not fit into a QR code, which no email is long enough for.
    pub fn picture(&self, email: &str) -> Option<QrCode> {
        // The form has a colon between issuer and name.
        let address = self.totp(&email.replace(':', ".")).to_url().ok()?;
        let code = qrcode::QrCode::with_error_correction_level(address, EcLevel::M).ok()?;
        Some(QrCode { modules: code.width(), path: Hidden::new(path(&code)) })
    }

    /// The time step that the code is of.
    pub fn step_of(&self, code: &Code, now: DateTime<Utc>) -> Option<i64> {
        let Code::Time(digits) = code else { return None };
        let seconds = u64::try_from(now.timestamp()).ok()?;
        i64::try_from(self.totp("").check(digits.expose(), seconds)?).ok()
    }

    fn totp(&self, email: &str) -> Totp {
        let builder = Builder::new().with_secret(self.0.clone()).with_skew(SKEW).with_issuer(Some(ISSUER));
        // The rest is what RFC 6238 recommends, and the secret is long enough.
        builder.with_account_name(email).build_noncompliant()
    }
}

/// A rectangle for each run of dark modules in a row.
fn path(code: &qrcode::QrCode) -> String {
    let (width, colors) = (code.width(), code.to_colors());
    let mut path = String::new();
    for (y, row) in colors.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|left, right| left == right) {
            let length = run.len();
            if run.first() == Some(&Color::Dark) {
                let _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
            }
            x += length;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    fn secret() -> Secret {
        Secret(totp_rs::Secret::new_stack(*b"12345678901234567890"))
    }

    fn step(code: &str, seconds: i64) -> Option<i64> {
        secret().step_of(&Code::Time(Hidden::new(code)), DateTime::from_timestamp(seconds, 0).unwrap())
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // The last six of the eight digits there.
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924")] {
            assert_eq!(step(code, seconds), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn one_step_before_and_after_counts_and_no_further() {
        for (seconds, counts) in [(0, true), (29, true), (30, true), (89, true), (90, false), (10_000, false)] {
            assert_eq!(step("287082", seconds), counts.then_some(1), "{seconds}");
        }
        assert_eq!(step("287083", 59), None);
    }

    #[test]
    fn the_picture_is_drawn_of_dark_modules() {
        let picture = secret().picture("ann:x@example.com").unwrap();
        assert!(picture.modules >= 21 && picture.path.expose().starts_with("M0 0h7v1h-7z"), "{}", picture.modules);
        assert_eq!(secret().for_people().expose(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    }
}
