//! A small S3 server inside the process, for the demo and for tests.
//!
//! It keeps objects as files below one folder, checks signatures against one pair of keys, and listens on loopback
//! only. It is no service for production: no replication, no access control beyond the keys.

mod files;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};

use hyper::{Request, body::Incoming, header::IF_NONE_MATCH, service::Service};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder as ConnectionBuilder,
};
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Mutex,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use self::files::Files;

/// The only region the server knows.
pub const REGION: &str = "us-east-1";

/// How the server is started.
#[derive(Clone)]
pub struct EmbeddedS3Config {
    /// Where buckets are kept; made when missing.
    pub folder: PathBuf,
    /// The access key's name.
    pub access_key_id: String,
    /// The secret key.
    pub secret_key: String,
    /// A loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
}

/// Why the server does not start.
#[derive(Debug, Error)]
pub enum EmbeddedS3Error {
    /// Objects would be reachable from other machines.
    #[error("The embedded S3 server listens on loopback only, not on {0}.")]
    NotLoopback(SocketAddr),
    /// The folder cannot be made or used.
    #[error("The folder \"{}\" cannot be used for the embedded S3 server: {cause}.", .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The operating system's answer.
        cause: io::Error,
    },
    /// The address is taken or not ours.
    #[error("The embedded S3 server cannot listen on {address}: {cause}.")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's answer.
        cause: io::Error,
    },
}

/// A running server. Dropping it stops it.
pub struct EmbeddedS3 {
    address: SocketAddr,
    stop: CancellationToken,
    connections: TaskTracker,
}

impl EmbeddedS3 {
    /// Starts the server on the current tokio runtime.
    pub async fn start(config: EmbeddedS3Config) -> Result<Self, EmbeddedS3Error> {
        if !config.listen.ip().is_loopback() {
            return Err(EmbeddedS3Error::NotLoopback(config.listen));
        }
        let service = Turns { service: service(&config)?, writes: Arc::default() };
        let listen_error = |cause| EmbeddedS3Error::Listen { address: config.listen, cause };
        let listener = TcpListener::bind(config.listen).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;

        let stop = CancellationToken::new();
        let connections = TaskTracker::new();
        connections.spawn(accept(listener, service, stop.clone(), connections.clone()));
        Ok(Self { address, stop, connections })
    }

    /// The server's address, as a client's endpoint.
    ///
    /// # Panics
    /// Never: a socket address makes a URL.
    pub fn endpoint(&self) -> Url {
        Url::parse(&format!("http://{}", self.address)).expect("a socket address makes a URL")
    }

    /// Stops listening, cuts all connections, and returns when they are closed.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.connections.close();
        self.connections.wait().await;
    }
}

impl Drop for EmbeddedS3 {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn service(config: &EmbeddedS3Config) -> Result<S3Service, EmbeddedS3Error> {
    let folder_error = |cause| EmbeddedS3Error::Folder { folder: config.folder.clone(), cause };
    std::fs::create_dir_all(&config.folder).map_err(folder_error)?;
    let files = Files::new(&config.folder).map_err(|error| folder_error(io::Error::other(format!("{error:?}"))))?;
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(config.access_key_id.clone(), config.secret_key.clone()));
    Ok(builder.build())
}

/// The file system's service looks first and writes then, so what is written only where nothing is goes one after the
/// other.
#[derive(Clone)]
struct Turns {
    service: S3Service,
    writes: Arc<Mutex<()>>,
}

impl Turns {
    async fn answer(self, request: Request<Incoming>) -> Result<s3s::HttpResponse, s3s::HttpError> {
        let conditional = request.headers().contains_key(IF_NONE_MATCH);
        let _turn = if conditional { Some(self.writes.lock().await) } else { None };
        Service::call(&self.service, request).await
    }
}

async fn accept(listener: TcpListener, service: Turns, stop: CancellationToken, connections: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, _)) => {
                connections.spawn(serve(socket, service.clone(), stop.clone()));
            }
            Err(error) => tracing::warn!(%error, "embedded S3: a connection was not accepted"),
        }
    }
}

async fn serve(socket: TcpStream, turns: Turns, stop: CancellationToken) {
    // Without it each small answer waits 40 ms for the client's delayed acknowledgement.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "embedded S3: TCP_NODELAY not set");
    }
    let server = ConnectionBuilder::new(TokioExecutor::new());
    let service = hyper::service::service_fn(|request| turns.clone().answer(request));
    let connection = server.serve_connection(TokioIo::new(socket), service);
    tokio::select! {
        () = stop.cancelled() => {}
        result = connection => if let Err(error) = result {
            tracing::debug!(error, "embedded S3: a connection ended early");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EmbeddedS3, EmbeddedS3Config, EmbeddedS3Error};

    fn config(folder: &std::path::Path, listen: &str) -> EmbeddedS3Config {
        EmbeddedS3Config {
            folder: folder.join("s3"),
            access_key_id: "AKID".into(),
            secret_key: "secret".into(),
            listen: listen.parse().unwrap(),
        }
    }

    #[tokio::test]
    async fn it_listens_on_loopback_only() {
        let folder = tempfile::tempdir().unwrap();
        let refused = EmbeddedS3::start(config(folder.path(), "0.0.0.0:0")).await;
        assert!(matches!(refused, Err(EmbeddedS3Error::NotLoopback(_))));
    }

    #[tokio::test]
    async fn after_its_shutdown_nobody_answers() {
        let folder = tempfile::tempdir().unwrap();
        let server = EmbeddedS3::start(config(folder.path(), "127.0.0.1:0")).await.unwrap();
        let address = server.endpoint().socket_addrs(|| None).unwrap()[0];
        assert!(tokio::net::TcpStream::connect(address).await.is_ok());
        server.shutdown().await;
        assert!(tokio::net::TcpStream::connect(address).await.is_err());
    }
}
