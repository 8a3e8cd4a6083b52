//! Are these keys good?

use std::time::Duration;

use aws_sdk_s3::{Config, config::retry::RetryConfig};

use super::{S3, S3Error, Unreachable, classify::Call, connect::timeouts};
use crate::translation::msgid;

/// A person waits for the answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// The outcome of a key check that found a working service and valid keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCheck {
    /// The keys are valid and may list buckets.
    Valid,
    /// The keys are valid but may not list buckets. They may still be enough for a bucket that exists.
    MayNotListBuckets,
}

impl S3 {
    /// Asks the service for the list of buckets, within 10 seconds and with one more try at most. Where what answers is no
    /// S3 service, it may take 3 seconds more to learn what is wrong with the endpoint.
    ///
    /// # Errors
    /// [`S3Error::NotS3`] says what is wrong with the endpoint, and the right form where it is known.
    pub async fn check_keys(&self) -> Result<KeyCheck, S3Error> {
        let Err(error) = self.list_buckets(DEADLINE).await else { return Ok(KeyCheck::Valid) };
        match self.diagnosed(error).await {
            S3Error::AccessDenied { .. } => Ok(KeyCheck::MayNotListBuckets),
            error => Err(error),
        }
    }

    pub(super) async fn list_buckets(&self, deadline: Duration) -> Result<(), S3Error> {
        let call = Call { action: msgid("list buckets"), ..Call::default() };
        let patience = Config::builder()
            .timeout_config(timeouts(deadline, deadline))
            .retry_config(RetryConfig::standard().with_max_attempts(2).with_max_backoff(Duration::from_millis(500)));
        let listed = self.client()?.list_buckets().customize().config_override(patience).send();
        // The deadline of the SDK does not cover its own work before the first try.
        let listed = tokio::time::timeout(deadline, listed).await.map_err(|_| Unreachable::TimedOut)?;
        listed.map(drop).map_err(|error| call.failed(&error))
    }
}
