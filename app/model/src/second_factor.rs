//! The second factor: a time-based code (RFC 6238) after the password, and recovery codes for whoever has lost the app.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    form::{FormErrors, Ticked},
    ids::AccountId,
    language::msgid,
    names::Hidden,
    rule::RuleError,
};

/// How many recovery codes a person gets at once.
pub const RECOVERY_CODES: usize = 10;

/// How long, in minutes, a secret or recovery codes that were not confirmed yet are shown.
pub const DRAFT_MINUTES: i64 = 15;

/// Letters and digits of a code that a time-based one has, and a recovery code without its hyphen.
const TIME_CODE: usize = 6;
const RECOVERY_CODE: usize = 10;

/// A code, as typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeForm {
    pub code: Hidden,
}

/// What may stand in a field for codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Six digits out of the app.
    Time(Hidden),
    /// In capitals and without hyphens.
    Recovery(Hidden),
}

impl Code {
    pub fn parse(typed: &Hidden) -> Result<Self, RuleError> {
        let plain: String = typed.expose().chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        match plain.chars().count() {
            0 => Err(RuleError::Missing { field: msgid("Code") }),
            TIME_CODE if plain.chars().all(|c| c.is_ascii_digit()) => Ok(Self::Time(Hidden::new(plain))),
            RECOVERY_CODE if plain.chars().all(|c| c.is_ascii_alphanumeric()) => {
                Ok(Self::Recovery(Hidden::new(plain.to_ascii_uppercase())))
            }
            _ => Err(RuleError::Code),
        }
    }
}

impl CodeForm {
    pub fn parse(&self) -> Result<Code, FormErrors> {
        Code::parse(&self.code).map_err(|error| FormErrors::at("code", error))
    }
}

/// The password, asked for once more before something that weakens or replaces what protects the person.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PasswordForm {
    pub password: Hidden,
}

/// What the person's page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactorView {
    /// Whether the account wants this person to have one.
    pub required: bool,
    pub state: SecondFactor,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecondFactor {
    Off,
    /// Begun and not confirmed by a code yet: nothing of it counts.
    Draft(Draft),
    On {
        since: DateTime<Utc>,
        recovery_codes: u64,
        /// New recovery codes that do not count yet; empty where none were asked for.
        fresh_codes: Vec<Hidden>,
    },
}

/// What the person takes over into the app, and keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// In base32 (RFC 4648), in groups of four.
    pub secret: Hidden,
    pub picture: Option<QrCode>,
    pub recovery_codes: Vec<Hidden>,
}

/// A QR code as the path of an SVG, one unit for each module, without the margin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QrCode {
    pub modules: usize,
    pub path: Hidden,
}

/// What a Partner decides for the whole account. The account is named so that a form without a tick holds something.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountForm {
    pub account: String,
    pub partners_need_second_factor: Ticked,
}

impl AccountForm {
    pub fn account(&self) -> Result<AccountId, RuleError> {
        self.account.parse().map_err(|_| RuleError::Unlisted { field: msgid("Account") })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    pub id: AccountId,
    pub name: String,
    pub partners_need_second_factor: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(typed: &str) -> Result<Code, RuleError> {
        Code::parse(&Hidden::new(typed))
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        for typed in ["123456", " 123 456 ", "123-456"] {
            assert_eq!(parse(typed), Ok(Code::Time(Hidden::new("123456"))), "{typed}");
        }
        for typed in ["ABCDE-FGHJK", "abcde fghjk", "abcdefghjk"] {
            assert_eq!(parse(typed), Ok(Code::Recovery(Hidden::new("ABCDEFGHJK"))), "{typed}");
        }
    }

    #[test]
    fn what_is_no_code_is_told() {
        assert_eq!(parse(" - "), Err(RuleError::Missing { field: "Code" }));
        for typed in ["12345", "1234567", "12345a", "١٢٣٤٥٦", "ABCDE-FGHJ", "ABCDE-FGHJž"] {
            assert_eq!(parse(typed), Err(RuleError::Code), "{typed}");
        }
    }
}
