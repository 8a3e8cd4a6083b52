//! Sending one message, with a deadline.

#[cfg(test)]
mod bounds;
mod formats;
mod http;
mod mail;
mod message;

use std::{fmt, time::Duration};

use engine::{NetworkPolicy, Secret};
use model::{
    language::msgid,
    notification::{ChannelKind, DeliveryKind},
};

use self::http::Http;
pub use self::{
    mail::{MailServer, MailServerError},
    message::{Message, likeness},
};

/// How long a receiver may take from the first packet to its answer. Shorter than the stop of the server may last.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Where one message goes.
#[derive(Clone, Debug)]
pub enum Target {
    Email {
        addresses: Vec<String>,
    },
    Webhook {
        url: Secret,
        secret: Secret,
    },
    Slack {
        url: Secret,
    },
    Ntfy {
        url: Secret,
        token: Option<Secret>,
    },
    /// A policy's Ping URL.
    Ping {
        url: Secret,
    },
}

impl Target {
    /// The target of a channel of that kind.
    pub fn of(kind: ChannelKind, shown: &str, url: Option<Secret>, secret: Option<Secret>) -> Option<Self> {
        Some(match kind {
            ChannelKind::Email => Self::Email { addresses: shown.lines().map(str::to_owned).collect() },
            ChannelKind::Webhook => Self::Webhook { url: url?, secret: secret? },
            ChannelKind::Slack => Self::Slack { url: url? },
            ChannelKind::Ntfy => Self::Ntfy { url: url?, token: secret },
        })
    }
}

/// What is sent: the message, and what it is known by.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'a> {
    pub delivery: i64,
    pub kind: DeliveryKind,
    /// Seconds since 1970, signed along.
    pub timestamp: i64,
    pub message: &'a Message,
}

/// An address that a mail server does not take a message for.
#[derive(Clone, Debug)]
pub struct RefusedAddress {
    pub address: String,
    /// The server's answer.
    pub answer: String,
    /// It would be the same another time.
    pub is_final: bool,
}

impl fmt::Display for RefusedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.address, self.answer)
    }
}

/// Why a message did not arrive. The words never hold the address, which may be a secret.
///
/// It displays in English, which is how deliveries keep it.
#[derive(Debug)]
pub enum SendError {
    Forbidden,
    Name,
    Connection,
    TimedOut,
    Status(String),
    Redirect,
    Address,
    NoMailServer,
    Refused(String),
    /// The message has gone to the other addresses.
    Partly(Vec<RefusedAddress>),
    MailConnection,
    Message(String),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence().replacen("{}", &self.detail(), 1))
    }
}

impl std::error::Error for SendError {}

impl SendError {
    /// What is told to the person who waits for it.
    pub fn in_words(&self) -> String {
        let sentence = self.sentence();
        tr!(sentence, self.detail())
    }

    const fn sentence(&self) -> &'static str {
        match self {
            Self::Forbidden => msgid(
                "The address is on a network that messages may not be sent to. The operator can allow it with HOLDFAST_NOTIFY_ALLOW_NETWORKS",
            ),
            Self::Name => msgid("The name of the host is not known. Check the address"),
            Self::Connection => msgid(
                "The host could not be connected to, or its certificate is not trusted. Check the address and that the receiver runs",
            ),
            Self::TimedOut => msgid("The receiver did not answer within {} seconds"),
            Self::Status(_) => {
                msgid("The receiver answered {}. Check the address, the token, and what the receiver says in its log")
            }
            Self::Redirect => msgid(
                "The receiver answered with a redirect, which is not followed. Enter the address that it leads to",
            ),
            Self::Address => msgid("The address is not understood"),
            Self::NoMailServer => {
                msgid("E-mail is not set up on this server. The operator sets HOLDFAST_SMTP_URL and HOLDFAST_SMTP_FROM")
            }
            Self::Refused(_) => msgid("The mail server refused the message: {}"),
            Self::Partly(_) => msgid("Delivered, but not to everybody. The mail server refused {}"),
            Self::MailConnection => {
                msgid("The mail server could not be reached. The operator checks HOLDFAST_SMTP_URL")
            }
            Self::Message(_) => msgid("The message could not be written: {}"),
        }
    }

    /// What goes into the sentence.
    fn detail(&self) -> String {
        match self {
            Self::TimedOut => DEADLINE.as_secs().to_string(),
            Self::Partly(refused) => refused.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            Self::Status(detail) | Self::Refused(detail) | Self::Message(detail) => detail.clone(),
            _ => String::new(),
        }
    }
}

/// Sends messages of every kind. Cloning it is cheap.
#[derive(Clone)]
pub struct Sender {
    http: Http,
    mail: Option<MailServer>,
}

impl Sender {
    /// Hooks may be dialled as `network` says; the mail server is the operator's own choice.
    pub fn new(network: NetworkPolicy, mail: Option<MailServer>) -> reqwest::Result<Self> {
        Ok(Self { http: Http::new(network)?, mail })
    }

    pub fn has_mail_server(&self) -> bool {
        self.mail.is_some()
    }

    /// Sends a message once, within [`DEADLINE`].
    pub async fn send(&self, target: &Target, parcel: Parcel<'_>) -> Result<(), SendError> {
        let sending = self.start(target, parcel);
        tokio::time::timeout(DEADLINE, sending).await.unwrap_or(Err(SendError::TimedOut))
    }

    async fn start(&self, target: &Target, parcel: Parcel<'_>) -> Result<(), SendError> {
        match target {
            Target::Email { addresses } => {
                self.mail.as_ref().ok_or(SendError::NoMailServer)?.send(addresses, parcel).await
            }
            Target::Webhook { url, secret } => {
                let request = formats::webhook(parcel, secret)?;
                self.http.post(url, request).await
            }
            Target::Slack { url } => self.http.post(url, formats::slack(parcel)?).await,
            Target::Ntfy { url, token } => self.http.post(url, formats::ntfy(parcel, token.as_ref())).await,
            Target::Ping { url } => {
                self.http.post_below(url, formats::ping_suffix(parcel.kind), formats::ping(parcel)).await
            }
        }
    }
}
