//! Building the client.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_s3::{
    Client, Config,
    config::{
        Region, RequestChecksumCalculation, ResponseChecksumValidation, StalledStreamProtectionConfig,
        retry::{RetryConfig, RetryPartition, TokenBucket},
        timeout::TimeoutConfig,
    },
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use url::Url;

use super::{
    S3, S3Access, S3Error, Unreachable, classify::NoRetryWhenRefused, counts::Counting, limit::Bounded,
    resolver::PolicyResolver,
};
use crate::NetworkPolicy;

/// Waiting longer for a connection only hides that nobody answers.
const CONNECT: Duration = Duration::from_secs(5);
/// One try of a call that moves a pack of 16 to 24 MiB: enough for 1 Mbit/s.
const ATTEMPT: Duration = Duration::from_mins(4);
/// All tries of a call together.
const OPERATION: Duration = Duration::from_mins(12);
/// A transfer that stands still for this long is dead.
const STALLED: Duration = Duration::from_secs(20);
/// With a third of all requests failing, one call in 17,000 fails eight times.
const ATTEMPTS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl S3 {
    /// A client for `access`. Nothing is sent yet.
    ///
    /// Buckets are addressed by path, except at AWS, where they are part of the host name. Redirects are
    /// not followed, and no proxy is taken from the environment.
    pub fn connect(access: &S3Access, network: &NetworkPolicy) -> Self {
        let http = Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_with_resolver(PolicyResolver::new(network.clone()));
        let keys = Credentials::new(&access.access_key_id, access.secret_key.expose(), None, None, "backup credential");
        let config = Config::builder()
            .endpoint_url(access.endpoint.as_str())
            .region(Region::new(access.region.clone()))
            .credentials_provider(keys)
            .force_path_style(!is_aws(&access.endpoint))
            .http_client(http)
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(ATTEMPTS)
                    .with_initial_backoff(FIRST_PAUSE)
                    .with_max_backoff(LONGEST_PAUSE),
            )
            // Of its own: by default all clients of a process share one quota of repeated tries, and one service that is
            // away would use it up for all others.
            .retry_partition(RetryPartition::custom("holdfast").token_bucket(TokenBucket::default()).build())
            .retry_classifier(NoRetryWhenRefused)
            .interceptor(Counting)
            .interceptor(Bounded)
            .timeout_config(timeouts(ATTEMPT, OPERATION))
            .stalled_stream_protection(StalledStreamProtectionConfig::enabled().grace_period(STALLED).build())
            // Every upload is covered by the SHA-256 in its signature. The newer checksum headers add nothing
            // to it, and older S3 services refuse them.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        Self {
            client: Client::from_conf(config),
            forbidden: network.forbids_host_of(&access.endpoint),
            endpoint: access.endpoint.clone(),
            region: access.region.clone(),
        }
    }

    /// The client, unless the endpoint itself is written as a forbidden address: the resolver only sees
    /// names.
    pub(super) fn client(&self) -> Result<&Client, S3Error> {
        if self.forbidden { Err(Unreachable::ForbiddenAddress.into()) } else { Ok(&self.client) }
    }

    pub(super) fn is_aws(&self) -> bool {
        is_aws(&self.endpoint)
    }
}

/// Deadlines for one call: `attempt` for each try, `operation` for all of them and their pauses.
pub(super) fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(attempt)
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

fn is_aws(endpoint: &Url) -> bool {
    let host = endpoint.host_str().unwrap_or_default();
    host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")
}
