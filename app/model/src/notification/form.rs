//! What forms say of channels.

use serde::{Deserialize, Serialize};

use super::{ChannelKind, ChannelName, EventKind, HookUrl};
use crate::{
    credential::optional_id,
    form::{FormCheck, FormErrors, Ticked},
    ids::{ChannelId, OrganizationId},
    language::msgid,
    names::Hidden,
    people::Email,
    rule::{RuleError, length},
};

/// Most addresses of one channel.
const MOST_ADDRESSES: usize = 10;

/// A receiver tells a signature of ours by this secret, so it must not be guessed.
const SIGNING_SECRET_LENGTH: std::ops::RangeInclusive<usize> = 16..=256;

/// Adds a channel, or changes one where it names it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelForm {
    /// A Partner's choice for a new one; empty means the own organization.
    pub organization: String,
    /// The channel that is changed, and the version that the person saw.
    pub channel: String,
    pub version: String,
    pub name: String,
    /// Read where a channel is added; it stays what it is.
    pub kind: String,
    /// One a line.
    pub addresses: String,
    /// These are kept where a change leaves them empty.
    pub webhook_url: Hidden,
    pub signing_secret: Hidden,
    pub slack_url: Hidden,
    pub topic_url: Hidden,
    pub access_token: Hidden,
    /// Takes a stored access token away.
    pub forget_token: Ticked,
    pub failure: Ticked,
    pub recovery: Ticked,
    pub overdue: Ticked,
    pub damage: Ticked,
    pub digest: Ticked,
}

/// Where a channel leads, as typed: `None` where what is stored is kept.
#[derive(Clone, Debug)]
pub enum TypedTarget {
    Email { addresses: Vec<Email> },
    Webhook { url: Option<HookUrl>, secret: Option<Hidden> },
    Slack { url: Option<HookUrl> },
    Ntfy { url: Option<HookUrl>, token: Option<Hidden>, forget_token: bool },
}

/// A form that is in order.
#[derive(Clone, Debug)]
pub struct ChannelTerms {
    pub name: ChannelName,
    pub target: TypedTarget,
    pub events: Vec<EventKind>,
}

impl ChannelForm {
    pub fn organization(&self) -> Result<Option<OrganizationId>, RuleError> {
        optional_id(&self.organization, msgid("Organization"))
    }

    pub fn channel(&self) -> Result<ChannelId, RuleError> {
        self.channel.parse().map_err(|_| RuleError::Unlisted { field: msgid("Channel") })
    }

    pub fn version(&self) -> Result<i64, RuleError> {
        self.version.parse().map_err(|_| RuleError::Unlisted { field: msgid("Version") })
    }

    /// A new channel, with everything that its kind needs.
    pub fn parse_new(&self) -> Result<(ChannelKind, ChannelTerms), FormErrors> {
        let kind = self.kind.parse().map_err(|error| FormErrors::at("kind", error))?;
        Ok((kind, self.parse(kind, true)?))
    }

    /// A change of a channel of that kind.
    pub fn parse_change(&self, kind: ChannelKind) -> Result<ChannelTerms, FormErrors> {
        self.parse(kind, false)
    }

    fn parse(&self, kind: ChannelKind, new: bool) -> Result<ChannelTerms, FormErrors> {
        let mut check = FormCheck::default();
        let name = check.field("name", ChannelName::parse(&self.name));
        let target = match kind {
            ChannelKind::Email => {
                check.field("addresses", addresses(&self.addresses)).map(|addresses| TypedTarget::Email { addresses })
            }
            ChannelKind::Webhook => {
                let url = check.field("webhook_url", typed_url(msgid("Webhook URL"), &self.webhook_url, new));
                let secret = check.field("signing_secret", signing_secret(&self.signing_secret, new));
                url.zip(secret).map(|(url, secret)| TypedTarget::Webhook { url, secret })
            }
            ChannelKind::Slack => check
                .field("slack_url", typed_url(msgid("Webhook URL"), &self.slack_url, new))
                .map(|url| TypedTarget::Slack { url }),
            ChannelKind::Ntfy => {
                let url = check.field("topic_url", typed_url(msgid("Topic URL"), &self.topic_url, new));
                let token = check.field("access_token", access_token(&self.access_token));
                let forget_token = self.forget_token.0;
                url.zip(token).map(|(url, token)| TypedTarget::Ntfy { url, token, forget_token })
            }
        };
        let events = self.events();
        if events.is_empty() {
            check.fail("failure", RuleError::NoEvent);
        }
        check.finish(name.zip(target).map(|(name, target)| ChannelTerms { name, target, events }))
    }

