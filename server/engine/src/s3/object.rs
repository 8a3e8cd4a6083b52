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
    limit::ObjectLimit,
    upload::{SignedHash, Slowed},
};
use crate::translation::msgid;

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

/// What is read of an object.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// All of it, which is refused where it has more than so many bytes.
    Whole(usize),
    /// These bytes. A range that goes beyond the object's end is cut there.
    Range(Range<u64>),
}

impl Part {
    /// Bytes that an answer may have.
    fn most(&self) -> usize {
        match self {
            Self::Whole(most) => *most,
            Self::Range(range) => usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX),
        }
    }

    /// The request's `Range` (RFC 9110, section 14.2).
    fn header(&self) -> Option<String> {
        match self {
            Self::Whole(_) => None,
            Self::Range(range) => Some(format!("bytes={}-{}", range.start, range.end - 1)),
        }
    }

    /// Whether an answer with this `Content-Range` begins where it should. Without one it begins at 0.
    fn begins(&self, content_range: Option<&str>) -> bool {
        let first = content_range.map_or(Some(0), |range| {
            range.trim_start().strip_prefix("bytes")?.trim_start().split('-').next()?.parse::<u64>().ok()
        });
        match self {
            Self::Whole(_) => content_range.is_none() || first == Some(0),
            Self::Range(range) => first == Some(range.start),
        }
    }
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
        self.put_paced(bucket, key, content, options, None, &Slowed::default()).await
    }

    /// Writes an object whose SHA-256, in hexadecimal digits, may be known; it is durable when this succeeds. Notes whether
    /// the service is `slowed`.
    pub(crate) async fn put_paced(
        &self,
        bucket: &str,
        key: &str,
        content: Bytes,
        options: &ObjectOptions,
        sha256: Option<&str>,
        slowed: &Slowed,
    ) -> Result<(), S3Error> {
        let call = Call { action: msgid("write to the bucket \"{}\""), bucket, key };
        let patience = if content.len() <= SMALL { quick() } else { Config::builder() };
        let request = self.client()?.put_object().bucket(bucket).key(key).body(ByteStream::from(content));
        let mut request = options.apply(request).customize().config_override(patience).interceptor(slowed.clone());
        if let Some(sha256) = sha256 {
            request = request.interceptor(SignedHash(sha256.to_owned()));
        }
        request.send().await.map(drop).map_err(|error| call.failed(&error))
    }

    /// Writes an object unless there is one. False when there is one with other content.
    pub(crate) async fn create(
        &self,
        bucket: &str,
        key: &str,
        content: Bytes,
        options: &ObjectOptions,
    ) -> Result<bool, S3Error> {
        let call = Call { action: msgid("write to the bucket \"{}\""), bucket, key };
        let body = ByteStream::from(content.clone());
        let request = self.client()?.put_object().bucket(bucket).key(key).body(body).if_none_match("*");
        let Err(error) = options.apply(request).send().await else { return Ok(true) };
        match error.code() {
            // Also the answer to the second try of a request whose first answer was lost.
            Some("PreconditionFailed" | "ConditionalRequestConflict") => {
                Ok(self.get(bucket, key, Part::Whole(content.len() + SMALL)).await? == content)
            }
            // Services that know no conditional writes.
            Some("NotImplemented") => self.put(bucket, key, content, options).await.map(|()| true),
            _ => Err(call.failed(&error)),
        }
    }

    /// Reads an object or a part of it. An answer that holds more, or another part, is refused.
    pub(crate) async fn get(&self, bucket: &str, key: &str, part: Part) -> Result<Bytes, S3Error> {
        let call = Call { action: msgid("read from the bucket \"{}\""), bucket, key };
        if part.most() == 0 {
            return Ok(Bytes::new());
        }
        let work = async {
            let mut attempt = 1;
            loop {
                let output = self.begin_get(call, &part).await?;
                match output.body.collect().await.map_err(|error| call.broken_body(&error)) {
                    Ok(body) => return Ok(body.into_bytes()),
                    Err(S3Error::Unreachable(_)) if attempt < BODY_ATTEMPTS => {
                        tokio::time::sleep(BODY_PAUSE * attempt).await;
                    }
                    Err(error) => return Err(error),
                }
                attempt += 1;
            }
        };
        let deadline = if part.most() <= SMALL { QUICK } else { READ };
        tokio::time::timeout(deadline, work).await.unwrap_or(Err(Unreachable::TimedOut.into()))
    }

    async fn begin_get(&self, call: Call<'_>, part: &Part) -> Result<GetObjectOutput, S3Error> {
        let request = self.client()?.get_object().bucket(call.bucket).key(call.key).set_range(part.header());
        let patience = if part.most() <= SMALL { quick() } else { Config::builder() };
        let request = request.customize().config_override(patience).interceptor(ObjectLimit(part.most()));
        let output = request.send().await.map_err(|error| call.failed(&error))?;
        if part.begins(output.content_range()) {
            Ok(output)
        } else {
            Err(call.wrong_answer(msgid("it is another part of the object")))
        }
    }

    /// Deletes an object. One that is not there is fine.
    pub(crate) async fn delete(&self, bucket: &str, key: &str) -> Result<(), S3Error> {
        let call = Call { action: msgid("delete from the bucket \"{}\""), bucket, key };
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
