//! Notifications: channels of an organization, what they are told, and what became of it.

mod form;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    credential::OrganizationChoice,
    ids::{ChannelId, DeliveryId},
    language::msgid,
    list::Page,
    names::{Hidden, name, no_control_characters},
    rule::{RuleError, length},
};

pub use self::form::{ChannelForm, ChannelRef, ChannelTerms, TypedTarget};

/// Defines an enum of words that the database stores and pages show, translated.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident in ($field:expr) {
        $($(#[$variant_doc:meta])* $variant:ident = $stored:literal, $shown:expr;)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As the database and webhooks write it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $stored),+ }
            }

            /// As people read it.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $shown),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.label())
            }
        }

        impl std::str::FromStr for $name {
            type Err = RuleError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().copied().find(|value| value.as_str() == text);
                found.ok_or(RuleError::Unlisted { field: $field })
            }
        }
    };
}

words! {
    /// What a channel can be told of. A new kind of trouble is a new variant here, with a column of `notification_channel`
    /// in which a channel chooses it.
    EventKind in (msgid("Events")) {
        /// A backup failed for good or partially, or was skipped because its credential is locked.
        Failure = "failure", msgid("Failure");
        /// The first completed backup of a policy after that.
        Recovery = "recovery", msgid("Recovery");
        /// A policy has no completed backup for longer than its schedule promises.
        Overdue = "overdue", msgid("Overdue");
        /// A verification found that a repository is damaged, or that it is sound again.
        Damage = "damage", msgid("Damage");
        /// How the last week went, on Monday mornings.
        Digest = "digest", msgid("Weekly digest");
    }
}

words! {
    /// What a delivery tells: an event of a channel, a test of it, or the state of a run to a policy's Ping URL.
    DeliveryKind in (msgid("Event")) {
        Failure = "failure", msgid("Failure");
        Recovery = "recovery", msgid("Recovery");
        Overdue = "overdue", msgid("Overdue");
        Damage = "damage", msgid("Damage");
        Unusual = "unusual", msgid("Unusual backup");
        Digest = "digest", msgid("Weekly digest");
        Test = "test", msgid("Test");
        PingStart = "ping-start", msgid("Ping: start");
        PingSuccess = "ping-success", msgid("Ping: success");
        PingFail = "ping-fail", msgid("Ping: fail");
    }
}

impl From<EventKind> for DeliveryKind {
    fn from(event: EventKind) -> Self {
        match event {
            EventKind::Failure => Self::Failure,
            EventKind::Recovery => Self::Recovery,
            EventKind::Overdue => Self::Overdue,
            EventKind::Damage => Self::Damage,
            EventKind::Digest => Self::Digest,
        }
    }
}

words! {
    /// How a channel is reached.
    ChannelKind in (msgid("Kind")) {
        Email = "email", msgid("E-mail");
        Webhook = "webhook", msgid("Webhook");
        Slack = "slack", msgid("Slack");
        Ntfy = "ntfy", msgid("ntfy");
    }
}

words! {
    /// The state of a delivery.
    DeliveryPhase in (msgid("Phase")) {
        Queued = "Queued", msgid("Queued");
        Sending = "Sending", msgid("Sending");
        Delivered = "Delivered", msgid("Delivered");
        /// Given up after all tries, or no longer worth telling.
        Failed = "Failed", msgid("Failed");
    }
}

name! {
    /// Name of a channel: 3-30 characters, unique in the organization whatever the letter case.
    ChannelName, |text| {
        length(msgid("Name"), text, 3..=30)?;
        no_control_characters(msgid("Name"), text)
    }
}

impl ChannelName {
    /// The form in which uniqueness is judged.
    pub fn folded(&self) -> String {
        self.as_str().to_lowercase()
    }
}

/// An http or https address that is told something. It may hold a token, so it is never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookUrl(Hidden);

