//! The loop that takes connections in, and lets them end.

mod bodies;
mod connections;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

pub use self::bodies::TooSlow;
use self::{
    bodies::{Arriving, Leaving},
    connections::{Connection, Connections},
};

/// How long a client may take to send a request's head, and an open connection may stay idle.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Most bytes of a request's head that are buffered. A head that ends within twice as many may still pass, because the
/// buffer is measured before each read.
const HEAD_BYTES: usize = 32 * 1024;
/// Most header lines of a request.
const HEADERS: usize = 100;
/// Most connections at the same time, where the process may have many files open.
const MOST_CONNECTIONS: usize = 4096;

/// What clients may use up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections that may be open at the same time.
    pub connections: usize,
    /// How long a connection stays whose client takes nothing of an answer.
    pub unread: Duration,
}

impl Limits {
    /// Those of this process, whose own limit of open files is raised to what the system allows.
    pub fn of_process() -> Self {
        Self { connections: most_connections(), unread: Duration::from_mins(1) }
    }
}

/// Binds the address. As many connections as there may be can wait to be accepted: the kernel drops the first packet of
/// one more, which its client sends again after a second.
///
/// # Errors
/// Where the address is taken or is not this machine's.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As the standard library does: connections of the process before may still be closing.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(u32::try_from(MOST_CONNECTIONS).unwrap_or(u32::MAX))
}

/// Half as many connections as files, so that the database, S3 and the sources of backups find descriptors whatever
/// strangers do.
fn most_connections() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit = raised,
            Err(error) => tracing::warn!(%error, "the limit of open files could not be raised"),
        }
    }
    let files = limit.current.and_then(|most| usize::try_from(most).ok());
    files.map_or(MOST_CONNECTIONS, |files| (files / 2).clamp(1, MOST_CONNECTIONS))
}

/// Serves within the limits until `stop`, then lets requests end for at most `grace`, then cuts what is left.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken, grace: Duration) {
    let graceful = GracefulShutdown::new();
    let tasks = TaskTracker::new();
    let connections = Connections::new(limits.connections);
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                let Some(connection) = connections.admit(peer.ip().to_canonical()) else {
                    tracing::warn!(?limits, "a connection was refused: all are being answered");
                    continue;
                };
                let mut socket = TimeoutStream::new(socket);
                socket.set_write_timeout(Some(limits.unread));
                connect((socket, peer), connection, &router, &graceful, &tasks, cut.clone());
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                // Out of file descriptors, most likely: give the open connections time to end.
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    if timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and are cut off");
    }
    cut.cancel();
    tasks.close();
    tasks.wait().await;
}

fn connect(
    (socket, peer): (TimeoutStream<TcpStream>, SocketAddr),
    connection: Connection,
    router: &Router,
    graceful: &GracefulShutdown,
    tasks: &TaskTracker,
    cut: CancellationToken,
) {
    // Without it a streamed page waits 40 ms for the client's delayed acknowledgement.
    if let Err(error) = socket.get_ref().set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY not set");
    }
    let (router, makes_room) = (router.clone(), connection.cut());
    let connection = Arc::new(connection);
    let service = service_fn(move |request| answer(request, peer, router.clone(), connection.clone()));
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS);
    let served = graceful.watch(builder.serve_connection(TokioIo::new(Box::pin(socket)), service).into_owned());
    tasks.spawn(async move {
        tokio::select! {
            () = cut.cancelled() => {}
            () = makes_room.cancelled() => tracing::debug!(%peer, "a connection made room for another one"),
            result = served => if let Err(error) = result {
                tracing::debug!(error, "a connection ended early");
            }
        }
    });
}

async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    router: Router,
    connection: Arc<Connection>,
) -> Result<axum::response::Response, std::convert::Infallible> {
    let mut request = request.map(|body| Body::new(Arriving::new(Body::new(body), connection.clone())));
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = router.oneshot(request).await?;
    Ok(response.map(|body| Body::new(Leaving::new(body, connection))))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use axum::routing::{get, post};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        task::JoinSet,
    };

    use super::*;

    /// Serves at most so many connections: `/healthz`, a form, and an answer without end.
    fn serving(connections: usize) -> (SocketAddr, tokio_util::sync::DropGuard) {
        let limits = Limits { connections, unread: Duration::from_secs(2) };
        let endless = || async {
            let chunks = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![0_u8; 1 << 16]));
            Body::from_stream(chunks)
        };
        let form = async |body: String| body;
        let router = Router::new()
            .route("/healthz", get(async || "ok"))
            .route("/form", post(form))
            .route("/endless", get(endless));
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        tokio::spawn(serve(listener, router, limits, stop.clone(), Duration::ZERO));
        (address, stop.drop_guard())
    }

    async fn open(address: SocketAddr, sent: &str) -> TcpStream {
        let mut socket = TcpStream::connect(address).await.unwrap();
        // One that had to make room is closed already.
        let _ = socket.write_all(sent.as_bytes()).await;
        socket
    }

    /// How long `/healthz` takes on a connection of its own.
    async fn health(address: SocketAddr) -> Duration {
        let started = Instant::now();
        let mut socket = open(address, "GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        started.elapsed()
    }

    /// Slow heads, slow bodies and silence, two thousand of them, and then somebody who wants to know how the server is.
    #[tokio::test(flavor = "multi_thread")]
    async fn slow_connections_make_room() {
        // The client of this test needs as many descriptors as the system allows.
        Limits::of_process();
        let (address, _guard) = serving(500);
        let beginnings = [
            "",
            "GET /healthz HTTP/1.1\r\nhost",
            "POST /form HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\ncontent-type: text/plain\r\n\r\nabc",
        ];
        let mut opening = JoinSet::new();
        for beginning in beginnings.into_iter().cycle().take(2000) {
            opening.spawn(open(address, beginning));
        }
        let slow = opening.join_all().await;
        let took = health(address).await;
        println!("{} slow connections, 500 places: /healthz answered after {took:?}", slow.len());
        // Two thousand at once fill the queue of the kernel, and what it drops is sent again after a second.
        assert!(took < Duration::from_secs(5), "{took:?}");
    }

    /// The buffers of the kernel fill up, and then nothing moves any more.
    #[tokio::test(flavor = "multi_thread")]
    async fn an_answer_that_nobody_reads_is_given_up() {
        let (address, _guard) = serving(3);
        let mut unread = open(address, "GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await;
        // Another request on the same connection could only be sent as long as it is there.
        let given_up = async {
            while unread.write_all(b"x").await.is_ok() {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(Duration::from_secs(20), given_up).await.expect("the connection is closed");
    }

    /// Who reads an answer keeps the connection, also when all places are taken.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_being_answered_is_not_cut() {
        let (address, _guard) = serving(3);
        let mut reading = open(address, "GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let mut chunk = vec![0; 1 << 16];
        reading.read_exact(&mut chunk).await.unwrap();
        for _ in 0..20 {
            open(address, "GET /").await;
        }
        health(address).await;
        for _ in 0..200 {
            reading.read_exact(&mut chunk).await.unwrap();
        }
    }
}
