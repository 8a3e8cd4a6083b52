//! Things that answer at an endpoint and are no S3 service.

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::tls;

/// Answers every request with `response`, which is a whole HTTP response.
pub async fn answering(response: &'static str) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 8192];
                if socket.read(&mut request).await.is_ok() {
                    let _ = socket.write_all(response.as_bytes()).await;
                }
            });
        }
    });
    Url::parse(&format!("http://{address}")).unwrap()
}

/// The service at `to` behind TLS, with a certificate and its key.
pub async fn encrypted(pem: &str, to: &Url) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (acceptor, to) = (TlsAcceptor::from(Arc::new(tls::config(pem))), to.socket_addrs(|| None).unwrap()[0]);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(socket).await else { return };
                let mut server = TcpStream::connect(to).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    Url::parse(&format!("https://localhost:{port}")).unwrap()
}

/// Accepts connections and says nothing.
pub async fn silent() -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            kept.push(socket);
        }
    });
    Url::parse(&format!("http://{address}")).unwrap()
}

/// A port at which nothing listens.
pub async fn closed() -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap()
}
