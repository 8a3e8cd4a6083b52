//! What messages are sent to: an HTTP receiver, and a mail server.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether it is signed with this secret, as the README tells receivers to check.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{}.{}", self.header("x-holdfast-timestamp"), self.body).as_bytes());
        let digits =
            mac.finalize().into_bytes().iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
        self.header("x-holdfast-signature") == format!("sha256={digits}")
    }
}

#[derive(Default)]
struct Inbox {
    received: Vec<Received>,
    /// What the next requests are answered; afterwards 200.
    answers: VecDeque<u16>,
}

/// An HTTP server that keeps what it is sent.
#[derive(Clone)]
pub struct Hooks {
    address: SocketAddr,
    inbox: Arc<Mutex<Inbox>>,
}

impl Hooks {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hooks = Self { address: listener.local_addr().unwrap(), inbox: Arc::default() };
        let router = Router::new().fallback(keep).with_state(hooks.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        hooks
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What the next requests are answered.
    pub fn answer(&self, statuses: impl IntoIterator<Item = u16>) {
        self.inbox.lock().unwrap().answers.extend(statuses);
    }

    /// All that arrived, the oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.inbox.lock().unwrap().received.clone()
    }

    pub fn paths(&self) -> Vec<String> {
        self.received().into_iter().map(|request| request.path).collect()
    }

    /// What arrived at this path.
    pub fn at(&self, path: &str) -> Vec<Received> {
        self.received().into_iter().filter(|request| request.path == path).collect()
    }
}

async fn keep(State(hooks): State<Hooks>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let received = Received { path: uri.path().to_owned(), headers, body: String::from_utf8_lossy(&body).into_owned() };
    let mut inbox = hooks.inbox.lock().unwrap();
    inbox.received.push(received);
    let status = inbox.answers.pop_front().unwrap_or(200);
    let status = StatusCode::from_u16(status).unwrap();
    if status.is_redirection() {
        return (status, [(header::LOCATION, "/elsewhere")]).into_response();
    }
    status.into_response()
}

/// A message that arrived.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// The name in `EHLO`.
    pub greeting: String,
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
}

/// As much of a mail server as RFC 5321 (section 4.5.1) asks of each.
#[derive(Clone)]
pub struct TestMailServer {
    address: SocketAddr,
    mails: Arc<Mutex<Vec<Mail>>>,
}

impl TestMailServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), mails: Arc::default() };
        let mails = server.mails.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(converse(client, mails.clone()));
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }
}

/// One connection. Mail to `nobody@…` is refused, and that to `later@…` until there was some to others.
async fn converse(client: TcpStream, mails: Arc<Mutex<Vec<Mail>>>) -> std::io::Result<()> {
    let mut client = BufReader::new(client);
    client.write_all(b"220 test ready\r\n").await?;
    let (mut mail, mut line, mut greeting) = (Mail::default(), String::new(), String::new());
    loop {
        line.clear();
        if client.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let words = line.trim_end();
        let address =
            || words.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(address, _)| address);
        let command: String = words.chars().take(4).collect::<String>().to_uppercase();
        let reply = match command.as_str() {
            "EHLO" | "HELO" => {
                greeting = words.get(5..).unwrap_or_default().to_owned();
                "250 well"
            }
            "NOOP" | "RSET" => "250 well",
            "MAIL" => {
                mail = Mail { greeting: greeting.clone(), from: address().to_owned(), ..Mail::default() };
                "250 well"
            }
            "RCPT" if address().starts_with("nobody@") => "550 no such mailbox",
            "RCPT" if address().starts_with("later@") && mails.lock().unwrap().is_empty() => "451 come again",
            "RCPT" => {
                mail.to.push(address().to_owned());
                "250 well"
            }
            "DATA" => {
                client.write_all(b"354 go on\r\n").await?;
                mail.data = data(&mut client).await?;
                mails.lock().unwrap().push(std::mem::take(&mut mail));
                "250 kept"
            }
            "QUIT" => {
                client.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "502 not here",
        };
        client.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
}

/// Lines up to a single dot, with the dots that were doubled made single (RFC 5321, section 4.5.2).
async fn data(client: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        if client.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
