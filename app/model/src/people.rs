//! Who acts: accounts, roles, sign-in.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    form::{FormCheck, FormErrors},
    ids::{AccountId, OrganizationId, UserId},
    language::msgid,
    names::{AccountName, Hidden, OrganizationName, name},
    rule::{RuleError, length},
    schedule::TimeZone,
};

/// What a person may do is in [`crate::permission`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    User,
    Manager,
    Partner,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::User, Self::Manager, Self::Partner];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => msgid("User"),
            Self::Manager => msgid("Manager"),
            Self::Partner => msgid("Partner"),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str().eq_ignore_ascii_case(text))
            .ok_or(RuleError::Unlisted { field: msgid("Role") })
    }
}

/// The acting person, as the session found them in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub user: UserId,
    pub account: AccountId,
    pub organization: OrganizationId,
    pub organization_name: String,
    pub email: String,
    pub role: Role,
}

name! {
    /// An email address, kept in lower case so that it is found whatever the letter case.
    Email, |text| {
        length(msgid("Email"), text, 1..=254)?;
        let well_formed = text.split_once('@').is_some_and(|(user, domain)| {
            !user.is_empty() && !domain.is_empty() && !domain.contains('@')
        });
        // The last are those that separate addresses, or parts of them, in mail (RFC 5322, section 3.2.3).
        let fits = |c: char| {
            !c.is_whitespace() && !c.is_control() && !c.is_uppercase() && !"()<>[]:;\\,\"".contains(c)
        };
        if well_formed && text.chars().all(fits) {
            return Ok(());
        }
        Err(RuleError::Email)
    }
}

/// Shortest and longest password, in characters. The upper bound keeps hashing bounded.
pub const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 12..=256;

/// A new password that is long enough.
#[derive(Clone, Debug)]
pub struct Password(Hidden);

impl Password {
    pub fn parse(typed: &Hidden) -> Result<Self, RuleError> {
        length(msgid("Password"), typed.expose(), PASSWORD_LENGTH)?;
        Ok(Self(typed.clone()))
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// The first-run form.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SetupForm {
    pub account_name: String,
    pub organization: String,
    pub email: String,
    pub password: Hidden,
    /// The organization's; empty is UTC.
    pub time_zone: String,
    /// Asked for where the server listens beyond loopback.
    pub setup_code: String,
}

/// A first-run form that is in order.
#[derive(Clone, Debug)]
pub struct Setup {
    pub account: AccountName,
    pub organization: OrganizationName,
    pub email: Email,
    pub password: Password,
    pub time_zone: TimeZone,
}

impl SetupForm {
    pub fn parse(&self) -> Result<Setup, FormErrors> {
        let mut check = FormCheck::default();
        let account = check.field("account_name", AccountName::parse(&self.account_name));
        let organization = check.field("organization", OrganizationName::parse(&self.organization));
        let email = check.field("email", Email::parse(&self.email.to_lowercase()));
        let password = check.field("password", Password::parse(&self.password));
        let zone = if self.time_zone.trim().is_empty() { Ok(TimeZone::UTC) } else { TimeZone::parse(&self.time_zone) };
        let time_zone = check.field("time_zone", zone);
        let setup = (|| {
            Some(Setup {
                account: account?,
                organization: organization?,
                email: email?,
                password: password?,
                time_zone: time_zone?,
            })
        })();
        check.finish(setup)
    }
}

/// Whether the first-run page is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupState {
    pub open: bool,
    pub code_required: bool,
}

/// What the sign-in page offers beside email and password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInOptions {
    /// What people call the sign-in provider, where there is one.
    pub provider: Option<String>,
}

/// The sign-in form.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SignInForm {
    pub email: String,
    pub password: Hidden,
    /// The path to return to.
    pub next: String,
}

impl SignInForm {
    /// The email as it is stored, where both fields are filled in.
    pub fn parse(&self) -> Result<String, FormErrors> {
        let mut check = FormCheck::default();
        let email = self.email.trim().to_lowercase();
        if email.is_empty() {
            check.fail("email", RuleError::Missing { field: msgid("Email") });
        }
        if self.password.expose().is_empty() {
            check.fail("password", RuleError::Missing { field: msgid("Password") });
        }
        check.finish(Some(email))
    }

    /// Where to go after sign-in: a path of this site and nothing else, so that no link can lead a person who has just
    /// signed in to another site.
    pub fn next_path(&self) -> &str {
        let local = self.next.starts_with('/')
            && !self.next.starts_with("//")
            && !self.next.contains('\\')
            && !self.next.chars().any(char::is_control);
        if local { &self.next } else { "/" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_sign_in_nobody_is_sent_to_another_site() {
        let next = |next: &str| SignInForm { next: next.to_owned(), ..SignInForm::default() }.next_path().to_owned();
        assert_eq!(next("/projects?page=2"), "/projects?page=2");
        for bad in ["", "https://evil.example", "//evil.example", "/\\evil.example", "/\nx", "javascript:alert(1)"] {
            assert_eq!(next(bad), "/", "{bad}");
        }
    }

    #[test]
    fn passwords_have_12_characters_at_least() {
        assert!(Password::parse(&Hidden::new("elevenchars")).is_err());
        assert!(Password::parse(&Hidden::new("twelve chars")).is_ok());
        assert!(Password::parse(&Hidden::new("žžžžžžžžžžžž")).is_ok());
    }

    #[test]
    fn emails_need_a_name_and_a_host() {
        for bad in ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\n", "<a@b>", "a@b,c@d", "a@b;c", "\"a\"@b"] {
            assert!(Email::parse(bad).is_err() || bad.ends_with('\n'), "{bad}");
        }
        assert!(Email::parse(" ann@example.com ").is_ok());
    }
}
