//! TLS on a connection to a PostgreSQL server
//! (<https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL>).

use std::{io, net::IpAddr, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
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
        Ok(b'N') => return Err(PostgresError::Tls { detail: "the server does not offer TLS".into() }),
        Ok(_) | Err(_) => return Err(database.no_server()),
    }
    let config = config(database.ssl_mode).await.map_err(|detail| PostgresError::Tls { detail })?;
    let name = match database.ssl_mode {
        SslMode::VerifyFull => ServerName::try_from(database.host.clone())
            .map_err(|error| PostgresError::Tls { detail: error.to_string() })?,
        _ => ServerName::try_from(database.host.clone()).unwrap_or_else(|_| ServerName::from(address)),
    };
    let secured = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    secured.map(|stream| Box::new(stream) as Box<dyn Stream>).map_err(|error| failed(&error, database))
}

fn failed(error: &io::Error, database: &PostgresDatabase) -> PostgresError {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => PostgresError::Tls { detail: error.to_string() },
        _ => database.broken(),
    }
}

async fn config(mode: SslMode) -> std::result::Result<ClientConfig, String> {
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
fn roots() -> std::result::Result<RootCertStore, String> {
    let file = authorities().ok_or("this system has no list of certification authorities")?;
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(&file).map_err(|error| error.to_string())?;
    // A list may hold certificates of old kinds that nothing here can check.
    roots.add_parsable_certificates(certificates.flatten());
    if roots.is_empty() { Err("the list of certification authorities holds none".into()) } else { Ok(roots) }
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
