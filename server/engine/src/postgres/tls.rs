//! TLS on a connection to a PostgreSQL server
//! (<https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL>).

use std::{io, net::IpAddr, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
        client::{
            WebPkiServerVerifier,
            danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        },
        crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    },
};

use super::{PostgresDatabase, PostgresError, Result, SslMode, program::authorities};

/// The code 80877103 in a message without a type.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// A connection that the server's messages come from.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Encrypts the connection as the database's mode says. [`PostgresError::NoServer`] where what answers is no PostgreSQL
/// server.
pub(super) async fn secure(
    mut stream: TcpStream,
    database: &PostgresDatabase,
    address: IpAddr,
) -> Result<Box<dyn Stream>> {
    if matches!(database.ssl_mode, SslMode::Disable | SslMode::Allow) {
        return Ok(Box::new(stream));
    }
    // One byte and no more: what follows it belongs to TLS, or was slipped in by somebody in between.
    let asked = async {
        stream.write_all(&SSL_REQUEST).await?;
        stream.read_u8().await
    };
    match asked.await {
        Ok(b'S') => {}
        Ok(b'N') if database.ssl_mode == SslMode::Prefer => return Ok(Box::new(stream)),
        Ok(b'N') => return Err(PostgresError::Tls { detail: tr!("the server does not offer TLS") }),
        Ok(_) | Err(_) => return Err(database.no_server()),
    }
    encrypt(stream, database, address, roots).await.map(|stream| Box::new(stream) as Box<dyn Stream>)
}

/// `roots` gives the known authorities, for the modes that ask them.
async fn encrypt(
    stream: TcpStream,
    database: &PostgresDatabase,
    address: IpAddr,
    roots: fn() -> Roots,
) -> Result<TlsStream<TcpStream>> {
    let unusable = |detail: String| PostgresError::Tls { detail };
    let config = config(database.ssl_mode, roots).await.map_err(unusable)?;
    let written = ServerName::try_from(database.host.clone());
    let name = match database.ssl_mode {
        SslMode::VerifyFull => written.map_err(|error| unusable(error.to_string()))?,
        _ => written.unwrap_or_else(|_| ServerName::from(address)),
    };
    let encrypted = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    encrypted.map_err(|error| failed(&error, database))
}

/// The known authorities, or what is wrong with them.
type Roots = std::result::Result<RootCertStore, String>;

fn failed(error: &io::Error, database: &PostgresDatabase) -> PostgresError {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => PostgresError::Tls { detail: error.to_string() },
        _ => database.broken(),
    }
}

async fn config(mode: SslMode, roots: fn() -> Roots) -> std::result::Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let verifier: Arc<dyn ServerCertVerifier> = if mode.verifies() {
        let roots = tokio::task::spawn_blocking(roots).await.map_err(|error| error.to_string())??;
        let known = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        let known = known.map_err(|error| error.to_string())?;
        if mode == SslMode::VerifyFull { known } else { Arc::new(AnyName(known)) }
    } else {
        Arc::new(Anybody(provider))
    };
    Ok(config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// The authorities that `pg_dump` is told, too.
fn roots() -> Roots {
    let file = authorities().ok_or_else(|| tr!("this system has no list of certification authorities"))?;
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(&file).map_err(|error| error.to_string())?;
    // A list may hold certificates of old kinds that nothing here can check.
    roots.add_parsable_certificates(certificates.flatten());
    if roots.is_empty() { Err(tr!("the list of certification authorities holds none")) } else { Ok(roots) }
}

/// For the modes that encrypt without asking who is there, as libpq does.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// For `verify-ca`: a certificate of a known authority, whatever name it is for.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        // The name is looked at last, after the chain and the times.
        match self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(TlsError::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio_rustls::{
        TlsAcceptor,
        rustls::{ServerConfig, pki_types::PrivateKeyDer},
    };

    use super::*;
    use crate::NetworkPolicy;

    /// A certificate for `db.holdfast.example`, its key, and the authority that signed it.
    const PEM: &[u8] = include_bytes!("../../tests/engine/support/tls.pem");

    fn certificates() -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(PEM).collect::<std::result::Result<_, _>>().unwrap()
    }

    fn own_authority() -> Roots {
        let mut roots = RootCertStore::empty();
        roots.add(certificates().remove(1)).map_err(|error| error.to_string())?;
        Ok(roots)
    }

    async fn encrypted(host: &str, ssl_mode: SslMode, roots: fn() -> Roots) -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificates().remove(0)], PrivateKeyDer::from_pem_slice(PEM).unwrap())
            .unwrap();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            TlsAcceptor::from(Arc::new(config)).accept(stream).await
        });
        let database = PostgresDatabase {
            host: host.into(),
            port: address.port(),
            database: "any".into(),
            user: "any".into(),
            password: None,
            ssl_mode,
            network: NetworkPolicy::default(),
        };
        let stream = TcpStream::connect(address).await.unwrap();
        encrypt(stream, &database, address.ip(), roots).await.map(drop)
    }

    #[tokio::test]
    async fn certificates_are_checked_as_the_mode_says() {
        const RIGHT: &str = "db.holdfast.example";
        const OTHER: &str = "other.holdfast.example";
        encrypted(RIGHT, SslMode::VerifyFull, own_authority).await.unwrap();
        encrypted(OTHER, SslMode::VerifyCa, own_authority).await.unwrap();
        encrypted("10.0.0.5", SslMode::VerifyCa, own_authority).await.unwrap();
        encrypted(OTHER, SslMode::Require, roots).await.unwrap();
        encrypted(OTHER, SslMode::Prefer, roots).await.unwrap();
        for (host, mode, roots) in [
            (OTHER, SslMode::VerifyFull, own_authority as fn() -> Roots),
            ("10.0.0.5", SslMode::VerifyFull, own_authority),
            (RIGHT, SslMode::VerifyFull, roots),
            (RIGHT, SslMode::VerifyCa, roots),
        ] {
            let error = encrypted(host, mode, roots).await.unwrap_err();
            assert!(matches!(error, PostgresError::Tls { .. }), "{host} {mode:?}: {error}");
        }
    }
}
