//! What a form sends, what comes back.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::{
    follow::{Follow, Reversal},
    ids::ChannelId,
};

/// What is wrong with a form: a sentence for the whole and messages for its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormErrors {
    pub summary: String,
    pub fields: Vec<FieldError>,
}

/// A message at one field, by the field's name in the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

impl FormErrors {
    /// A refusal of the whole form that no single field is to blame for.
    pub fn whole(summary: impl Display) -> Self {
        Self { summary: summary.to_string(), fields: Vec::new() }
    }

    /// One message at one field.
    pub fn at(field: &str, message: impl Display) -> Self {
        let mut check = FormCheck::default();
        check.fail(field, message);
        check.errors
    }

    pub fn message_for(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|error| error.field == field).map(|error| error.message.as_str())
    }
}

/// Collects the errors of all fields, so that a person is told everything at once.
#[derive(Debug, Default)]
pub struct FormCheck {
    errors: FormErrors,
}

impl FormCheck {
    /// The value, or `None` with its error noted at the field.
    pub fn field<T, E: Display>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.fail(field, error)).ok()
    }

    pub fn fail(&mut self, field: &str, message: impl Display) {
        self.errors.fields.push(FieldError { field: field.to_owned(), message: message.to_string() });
        self.errors.summary = match self.errors.fields.len() {
            1 => self.errors.fields[0].message.clone(),
            more => tr!("{n} field needs attention" | "{n} fields need attention" % more),
        };
    }

    /// The value built from the fields, where none of them failed.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, FormErrors> {
        match value {
            Some(value) if self.errors.fields.is_empty() => Ok(value),
            _ => Err(self.errors),
        }
    }
}

/// What a successful form answers: a sentence that is announced, and where to go next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub message: String,
    /// A path of this site.
    pub goto: String,
    /// A one-time link to pass on, as a path of this site. It is shown on the next page and never again.
    #[serde(default)]
    pub link: Option<String>,
    /// What its notice offers.
    #[serde(default)]
    pub follow: Option<Follow>,
}

impl Done {
    pub fn new(message: impl Into<String>, goto: impl Into<String>) -> Self {
        Self { message: message.into(), goto: goto.into(), link: None, follow: None }
    }

    #[must_use]
    pub fn with_link(self, link: String) -> Self {
        Self { link: Some(link), ..self }
    }

    /// Offers the next step.
    #[must_use]
    pub fn and_next(self, label: String, href: impl Into<String>) -> Self {
        Self { follow: Some(Follow::Next { label, href: href.into() }), ..self }
    }

    /// Offers to try the channel.
    #[must_use]
    pub fn and_test(self, channel: ChannelId) -> Self {
        Self { follow: Some(Follow::SendTest(channel)), ..self }
    }

    /// Offers to take it back.
    #[must_use]
    pub fn or_undo(self, reversal: Reversal) -> Self {
        Self { follow: Some(Follow::Undo(reversal)), ..self }
    }
}

/// A switch or tick box: browsers send `on` for a ticked one and nothing otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Ticked(pub bool);

impl From<String> for Ticked {
    fn from(text: String) -> Self {
        Self(matches!(text.as_str(), "on" | "true" | "1"))
    }
}

impl From<Ticked> for String {
    fn from(ticked: Ticked) -> Self {
        if ticked.0 { "on".to_owned() } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failed_field_is_told_at_once() {
        let mut check = FormCheck::default();
        let first: Option<u8> = check.field("first", Err("First is required"));
        let second: Option<u8> = check.field("second", Ok::<_, String>(2));
        let third: Option<u8> = check.field("third", Err("Third is required"));
        let errors = check.finish(first.zip(second).zip(third)).unwrap_err();
        assert_eq!(errors.summary, "2 fields need attention");
        assert_eq!(errors.message_for("third"), Some("Third is required"));
        assert_eq!(errors.message_for("second"), None);
    }
}
