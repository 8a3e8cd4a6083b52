//! A way to an S3 server with the quirks of others: it answers some requests itself, and loses the worst of answers, the one
//! that says that a repository was made.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use embedded_s3::EmbeddedS3;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy, copy_bidirectional, sink},
    net::{TcpListener, TcpStream},
};
use url::Url;

/// What the client gets in place of the lost answer. It is not tried again.
const REFUSED: &str = "HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\ncontent-length: 78\r\nconnection: close\r\n\r\n\
<Error><Code>AccessDenied</Code><Message>Not on this bad day</Message></Error>";

/// What is answered to a request, by its head, in place of the server.
type Answer = Box<dyn Fn(&str) -> Option<String> + Send>;

pub struct Proxy {
    address: SocketAddr,
    quirks: Arc<Quirks>,
}

#[derive(Default)]
struct Quirks {
    to_lose: AtomicU32,
    answer: Mutex<Option<Answer>>,
    /// What each request waits for, in milliseconds.
    delay: AtomicU32,
}

/// An answer with a document.
pub fn document(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/xml\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// A refusal as S3 services write it.
pub fn refusal(status: &str, code: &str, message: &str) -> String {
    document(status, &format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
}

impl Proxy {
    /// Passes everything on to the server, until something is to be lost.
    pub async fn start(server: &EmbeddedS3) -> Self {
        let to = server.endpoint().socket_addrs(|| None).unwrap()[0];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, quirks) = (listener.local_addr().unwrap(), Arc::<Quirks>::default());
        let shared = quirks.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, to, shared.clone()));
            }
        });
        Self { address, quirks }
    }

    pub fn endpoint(&self) -> Url {
        Url::parse(&format!("http://{}", self.address)).unwrap()
    }

    /// The next time that a repository's `config` is stored, the client is told that it was refused.
    pub fn lose_the_next_repository(&self) {
        self.quirks.to_lose.store(1, Ordering::SeqCst);
    }

    /// Answers requests itself, by their heads, where `answer` says so.
    pub fn answer(&self, answer: impl Fn(&str) -> Option<String> + Send + 'static) {
        *self.quirks.answer.lock().unwrap() = Some(Box::new(answer));
    }

    /// Lets each request wait from now on.
    pub fn delay(&self, delay: Duration) {
        self.quirks.delay.store(u32::try_from(delay.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub fn has_lost_it(&self) -> bool {
        self.quirks.to_lose.load(Ordering::SeqCst) == 0
    }
}

/// Passes one request on. Each is made to need a connection of its own.
async fn pass(mut client: TcpStream, to: SocketAddr, quirks: Arc<Quirks>) {
    let Some((head, begun)) = read_head(&mut client).await else { return };
    tokio::time::sleep(Duration::from_millis(quirks.delay.load(Ordering::SeqCst).into())).await;
    let answer = quirks.answer.lock().unwrap().as_ref().and_then(|answer| answer(&head));
    if let Some(answer) = answer {
        let _ = client.write_all(answer.as_bytes()).await;
        return;
    }
    let mut server = TcpStream::connect(to).await.unwrap();
    server.write_all(head.replacen("\r\n", "\r\nconnection: close\r\n", 1).as_bytes()).await.unwrap();
    server.write_all(&begun).await.unwrap();
    let path = head.split(['?', ' ']).nth(1).unwrap_or_default();
    let loses = head.starts_with("PUT ") && path.ends_with("/config") && quirks.to_lose.swap(0, Ordering::SeqCst) > 0;
    if !loses {
        let _ = copy_bidirectional(&mut client, &mut server).await;
        return;
    }
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let mut lost = sink();
    tokio::select! {
        _ = copy(&mut from_client, &mut to_server) => {}
        _ = copy(&mut from_server, &mut lost) => {}
    }
    let _ = to_client.write_all(REFUSED.as_bytes()).await;
}

/// A request's head, and what came of its body with it.
async fn read_head(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    loop {
        match client.read(&mut buffer).await {
            Ok(count) if count > 0 => read.extend_from_slice(&buffer[..count]),
            _ => return None,
        }
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let body = read.split_off(end + 4);
            return Some((String::from_utf8(read).unwrap(), body));
        }
    }
}
