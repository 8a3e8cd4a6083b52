//! What a server says on its way to sqlx, which would keep a message of any length.
//!
//! sqlx connects to a relay on loopback, which serves this one connection, passes everything on over the connection that
//! was made to the checked address, and ends it where a message, or all of them, are longer than those of a server that
//! is asked about itself.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    time::sleep_until,
};
use tokio_util::task::AbortOnDropHandle;

use super::tls::Stream;

/// Bytes of one message, its type left out.
const MOST_OF_MESSAGE: u32 = 256 << 10;
/// Bytes of all messages of a connection.
const MOST_OF_ALL: u64 = 1 << 20;
/// What each message begins with: its type, and its length without the type
/// (<https://www.postgresql.org/docs/current/protocol-message-formats.html>).
const HEAD: usize = 5;
/// The length counts itself.
const SHORTEST: u32 = 4;

/// A relay for one connection. It ends when it is dropped.
pub(super) struct Relay {
    address: SocketAddr,
    seen: Arc<Seen>,
    task: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct Seen {
    /// A message that may be one of a PostgreSQL server's.
    message: AtomicBool,
    /// More than may be.
    excess: AtomicBool,
}

impl Relay {
    /// Waits for one connection on loopback, to relay it to `server`.
    pub(super) async fn start(server: Box<dyn Stream>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let seen = Arc::<Seen>::default();
        let task = AbortOnDropHandle::new(tokio::spawn(relay(listener, server, seen.clone())));
        Ok(Self { address, seen, task })
    }

    /// Where sqlx connects to.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether what has answered so far may be a PostgreSQL server.
    pub(super) fn is_postgres(&self) -> bool {
        self.seen.message.load(Ordering::Relaxed) && !self.seen.excess.load(Ordering::Relaxed)
    }

    /// Ends at `deadline` where no message has come until then, and otherwise never.
    pub(super) async fn silent_until(&self, deadline: Instant) {
        sleep_until(deadline.into()).await;
        if self.seen.message.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until everything is passed on, after sqlx has closed its connection.
    pub(super) async fn ended(self) {
        let _ = self.task.await;
    }
}

async fn relay(listener: TcpListener, server: Box<dyn Stream>, seen: Arc<Seen>) {
    let Ok((client, _)) = listener.accept().await else { return };
    drop(listener);
    let _ = client.set_nodelay(true);
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), tokio::io::split(server));
    // The end of either direction is the end of the connection: PostgreSQL knows no half of one.
    tokio::select! {
        () = pass_requests(from_client, to_server) => {}
        () = pass_answers(from_server, to_client, &seen) => {}
    }
}

async fn pass_requests(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    let _ = tokio::io::copy(&mut from, &mut to).await;
    let _ = to.shutdown().await;
}

async fn pass_answers(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, seen: &Seen) {
    let (mut buffer, mut messages) = (vec![0; 16 << 10], Messages::default());
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return };
        if messages.take(&buffer[..count]).is_err() {
            seen.excess.store(true, Ordering::Relaxed);
            return;
        }
        if messages.begun {
            seen.message.store(true, Ordering::Relaxed);
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// A message is too long, or cannot be one.
#[derive(Debug, PartialEq, Eq)]
struct Excess;

/// Follows the lengths of messages.
#[derive(Default)]
struct Messages {
    head: [u8; HEAD],
    /// Bytes of `head` that have come.
    filled: usize,
    /// Bytes of the message that are to come.
    left: u32,
    all: u64,
    /// A message's length was read and may be.
    begun: bool,
}

impl Messages {
    fn take(&mut self, mut bytes: &[u8]) -> Result<(), Excess> {
        self.all += bytes.len() as u64;
        if self.all > MOST_OF_ALL {
            return Err(Excess);
        }
        while !bytes.is_empty() {
            if self.left > 0 {
                let passed = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                bytes = &bytes[passed..];
                self.left -= u32::try_from(passed).unwrap_or(self.left);
                continue;
            }
            self.head[self.filled] = bytes[0];
            self.filled += 1;
            bytes = &bytes[1..];
            if self.filled == HEAD {
                self.filled = 0;
                self.left = self.length()?;
                self.begun = true;
            }
        }
        Ok(())
    }

    /// The length of what follows the head.
    fn length(&self) -> Result<u32, Excess> {
        let [kind, length @ ..] = self.head;
        let length = u32::from_be_bytes(length);
        let fits = kind.is_ascii_alphanumeric() && (SHORTEST..=MOST_OF_MESSAGE).contains(&length);
        if fits { Ok(length - SHORTEST) } else { Err(Excess) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Excess, MOST_OF_ALL, MOST_OF_MESSAGE, Messages};

    fn message(kind: u8, length: u32) -> Vec<u8> {
        [&[kind][..], &length.to_be_bytes()[..]].concat()
    }

    #[test]
    fn messages_may_come_in_any_pieces() {
        let ready = [message(b'R', 8), vec![0; 4], message(b'Z', 5), vec![b'I']].concat();
        for piece in 1..ready.len() {
            let mut messages = Messages::default();
            for part in ready.chunks(piece) {
                messages.take(part).unwrap();
            }
            assert_eq!((messages.filled, messages.left, messages.begun), (0, 0, true), "{piece}");
        }
    }

    #[test]
    fn a_length_that_cannot_be_is_refused_at_once() {
        for (kind, length) in [(b'E', 0x7fff_fff0), (b'E', u32::MAX), (b'E', MOST_OF_MESSAGE + 1), (b'E', 3), (0, 8)] {
            assert_eq!(Messages::default().take(&message(kind, length)), Err(Excess), "{kind} {length}");
        }
        assert_eq!(Messages::default().take(b"HTTP/1.1 400 Bad Request\r\n"), Err(Excess));
        Messages::default().take(&message(b'E', MOST_OF_MESSAGE)).unwrap();
    }

    #[test]
    fn short_messages_without_end_are_refused() {
        let mut messages = Messages::default();
        let notice = [message(b'N', 1004), vec![b'x'; 1000]].concat();
        let passed = (0..=MOST_OF_ALL).find(|_| messages.take(&notice).is_err()).unwrap();
        assert_eq!(passed, MOST_OF_ALL / notice.len() as u64);
    }
}
