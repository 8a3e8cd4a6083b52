//! Names that people give to things.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    language::msgid,
    rule::{RuleError, length},
};

/// Defines a text type whose only constructor is `parse`.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Trims and checks what was typed.
            pub fn parse(text: &str) -> Result<Self, $crate::rule::RuleError> {
                let text = text.trim();
                let rule: fn(&str) -> Result<(), $crate::rule::RuleError> = $rule;
                rule(text)?;
                Ok(Self(text.to_owned()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::rule::RuleError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}
pub(crate) use name;

name! {
    /// Name of a partner account, 3-60 characters.
    AccountName, |text| {
        length(msgid("Account Name"), text, 3..=60)?;
        no_control_characters(msgid("Account Name"), text)
    }
}

name! {
    /// Name of an organization: 3-30 characters of letters, digits, `.`, `_`, `-`; unique in the account.
    OrganizationName, |text| {
        length(msgid("Organization"), text, 3..=30)?;
        if text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
            return Ok(());
        }
        Err(RuleError::Characters { field: msgid("Organization"), allowed: msgid("letters, digits, dots, underscores and hyphens") })
    }
}

name! {
    /// Name of a backup credential: 3-30 characters, unique in the organization whatever the letter case.
    S3Name, |text| {
        length(msgid("S3 Name"), text, 3..=30)?;
        no_control_characters(msgid("S3 Name"), text)
    }
}

impl S3Name {
    /// The form in which uniqueness is judged.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

name! {
    /// Name of a project: `^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`, 3-30 characters, unique in the organization.
    ProjectName, |text| slug(msgid("Project Name"), text)
}

name! {
    /// Name of a backup policy: the same rule as a project's, unique in the project.
    PolicyName, |text| slug(msgid("Name"), text)
}

name! {
    /// Name of a restore: the same rule as a project's, but up to 63 characters.
    RestoreName, |text| {
        length(msgid("Restore Name"), text, 3..=63)?;
        slug_characters(msgid("Restore Name"), text)
    }
}

fn slug(field: &'static str, text: &str) -> Result<(), RuleError> {
    length(field, text, 3..=30)?;
    slug_characters(field, text)
}

fn slug_characters(field: &'static str, text: &str) -> Result<(), RuleError> {
    if !text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        return Err(RuleError::Characters { field, allowed: msgid("lower-case letters, digits and hyphens") });
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(RuleError::Ends { field });
    }
    Ok(())
}

pub(crate) fn no_control_characters(field: &'static str, text: &str) -> Result<(), RuleError> {
    if text.chars().any(char::is_control) {
        return Err(RuleError::Characters { field, allowed: msgid("visible characters") });
    }
    Ok(())
}

/// A text whose `Debug` and `Display` hide it, for what a person types and nobody may read again.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Use it only to hash, to seal or to send it where it belongs.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn project_names_are_slugs_of_3_to_30_characters() {
        for good in ["abc", "a-1", "000", "web-shop-2", &"a".repeat(30)] {
            assert!(ProjectName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", "-ab", "ab-", "Abc", "a b", "a_b", "žluť", &"a".repeat(31)] {
            assert!(ProjectName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_trimmed_before_they_are_measured() {
        assert_eq!(S3Name::parse("  a  ").unwrap_err().to_string(), "S3 Name needs 3 to 30 characters");
        assert_eq!(S3Name::parse("  Main S3 ").unwrap().as_str(), "Main S3");
    }

    #[test]
    fn s3_names_are_compared_without_letter_case() {
        assert_eq!(S3Name::parse("MAIN").unwrap().folded(), S3Name::parse("main").unwrap().folded());
    }

    #[test]
    fn hidden_text_does_not_show() {
        assert_eq!(format!("{:?}", Hidden::new("hunter2")), "***");
    }

    proptest! {
        #[test]
        fn a_parsed_name_parses_to_itself(text in "\\PC{0,40}") {
            if let Ok(name) = OrganizationName::parse(&text) {
                prop_assert_eq!(OrganizationName::parse(name.as_str()).unwrap(), name);
            }
        }
    }
}