    fn events(&self) -> Vec<EventKind> {
        let ticked = |event: &EventKind| match event {
            EventKind::Failure => self.failure.0,
            EventKind::Recovery => self.recovery.0,
            EventKind::Overdue => self.overdue.0,
            EventKind::Damage => self.damage.0,
            EventKind::Digest => self.digest.0,
        };
        EventKind::ALL.iter().copied().filter(ticked).collect()
    }
}

/// The addresses, one a line or parted by commas, each once.
fn addresses(text: &str) -> Result<Vec<Email>, RuleError> {
    let mut addresses: Vec<Email> = Vec::new();
    for part in text.split(['\n', ',']).map(str::trim).filter(|part| !part.is_empty()) {
        let address = Email::parse(&part.to_lowercase())?;
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    match addresses.len() {
        0 => Err(RuleError::Missing { field: msgid("Addresses") }),
        1..=MOST_ADDRESSES => Ok(addresses),
        _ => Err(RuleError::TooMany { field: msgid("Addresses"), most: MOST_ADDRESSES }),
    }
}

fn typed_url(field: &'static str, typed: &Hidden, new: bool) -> Result<Option<HookUrl>, RuleError> {
    if typed.expose().trim().is_empty() && !new { Ok(None) } else { HookUrl::parse(field, typed).map(Some) }
}

fn signing_secret(typed: &Hidden, new: bool) -> Result<Option<Hidden>, RuleError> {
    if typed.expose().is_empty() && !new {
        return Ok(None);
    }
    length(msgid("Signing Secret"), typed.expose(), SIGNING_SECRET_LENGTH)?;
    Ok(Some(typed.clone()))
}

fn access_token(typed: &Hidden) -> Result<Option<Hidden>, RuleError> {
    let text = typed.expose().trim();
    if text.is_empty() {
        return Ok(None);
    }
    length(msgid("Access Token"), text, 1..=256)?;
    // It goes into a header.
    if text.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(Some(Hidden::new(text)));
    }
    Err(RuleError::Characters {
        field: msgid("Access Token"),
        allowed: msgid("visible ASCII characters without spaces"),
    })
}

/// A form that names a channel and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelRef {
    pub channel: String,
}

impl ChannelRef {
    pub fn channel(&self) -> Result<ChannelId, RuleError> {
        self.channel.parse().map_err(|_| RuleError::Unlisted { field: msgid("Channel") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(kind: &str) -> ChannelForm {
        ChannelForm {
            name: "on call".to_owned(),
            kind: kind.to_owned(),
            failure: Ticked(true),
            ..ChannelForm::default()
        }
    }

    #[test]
    fn a_new_channel_needs_what_its_kind_needs() {
        for (kind, field) in [
            ("email", "addresses"),
            ("webhook", "webhook_url"),
            ("webhook", "signing_secret"),
            ("slack", "slack_url"),
            ("ntfy", "topic_url"),
            ("pigeon", "kind"),
        ] {
            let errors = form(kind).parse_new().unwrap_err();
            assert!(errors.message_for(field).is_some(), "{kind}: {errors:?}");
        }
    }

    #[test]
    fn a_change_keeps_what_is_left_empty() {
        let terms = form("").parse_change(ChannelKind::Webhook).unwrap();
        assert!(matches!(terms.target, TypedTarget::Webhook { url: None, secret: None }));
        assert_eq!(terms.events, [EventKind::Failure]);
    }

    #[test]
    fn a_channel_is_told_something() {
        let deaf = ChannelForm { failure: Ticked(false), ..form("") };
        assert!(deaf.parse_change(ChannelKind::Slack).unwrap_err().message_for("failure").is_some());
    }

    #[test]
    fn addresses_are_taken_once_each_and_ten_at_most() {
        let of = |text: &str| addresses(text).map(|found| found.len());
        assert_eq!(of("a@example.com\nA@example.com, b@example.com\n\n"), Ok(2));
        assert!(of("not an address").is_err());
        let many: Vec<String> = (0..11).map(|number| format!("a{number}@example.com")).collect();
        assert_eq!(of(&many.join("\n")), Err(RuleError::TooMany { field: "Addresses", most: 10 }));
    }
}
