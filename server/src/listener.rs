//! The loop that takes connections in, and lets them end.

use std::{net::SocketAddr, time::Duration};

use axum::{Extension, Router, extract::ConnectInfo};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Layer;

/// How long a client may take to send a request's head, and an open connection may stay idle.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Most bytes of a request's head that are buffered. A head that ends within twice as many may still pass, because the
/// buffer is measured before each read.
const HEAD_BYTES: usize = 32 * 1024;
/// Most header lines of a request.
const HEADERS: usize = 100;

/// Serves until `stop`, then lets requests end for at most `grace`, then cuts what is left.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken, grace: Duration) {
    let graceful = GracefulShutdown::new();
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => connect(socket, peer, &router, &graceful, &connections, cut.clone()),
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
    connections.close();
    connections.wait().await;
}

fn connect(
    socket: TcpStream,
    peer: SocketAddr,
    router: &Router,
    graceful: &GracefulShutdown,
    connections: &TaskTracker,
    cut: CancellationToken,
) {
    // Without it a streamed page waits 40 ms for the client's delayed acknowledgement.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY not set");
    }
    let service = TowerToHyperService::new(Extension(ConnectInfo(peer)).layer(router.clone()));
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS);
    let connection = graceful.watch(builder.serve_connection(TokioIo::new(socket), service).into_owned());
    connections.spawn(async move {
        tokio::select! {
            () = cut.cancelled() => {}
            result = connection => if let Err(error) = result {
                tracing::debug!(error, "a connection ended early");
            }
        }
    });
}
