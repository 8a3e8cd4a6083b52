//! How a service is connected to, where the endpoint alone does not say it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    form::FormCheck,
    language::msgid,
    names::name,
    rule::{RuleError, length},
};

/// Where a request names its bucket:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "columns", derive(sea_orm::DeriveValueType), sea_orm(value_type = "String"))]
pub enum Addressing {
    /// As the service wants it.
    #[default]
    Automatic,
    /// In the path: `https://s3.example.com/bucket`.
    Path,
    /// In the host name: `https://bucket.s3.example.com`.
    Host,
}

impl Addressing {
    pub const ALL: [Self; 3] = [Self::Automatic, Self::Path, Self::Host];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Path => "path",
            Self::Host => "host",
        }
    }

    /// For people, to be translated.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Automatic => msgid("Automatic"),
            Self::Path => msgid("Bucket in the path"),
            Self::Host => msgid("Bucket in the host name"),
        }
    }
}

impl std::fmt::Display for Addressing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Nothing is [`Addressing::Automatic`].
impl FromStr for Addressing {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self::Automatic);
        }
        let found = Self::ALL.into_iter().find(|addressing| addressing.as_str() == text);
        found.ok_or(RuleError::Unlisted { field: msgid("Addressing") })
    }
}

name! {
    /// Certificates of authorities in PEM (RFC 7468), at most 64 KiB. Whether they are any is for the server to say; that
    /// this is no private key is known here.
    CaCertificate, |text| {
        length(msgid("CA Certificate"), text, 1..=64 * 1024)?;
        if text.contains("PRIVATE KEY-----") {
            return Err(RuleError::CertificateIsKey);
        }
        if text.contains("-----BEGIN CERTIFICATE-----") { Ok(()) } else { Err(RuleError::Certificate) }
    }
}

/// Both of them, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    pub addressing: Addressing,
    pub ca_certificate: Option<CaCertificate>,
}

impl Connection {
    /// From what was typed into the two fields; an empty one means the usual.
    pub(super) fn parse(check: &mut FormCheck, addressing: &str, ca_certificate: &str) -> Option<Self> {
        let addressing = check.field("addressing", addressing.parse());
        let typed = Some(ca_certificate).filter(|typed| !typed.trim().is_empty());
        let ca_certificate = check.field("ca_certificate", typed.map(CaCertificate::parse).transpose());
        Some(Self { addressing: addressing?, ca_certificate: ca_certificate? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_told_from_a_certificate() {
        let certificate = "-----BEGIN CERTIFICATE-----\r\nMIIB\r\n-----END CERTIFICATE-----\r\n";
        assert!(CaCertificate::parse(certificate).is_ok());
        let both = format!("{certificate}-----BEGIN EC PRIVATE KEY-----\n");
        assert_eq!(CaCertificate::parse(&both), Err(RuleError::CertificateIsKey));
        assert_eq!(CaCertificate::parse("MIIB"), Err(RuleError::Certificate));
    }

    #[test]
    fn addressing_is_automatic_unless_it_is_chosen() {
        assert_eq!("".parse(), Ok(Addressing::Automatic));
        for addressing in Addressing::ALL {
            assert_eq!(addressing.as_str().parse(), Ok(addressing));
        }
        assert!("Path".parse::<Addressing>().is_err());
    }
}
