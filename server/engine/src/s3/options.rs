//! How a service keeps what is written to it.

use aws_sdk_s3::{
    operation::put_object::builders::PutObjectFluentBuilder,
    types::{ServerSideEncryption, StorageClass},
};
use thiserror::Error;

/// What is asked for with each object that is written:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>. Where nothing is, the bucket decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectOptions {
    /// S3's name of a storage class from which objects can be read at once, such as `STANDARD_IA`.
    pub storage_class: Option<String>,
    /// How the service encrypts them, on top of the repository's own encryption.
    pub encryption: Option<Encryption>,
}

/// Encryption by the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// With keys of the storage service: SSE-S3.
    S3,
    /// With keys of the key management service: SSE-KMS.
    Kms {
        /// The key's id, ARN or alias; the account's default key when it is absent.
        key: Option<String>,
    },
}

/// Which of the [`ObjectOptions`] a service cannot do, as the object of a sentence.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ObjectOption {
    /// The storage class.
    #[error("{}", tr!("a storage class"))]
    StorageClass,
    /// The encryption.
    #[error("{}", tr!("this encryption"))]
    Encryption,
    /// Neither of them, or not both at once.
    #[error("{}", tr!("a storage class and this encryption"))]
    Both,
}

impl ObjectOptions {
    /// The same in the bucket's own storage class: for what is read often.
    pub(crate) fn without_class(&self) -> Self {
        Self { storage_class: None, encryption: self.encryption.clone() }
    }

    pub(super) fn apply(&self, request: PutObjectFluentBuilder) -> PutObjectFluentBuilder {
        let (encryption, key) = match &self.encryption {
            None => (None, None),
            Some(Encryption::S3) => (Some(ServerSideEncryption::Aes256), None),
            Some(Encryption::Kms { key }) => (Some(ServerSideEncryption::AwsKms), key.clone()),
        };
        request
            .set_storage_class(self.storage_class.as_deref().map(StorageClass::from))
            .set_server_side_encryption(encryption)
            .set_ssekms_key_id(key)
    }
}
