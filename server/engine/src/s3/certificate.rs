//! Certificates of services, and authorities that are trusted in addition.

use std::{fmt, str::FromStr};

use thiserror::Error;
use tokio_rustls::rustls::{
    CertificateError, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// Why a service's certificate is not trusted.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateFault {
    /// Nobody known here has signed it.
    #[error(
        "{}",
        tr!(
            "The endpoint's certificate was signed by an authority that is not known here. If that is your own authority, enter its certificate as CA Certificate."
        )
    )]
    UnknownAuthority,
    /// It is another host's.
    #[error(
        "{}",
        tr!(
            "The endpoint's certificate is for another host name. Enter the name that is in the certificate, or have a certificate made for this one."
        )
    )]
    OtherName,
    /// Its time is over.
    #[error("{}", tr!("The endpoint's certificate has expired. Ask the operator of the S3 service to renew it."))]
    Expired,
    /// Its time has not begun.
    #[error(
        "{}",
        tr!(
            "The endpoint's certificate is not valid yet. Check this server's clock, or ask the operator of the service."
        )
    )]
    NotYetValid,
    /// Anything else.
    #[error("{}", tr!("The endpoint's certificate cannot be used. Ask the operator of the S3 service to replace it."))]
    Invalid,
}

impl CertificateFault {
    pub(super) fn of(error: &CertificateError) -> Self {
        match error {
            CertificateError::UnknownIssuer => Self::UnknownAuthority,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::OtherName,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYetValid,
            _ => Self::Invalid,
        }
    }

    /// Certificates are renewed by machines, and clocks are set by them.
    pub(super) fn is_about_time(self) -> bool {
        matches!(self, Self::Expired | Self::NotYetValid)
    }
}

/// The certificates of authorities, in PEM (RFC 7468), at least one: trusted in addition to those of the system.
#[derive(Clone, PartialEq, Eq)]
pub struct CaCertificate(String);

/// Text that holds no certificate.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error(
    "{}",
    tr!(
        "This is not a certificate in PEM format. Enter the authority's certificate, from \"-----BEGIN CERTIFICATE-----\" to \"-----END CERTIFICATE-----\"."
    )
)]
pub struct InvalidCaCertificate;

impl CaCertificate {
    /// The text, as it was entered.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CaCertificate {
    type Err = InvalidCaCertificate;

    fn from_str(pem: &str) -> Result<Self, Self::Err> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|_| InvalidCaCertificate)?;
            roots.add(certificate).map_err(|_| InvalidCaCertificate)?;
        }
        if roots.is_empty() { Err(InvalidCaCertificate) } else { Ok(Self(pem.to_owned())) }
    }
}

impl fmt::Debug for CaCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CaCertificate({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{CaCertificate, InvalidCaCertificate};

    #[test]
    fn only_certificates_are_taken() {
        let pem = include_str!("../../tests/engine/support/tls.pem");
        assert!(pem.parse::<CaCertificate>().is_ok());
        let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for bad in ["", "a certificate", empty, &pem[..200]] {
            assert_eq!(bad.parse::<CaCertificate>(), Err(InvalidCaCertificate), "{bad}");
        }
    }
}