impl HookUrl {
    /// `field` is the field's label.
    pub fn parse(field: &'static str, typed: &Hidden) -> Result<Self, RuleError> {
        let text = typed.expose().trim();
        length(field, text, 1..=2000)?;
        let url = Url::parse(text).map_err(|_| RuleError::HookUrl { field })?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(RuleError::HookUrl { field });
        }
        if url.fragment().is_some() {
            return Err(RuleError::HookUrl { field });
        }
        Ok(Self(Hidden::new(url)))
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether it leads to the scheme, host and port of the address `stored` (RFC 6454, section 5), so that a secret that
    /// was typed for that one may be sent to it.
    pub fn has_origin_of(&self, stored: &str) -> bool {
        let origin = |text: &str| Url::parse(text).ok().map(|url| url.origin());
        origin(self.expose()).is_some_and(|own| own.is_tuple() && Some(own) == origin(stored))
    }

    /// What may be shown: the host alone.
    pub fn host(&self) -> String {
        Url::parse(self.expose()).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// A row of the list of channels. It has no place for a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelRow {
    pub id: ChannelId,
    pub organization: String,
    pub name: String,
    pub kind: ChannelKind,
    /// Addresses, or the host of an URL.
    pub target: String,
    /// Whether a signing secret or a token is stored.
    pub has_secret: bool,
    pub events: Vec<EventKind>,
    pub paused: bool,
    pub version: i64,
    pub last: Option<LastDelivery>,
    pub created_by: String,
    pub created: DateTime<Utc>,
    pub modified_by: String,
    pub modified: DateTime<Utc>,
}

/// How the newest delivery of a channel went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastDelivery {
    pub phase: DeliveryPhase,
    pub at: DateTime<Utc>,
}

/// The channels, and what forms offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelList {
    pub rows: Vec<ChannelRow>,
    /// A Partner's choice; empty for everybody else.
    pub organizations: Vec<OrganizationChoice>,
    /// Whether the operator has set up a mail server.
    pub email_available: bool,
}

/// Something that was told, or is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRow {
    pub id: DeliveryId,
    pub kind: DeliveryKind,
    pub organization: String,
    /// The channel's name, or the policy whose Ping URL is meant.
    pub to: String,
    pub subject: String,
    pub phase: DeliveryPhase,
    pub attempts: u32,
    /// How often the same happened again within a day and was not told anew.
    pub repeats: u32,
    pub created: DateTime<Utc>,
    pub finished: Option<DateTime<Utc>>,
    /// When it is tried next.
    pub next_attempt: Option<DateTime<Utc>>,
    pub cause: Option<String>,
}

/// One page of what was told, newest first.
pub type DeliveryList = Page<DeliveryRow>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for kind in DeliveryKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
        assert!("Failure".parse::<EventKind>().is_err(), "stored words are lower-case");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let url = |text: &str| HookUrl::parse("Topic URL", &Hidden::new(text)).unwrap();
        let stored = "https://ntfy.example.com/alerts";
        for same in ["https://NTFY.example.com:443/others?x=1", "https://ann@ntfy.example.com/"] {
            assert!(url(same).has_origin_of(stored), "{same}");
        }
        for other in [
            "http://ntfy.example.com/alerts",
            "https://ntfy.example.com:8443/alerts",
            "https://evil.example.com/alerts",
            "https://ntfy.example.com.evil.example/alerts",
            "https://ntfy.example.com@evil.example/alerts",
        ] {
            assert!(!url(other).has_origin_of(stored), "{other}");
        }
    }

    #[test]
    fn of_an_address_the_host_alone_is_shown() {
        let parse = |text: &str| HookUrl::parse("Webhook URL", &Hidden::new(text));
        let url = parse(" https://hooks.example.com/services/T0/geheim?x=1 ").unwrap();
        assert_eq!(url.host(), "hooks.example.com");
        assert!(!format!("{url:?}").contains("geheim"));
        for bad in ["", "hooks.example.com", "ftp://example.com/x", "https://example.com/#x"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
