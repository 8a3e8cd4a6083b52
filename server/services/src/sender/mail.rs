//! E-mail through the operator's mail server.

use std::fmt;

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor,
    address::Envelope,
    message::{Mailbox, header::ContentType},
    transport::smtp::{self, extension::ClientId},
};
use tokio::{
    runtime::Handle,
    task::spawn_blocking,
    time::{Instant, timeout, timeout_at},
};
use url::Url;

use super::{DEADLINE, Parcel, RefusedAddress, SendError};

/// The operator's mail server, and the address that messages come from.
#[derive(Clone)]
pub struct MailServer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    shown: String,
}

/// Why the settings name no mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailServerError {
    #[error("must look like smtps://user:password@mail.example.com:465, or smtp:// with ?tls=required for STARTTLS")]
    Url,
    #[error("must be an address such as Holdfast <backups@example.com>")]
    From,
}

impl MailServer {
    /// `url` is `smtps://…` for TLS from the start, `smtp://…?tls=required` for STARTTLS, and `smtp://…` for neither.
    /// `host` is the name by which this server introduces itself, where it has one. Nothing is sent yet.
    pub fn parse(url: &str, from: &str, host: Option<&str>) -> Result<Self, MailServerError> {
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| MailServerError::Url)?;
        if let Some(host) = host {
            transport = transport.hello_name(ClientId::Domain(host.to_owned()));
        }
        let from = from.parse().map_err(|_| MailServerError::From)?;
        Ok(Self { transport: transport.timeout(Some(DEADLINE)).build(), from, shown: shown(url)? })
    }

    /// The URL with user and password hidden.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The address that messages come from.
    pub fn from(&self) -> String {
        self.from.to_string()
    }

    /// Sends to all addresses. Those that the server refuses do not keep the message from the others: with
    /// [`SendError::Partly`] it has gone to these.
    pub async fn send(&self, addresses: &[String], parcel: Parcel<'_>) -> Result<(), SendError> {
        let (mail, transport) = (self.mail(addresses, parcel)?, self.transport.clone());
        // On a thread of its own: an answer of very many short lines is parsed anew at each of them, without a pause, and
        // would keep a worker of the runtime from all else, the deadlines included.
        let runtime = Handle::current();
        let sending = spawn_blocking(move || runtime.block_on(timeout(DEADLINE, to_all(&transport, &mail))));
        match sending.await {
            Ok(Ok(sent)) => sent,
            Ok(Err(_)) => Err(SendError::TimedOut),
            Err(_) => Err(SendError::MailConnection),
        }
    }

    fn mail(&self, addresses: &[String], parcel: Parcel<'_>) -> Result<Mail, SendError> {
        let unwritten = |error: &dyn fmt::Display| SendError::Message(error.to_string());
        let message = parcel.message;
        // The same for each try, so that a mail server may notice one that came twice.
        let id = format!("<holdfast-{}-{}@{}>", parcel.delivery, message.at.timestamp(), self.from.email.domain());
        let mut mail = Mail::builder().from(self.from.clone()).subject(shown_as_it_is(&message.subject));
        mail = mail.message_id(Some(id));
        for address in addresses {
            mail = mail.to(Mailbox::new(None, address.parse().map_err(|error| unwritten(&error))?));
        }
        let mail = mail.header(ContentType::TEXT_PLAIN);
        mail.body(in_lines(&message.text_with_link())).map_err(|error| unwritten(&error))
    }
}

/// The subject so that mail programs show what stands in it: a name that looks like an encoded word (RFC 2047, section 2)
/// would be decoded to other words, or to more lines.
fn shown_as_it_is(subject: &str) -> String {
    subject.replace(char::is_control, " ").replace("=?", "= ?")
}

/// The text with line ends of one kind, and without other control characters: mail servers do not agree on what a carriage
/// return by itself is, and the text of a message holds names of files and what other services said.
fn in_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace(|c: char| c.is_control() && c != '\n', " ")
}

fn shown(url: &str) -> Result<String, MailServerError> {
    let mut url = Url::parse(url).map_err(|_| MailServerError::Url)?;
    if !url.username().is_empty() || url.password().is_some() {
        let hidden = url.set_password(None).and_then(|()| url.set_username("***"));
        hidden.map_err(|()| MailServerError::Url)?;
    }
    Ok(url.to_string())
}

impl fmt::Debug for MailServer {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailServer").field("from", &self.from).field("url", &self.shown).finish_non_exhaustive()
    }
}

/// To all at once, and where the server refuses that, to each alone: one address that is gone ends a message for all.
async fn to_all(transport: &AsyncSmtpTransport<Tokio1Executor>, mail: &Mail) -> Result<(), SendError> {
    // Before the deadline of the whole, so that who got it is known.
    let end = Instant::now() + DEADLINE.mul_f64(0.9);
    let (envelope, text) = (mail.envelope(), mail.formatted());
    let Err(error) = transport.send_raw(envelope, &text).await else { return Ok(()) };
    if !error.status().is_some_and(is_about_addresses) || envelope.to().len() < 2 {
        return Err(failure(&error));
    }
    let mut refused = Vec::new();
    for address in envelope.to() {
        let alone = Envelope::new(envelope.from().cloned(), vec![address.clone()]);
        let alone = alone.map_err(|error| SendError::Message(error.to_string()))?;
        let refusal = match timeout_at(end, transport.send_raw(&alone, &text)).await {
            Ok(Ok(_)) => continue,
            Ok(Err(error)) => (failure(&error).detail(), error.is_permanent()),
            Err(_) => ("no answer in time".to_owned(), false),
        };
        let (answer, is_final) = refusal;
        refused.push(RefusedAddress { address: address.to_string(), answer, is_final });
    }
    match refused.len() {
        0 => Ok(()),
        all if all == envelope.to().len() => Err(failure(&error)),
        _ => Err(SendError::Partly(refused)),
    }
}

/// Whether a refusal may be of single addresses (RFC 5321, section 4.2.3) rather than of the connection or the sign-in.
fn is_about_addresses(code: smtp::response::Code) -> bool {
    let code: u16 = code.into();
    matches!(code, 450..=452 | 550..=554)
}

fn failure(error: &smtp::Error) -> SendError {
    if let Some(code) = error.status() {
        return SendError::Refused(code.to_string());
    }
    if error.is_timeout() { SendError::TimedOut } else { SendError::MailConnection }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_is_named_by_an_url() {
        for good in
            ["smtps://u:p@mail.example.com:465", "smtp://127.0.0.1:2525", "smtp://mail.example.com?tls=required"]
        {
            let server = MailServer::parse(good, "Holdfast <backups@example.com>", None).unwrap();
            assert!(!format!("{server:?}").contains("u:p"), "{server:?}");
        }
        assert_eq!(MailServer::parse("mail.example.com", "a@example.com", None).unwrap_err(), MailServerError::Url);
        assert_eq!(MailServer::parse("smtp://mail.example.com", "nobody", None).unwrap_err(), MailServerError::From);
    }
}
