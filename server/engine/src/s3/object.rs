//! Writing, reading, listing and deleting objects.

use std::{ops::Range, time::Duration};

use aws_sdk_s3::{
    Config, config, error::ProvideErrorMetadata, operation::get_object::GetObjectOutput, primitives::ByteStream,
};
use bytes::Bytes;

use super::{
    ObjectOptions, S3, S3Error, Unreachable,
    classify::Call,
    connect::timeouts,
    upload::{SignedHash, Slowed},
};

/// One try, and all tries, of a call that moves no data to speak of.
const QUICK_ATTEMPT: Duration = Duration::from_secs(20);
const QUICK: Duration = Duration::from_mins(2);
/// An object that is written as fast as any other call is answered.
const SMALL: usize = 256 << 10;
/// All tries of reading one object or a part of it.
const READ: Duration = Duration::from_mins(12);
/// How often a body that breaks off is asked for again. The SDK repeats only what fails before the body.
const BODY_ATTEMPTS: u32 = 6;
const BODY_PAUSE: Duration = Duration::from_millis(300);

/// An object in a list.
pub(crate) struct Listed {
    pub(crate) key: String,
    pub(crate) size: u64,
}

/// How a service takes what is written to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    Fine,
    /// It asked for fewer requests.
    TooFast,
}

impl S3 {
    /// Writes an object; it is durable when this returns.
    pub(crate) async fn put(
        &self,
        bucket: &str,
        key: &str,
        content: Bytes,
        options: &ObjectOptions,
    ) -> Result<(), S3Error> {
        self.put_paced(bucket, key, content, options, None).await.0
    }

    /// Writes an object whose SHA-256, in hexadecimal digits, may be known; it is durable when this succeeds.
    pub(crate) async fn put_paced(
        &self,
        bucket: &str,
        key: &str,
        content: Bytes,
        options: &ObjectOptions,
        sha256: Option<&str>,
    ) -> (Result<(), S3Error>, Pace) {
        let action = format!("write to the bucket \"{bucket}\"");
        let call = Call { action: &action, bucket, key };
        let patience = if content.len() <= SMALL { quick() } else { Config::builder() };
        let client = match self.client() {
            Ok(client) => client,
            Err(error) => return (Err(error), Pace::Fine),
        };
        let slowed = Slowed::default();
        let request = client.put_object().bucket(bucket).key(key).body(ByteStream::from(content));
        let mut request = options.apply(request).customize().config_override(patience).interceptor(slowed.clone());
        if let Some(sha256) = sha256 {
            request = request.interceptor(SignedHash(sha256.to_owned()));
        }
        let done = request.send().await.map(drop).map_err(|error| call.failed(&error));
        (done, if slowed.seen() { Pace::TooFast } else { Pace::Fine })
    }

    /// Writes an object unless there is one. False when there is one with other content.
    pub(crate) async fn create(
        &self,
        bucket: &str,
        key: &str,
        content: Bytes,
        options: &ObjectOptions,
    ) -> Result<bool, S3Error> {
        let action = format!("write to the bucket \"{bucket}\"");
        let call = Call { action: &action, bucket, key };
        let body = ByteStream::from(content.clone());
        let request = self.client()?.put_object().bucket(bucket).key(key).body(body).if_none_match("*");
        let Err(error) = options.apply(request).send().await else { return Ok(true) };
        match error.code() {
            // Also the answer to the second try of a request whose first answer was lost.
            Some("PreconditionFailed" | "ConditionalRequestConflict") => {
                Ok(self.get(bucket, key, None).await? == content)
            }
            // Services that know no conditional writes.
            Some("NotImplemented") => self.put(bucket, key, content, options).await.map(|()| true),
            _ => Err(call.failed(&error)),
        }
    }

    /// Reads an object or a range of it. A range that goes beyond its end is cut there.
    pub(crate) async fn get(&self, bucket: &str, key: &str, range: Option<Range<u64>>) -> Result<Bytes, S3Error> {
        let work = async {
            let mut attempt = 1;
            loop {
                let output = self.begin_get(bucket, key, range.as_ref()).await?;
                match output.body.collect().await {
                    Ok(body) => return Ok(body.into_bytes()),
                    Err(_) if attempt < BODY_ATTEMPTS => tokio::time::sleep(BODY_PAUSE * attempt).await,
                    Err(_) => return Err(Unreachable::Connection.into()),
                }
                attempt += 1;
            }
        };
        tokio::time::timeout(READ, work).await.unwrap_or(Err(Unreachable::TimedOut.into()))
    }

    async fn begin_get(&self, bucket: &str, key: &str, range: Option<&Range<u64>>) -> Result<GetObjectOutput, S3Error> {
        let action = format!("read from the bucket \"{bucket}\"");
        let call = Call { action: &action, bucket, key };
        let range = range.map(|range| format!("bytes={}-{}", range.start, range.end - 1));
        let request = self.client()?.get_object().bucket(bucket).key(key).set_range(range);
        request.send().await.map_err(|error| call.failed(&error))
    }

    /// All objects whose keys begin with `prefix`.
    pub(crate) async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Listed>, S3Error> {
        let action = format!("list the bucket \"{bucket}\"");
        let call = Call { action: &action, bucket, key: prefix };
        let mut objects = Vec::new();
        let mut from = None;
        loop {
            let request = self.client()?.list_objects_v2().bucket(bucket).prefix(prefix).set_continuation_token(from);
            let page = request.customize().config_override(quick()).send().await;
            let page = page.map_err(|error| call.failed(&error))?;
            let sized = |object: aws_sdk_s3::types::Object| {
                let size = object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
                object.key.map(|key| Listed { key, size })
            };
            from = page.next_continuation_token;
            objects.extend(page.contents.unwrap_or_default().into_iter().filter_map(sized));
            if from.is_none() {
                return Ok(objects);
            }
        }
    }

    /// Deletes an object. One that is not there is fine.
    pub(crate) async fn delete(&self, bucket: &str, key: &str) -> Result<(), S3Error> {
        let action = format!("delete from the bucket \"{bucket}\"");
        let call = Call { action: &action, bucket, key };
        let request = self.client()?.delete_object().bucket(bucket).key(key);
        match request.customize().config_override(quick()).send().await.map_err(|error| call.failed(&error)) {
            Ok(_) | Err(S3Error::NoSuchObject { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The configuration of a call that moves no data to speak of.
pub(super) fn quick() -> config::Builder {
    Config::builder().timeout_config(timeouts(QUICK_ATTEMPT, QUICK))
}
