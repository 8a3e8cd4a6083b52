//! The TLS of servers.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
    server::TlsStream,
};

/// A certificate for `db.holdfast.example`, its key, and the authority that signed it.
const PEM: &str = include_str!("tls.pem");

/// A server with a certificate and its key.
pub fn config(pem: &str) -> ServerConfig {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

/// Answers PostgreSQL's request for TLS that a client begins with.
pub async fn accept(client: &mut TcpStream) -> io::Result<TlsStream<&mut TcpStream>> {
    let mut asked = [0; 8];
    client.read_exact(&mut asked).await?;
    client.write_all(b"S").await?;
    TlsAcceptor::from(Arc::new(config(PEM))).accept(client).await
}
