//! A proxy that does to requests what networks and services do on bad days.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use rand::{Rng, SeedableRng, rngs::SmallRng};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::sync::CancellationToken;
use url::Url;

/// Answers a request, of which it is given the head, in the service's place; `None`: the service does.
pub type Quirk = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What goes wrong, as percentages of requests.
#[derive(Default)]
pub struct Faults {
    /// Answered with 503 instead of being passed on.
    pub busy: AtomicU32,
    /// Cut after some bytes of the answer or of the request.
    pub cut: AtomicU32,
    /// Writes beyond so many bytes are answered with 507; none at 0.
    pub room: AtomicU64,
    pub written: AtomicU64,
    /// A byte of the body is changed.
    pub damage: AtomicU32,
    /// Waits this many milliseconds first.
    pub delay: AtomicU64,
    pub requests: AtomicU64,
    pub spoiled: AtomicU64,
    /// Bytes that were written, also those of refused writes.
    pub uploaded: AtomicU64,
    pub quirk: Mutex<Option<Quirk>>,
    /// Nobody listens, and connections are cut.
    away: watch::Sender<bool>,
}

pub struct Proxy {
    pub faults: Arc<Faults>,
    address: std::net::SocketAddr,
}

const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/xml\r\ncontent-length: 112\r\nconnection: close\r\n\r\n\
<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.     </Message></Error>";

const FULL: &str = "HTTP/1.1 507 Insufficient Storage\r\ncontent-type: application/xml\r\ncontent-length: 104\r\nconnection: close\r\n\r\n\
<?xml version=\"1.0\"?><Error><Code>XMinioStorageFull</Code><Message>The disk is full.  </Message></Error>";

impl Proxy {
    pub async fn start(server: &Url) -> Self {
        let to = server.socket_addrs(|| None).unwrap()[0];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let faults = Arc::new(Faults::default());
        let shared = faults.clone();
        tokio::spawn(async move {
            let mut listener = listener;
            loop {
                serve(listener, to, &shared).await;
                let _ = shared.away.subscribe().wait_for(|away| !away).await;
                listener = TcpListener::bind(address).await.unwrap();
            }
        });
        Self { faults, address }
    }

    /// Answers some requests in the service's place.
    pub fn answer(&self, quirk: impl Fn(&str) -> Option<String> + Send + Sync + 'static) {
        *self.faults.quirk.lock().unwrap() = Some(Box::new(quirk));
    }

    pub fn endpoint(&self) -> Url {
        Url::parse(&format!("http://{}", self.address)).unwrap()
    }
}

/// Until the service goes away.
async fn serve(listener: TcpListener, to: std::net::SocketAddr, faults: &Arc<Faults>) {
    let (cut, mut away) = (CancellationToken::new(), faults.away.subscribe());
    let _cut = cut.clone().drop_guard();
    loop {
        tokio::select! {
            _ = away.wait_for(|away| *away) => return,
            accepted = listener.accept() => {
                let (cut, faults) = (cut.clone(), faults.clone());
                tokio::spawn(async move { cut.run_until_cancelled(pass(accepted.unwrap().0, to, faults)).await });
            }
        }
    }
}

/// S3's error document (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>) as a whole response.
pub fn refusal(status: &str, code: &str, message: &str) -> String {
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    response(status, &error)
}

/// An XML document as a whole response.
pub fn response(status: &str, document: &str) -> String {
    let body = format!("<?xml version=\"1.0\"?>{document}");
    let (head, length) = ("content-type: application/xml\r\nconnection: close", body.len());
    format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}")
}

impl Faults {
    /// Nobody listens any more, until the time has passed.
    pub fn go_away_for(self: &Arc<Self>, time: Duration) {
        self.away.send_replace(true);
        let faults = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            faults.away.send_replace(false);
        });
    }

    /// Whether a write does not fit any more. What fits is counted.
    fn overflows(&self, head: &str) -> bool {
        let room = self.room.load(Ordering::SeqCst);
        if room == 0 || !head.starts_with("PUT ") {
            return false;
        }
        let length = content_length(head) as u64;
        self.written.fetch_add(length, Ordering::SeqCst) + length > room
    }
}

fn content_length(head: &str) -> usize {
    let head = head.to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    length.unwrap_or_default()
}

/// A number that looks random and is the same in every run of the tests.
fn dice(number: u64) -> u32 {
    SmallRng::seed_from_u64(number).random_range(0..100)
}

/// Passes one request on: each is made to need a connection of its own, so each meets its own fate.
async fn pass(mut client: TcpStream, to: std::net::SocketAddr, faults: Arc<Faults>) {
    client.set_nodelay(true).unwrap();
    let Some((head, begun)) = read_head(&mut client).await else { return };
    let number = faults.requests.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(faults.delay.load(Ordering::SeqCst))).await;
    if head.starts_with("PUT ") {
        faults.uploaded.fetch_add(content_length(&head) as u64, Ordering::SeqCst);
    }
    let roll = dice(number);
    let busy = faults.busy.load(Ordering::SeqCst);
    let cut = faults.cut.load(Ordering::SeqCst);
    if roll < busy + cut {
        faults.spoiled.fetch_add(1, Ordering::SeqCst);
    }
    let answer = faults.quirk.lock().unwrap().as_ref().and_then(|quirk| quirk(&head));
    if let Some(answer) = answer {
        return refuse(client, &head, begun.len(), &answer).await;
    }
    if roll < busy {
        return refuse(client, &head, begun.len(), BUSY).await;
    }
    if faults.overflows(&head) {
        return refuse(client, &head, begun.len(), FULL).await;
    }
    let Ok(mut server) = TcpStream::connect(to).await else { return };
    server.set_nodelay(true).unwrap();
    let closing = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    let mut begun = begun;
    if roll < faults.damage.load(Ordering::SeqCst) && head.starts_with("PUT ") {
        if begun.is_empty() {
            begun.push(client.read_u8().await.unwrap_or_default());
        }
        begun[0] = !begun[0];
    }
    let _ = server.write_all(closing.as_bytes()).await;
    let _ = server.write_all(&begun).await;
    if roll < busy + cut {
        return cut_off(client, server, u64::from(roll) * 1500).await;
    }
    let _ = copy_bidirectional(&mut client, &mut server).await;
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

/// Reads the rest of the request, as a service does, and answers.
async fn refuse(mut client: TcpStream, head: &str, begun: usize, answer: &str) {
    let mut left = content_length(head).saturating_sub(begun);
    let mut buffer = vec![0; 64 << 10];
    while left > 0 {
        match client.read(&mut buffer).await {
            Ok(count) if count > 0 => left = left.saturating_sub(count),
            _ => return,
        }
    }
    let _ = client.write_all(answer.as_bytes()).await;
}

/// Passes bytes on in both directions, but not more than `most` of them.
async fn cut_off(mut client: TcpStream, mut server: TcpStream, most: u64) {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let mut up = (&mut from_client).take(most);
    let mut down = (&mut from_server).take(most);
    tokio::select! {
        _ = tokio::io::copy(&mut up, &mut to_server) => {}
        _ = tokio::io::copy(&mut down, &mut to_client) => {}
    }
}
