//! Are these keys good?

use std::time::Duration;

use aws_sdk_s3::{Config, config::retry::RetryConfig};

use super::{S3, S3Error, Unreachable, classify::Call, connect::timeouts};

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
    /// Asks the service for the list of buckets, within 10 seconds and with one more try at most.
    pub async fn check_keys(&self) -> Result<KeyCheck, S3Error> {
        let call = Call { action: "list buckets", ..Call::default() };
        let patience = Config::builder()
            .timeout_config(timeouts(DEADLINE, DEADLINE))
            .retry_config(RetryConfig::standard().with_max_attempts(2).with_max_backoff(Duration::from_millis(500)));
        let listed = self.client()?.list_buckets().customize().config_override(patience).send();
        // The deadline of the SDK does not cover its own work before the first try.
        let listed = tokio::time::timeout(DEADLINE, listed).await.map_err(|_| Unreachable::TimedOut)?;
        match listed.map_err(|error| call.failed(&error)) {
            Ok(_) => Ok(KeyCheck::Valid),
            Err(S3Error::AccessDenied { .. }) => Ok(KeyCheck::MayNotListBuckets),
            Err(error) => Err(error),
        }
    }
}
