//! How the storage service keeps what is written to a repository.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    language::msgid,
    names::{name, no_control_characters},
    rule::{RuleError, length},
};

/// What is asked for with every object; where nothing is, the bucket decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectOptions {
    pub storage_class: Option<StorageClass>,
    pub encryption: Option<Encryption>,
}

/// S3's storage classes from which objects can be read at once:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StorageClass {
    StandardInfrequentAccess,
    OneZoneInfrequentAccess,
    IntelligentTiering,
    GlacierInstantRetrieval,
}

impl StorageClass {
    pub const ALL: [Self; 4] = [
        Self::StandardInfrequentAccess,
        Self::OneZoneInfrequentAccess,
        Self::IntelligentTiering,
        Self::GlacierInstantRetrieval,
    ];

    /// S3's name for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StandardInfrequentAccess => "STANDARD_IA",
            Self::OneZoneInfrequentAccess => "ONEZONE_IA",
            Self::IntelligentTiering => "INTELLIGENT_TIERING",
            Self::GlacierInstantRetrieval => "GLACIER_IR",
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::StandardInfrequentAccess => msgid("Standard, infrequent access"),
            Self::OneZoneInfrequentAccess => msgid("One zone, infrequent access"),
            Self::IntelligentTiering => msgid("Intelligent tiering"),
            Self::GlacierInstantRetrieval => msgid("Glacier, instant retrieval"),
        }
    }
}

impl FromStr for StorageClass {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|class| class.as_str() == text);
        found.ok_or(RuleError::Unlisted { field: msgid("Storage Class") })
    }
}

/// Encryption by the service, on top of Holdfast's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encryption {
    /// With keys of the storage service: SSE-S3.
    S3,
    /// With keys of a key management service: SSE-KMS. Without a key, its default one.
    Kms { key: Option<KmsKey> },
}

impl Encryption {
    /// S3's names for SSE-S3 and SSE-KMS.
    pub const SSE_S3: &'static str = "AES256";
    pub const SSE_KMS: &'static str = "aws:kms";

    /// What a form or a row says; `None` where nothing is asked for.
    pub fn parse(kind: &str, key: Option<KmsKey>) -> Result<Option<Self>, RuleError> {
        match kind {
            "" => Ok(None),
            Self::SSE_S3 => Ok(Some(Self::S3)),
            Self::SSE_KMS => Ok(Some(Self::Kms { key })),
            _ => Err(RuleError::Unlisted { field: msgid("Server-Side Encryption") }),
        }
    }

    /// S3's name for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::S3 => Self::SSE_S3,
            Self::Kms { .. } => Self::SSE_KMS,
        }
    }

    pub fn key(&self) -> Option<&KmsKey> {
        match self {
            Self::Kms { key } => key.as_ref(),
            Self::S3 => None,
        }
    }
}

name! {
    /// The id, ARN or alias of a key.
    KmsKey, |text| {
        length(msgid("KMS Key"), text, 1..=2048)?;
        no_control_characters(msgid("KMS Key"), text)?;
        if text.is_ascii() && !text.contains(' ') {
            return Ok(());
        }
        Err(RuleError::Characters { field: msgid("KMS Key"), allowed: msgid("letters, digits and punctuation, without spaces") })
    }
}
