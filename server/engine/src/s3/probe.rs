//! Proving that a bucket can be worked with.

use bytes::Bytes;
use rand::Rng;

use super::{ObjectOption, ObjectOptions, Part, S3, S3Error, bucket::folder};

impl S3 {
    /// Writes an object below `prefix` as `options` say, reads it back, compares and deletes it.
    ///
    /// # Errors
    /// [`S3Error::Unsupported`] where the service would take the object without its options;
    /// [`S3Error::ProbeLeft`] where it is still there.
    pub async fn probe(&self, bucket: &str, prefix: &str, options: &ObjectOptions) -> Result<(), S3Error> {
        let key = probe_key(prefix);
        let written = content(&key);
        if let Err(error) = self.put(bucket, &key, written.clone(), options).await {
            return Err(self.blamed(bucket, prefix, options, error).await);
        }
        let read = self.get(bucket, &key, Part::Whole(written.len())).await;
        self.delete_probe(bucket, &key).await?;
        if read? == written { Ok(()) } else { Err(S3Error::Corrupted { key }) }
    }

    /// Which option is to blame for `error`, learnt by writing with less of them; `error` itself where none is.
    async fn blamed(&self, bucket: &str, prefix: &str, options: &ObjectOptions, error: S3Error) -> S3Error {
        let Some(code) = refused_option(&error) else { return error };
        let ObjectOptions { storage_class, encryption } = options;
        let class_alone = ObjectOptions { storage_class: storage_class.clone(), encryption: None };
        let taken = async |options: &ObjectOptions| self.takes(bucket, prefix, options).await;
        let blamed = async {
            if !taken(&ObjectOptions::default()).await? {
                return Ok(None);
            }
            Ok::<_, S3Error>(match (storage_class, encryption) {
                (None, None) => None,
                (Some(_), None) => Some(ObjectOption::StorageClass),
                (None, Some(_)) => Some(ObjectOption::Encryption),
                (Some(_), Some(_)) => match (taken(&class_alone).await?, taken(&options.without_class()).await?) {
                    (true, false) => Some(ObjectOption::Encryption),
                    (false, true) => Some(ObjectOption::StorageClass),
                    (true, true) | (false, false) => Some(ObjectOption::Both),
                },
            })
        };
        match blamed.await {
            Ok(Some(option)) => S3Error::Unsupported { option, code },
            Ok(None) => error,
            Err(other) => other,
        }
    }

    /// Whether the service takes an object with these options.
    async fn takes(&self, bucket: &str, prefix: &str, options: &ObjectOptions) -> Result<bool, S3Error> {
        let key = probe_key(prefix);
        match self.put(bucket, &key, content(&key), options).await {
            Ok(()) => self.delete_probe(bucket, &key).await.map(|()| true),
            Err(error) if error.is_transient() => Err(error),
            Err(_) => Ok(false),
        }
    }

    async fn delete_probe(&self, bucket: &str, key: &str) -> Result<(), S3Error> {
        let deleted = self.delete(bucket, key).await;
        deleted.map_err(|cause| S3Error::ProbeLeft { key: key.to_owned(), cause: Box::new(cause) })
    }
}

/// The code of a refusal that may be about the options: services that do not know them use general ones.
fn refused_option(error: &S3Error) -> Option<String> {
    match error {
        S3Error::Refused { code, .. }
            if matches!(code.as_str(), "InvalidArgument" | "InvalidRequest" | "NotImplemented") =>
        {
            Some(code.clone())
        }
        _ => None,
    }
}

/// The key of a new object below `prefix`.
fn probe_key(prefix: &str) -> String {
    let mut token = [0_u8; 16];
    rand::rng().fill(&mut token);
    format!("{}holdfast-probe-{:032x}", folder(prefix), u128::from_be_bytes(token))
}

fn content(key: &str) -> Bytes {
    Bytes::from(format!("Holdfast checks its access to this bucket. {key}\n"))
}
