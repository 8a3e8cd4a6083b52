//! Building the client.

use std::{sync::Arc, time::Duration};

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
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use url::Url;

use super::{
    Addressing, CaCertificate, S3, S3Access, S3Error, Unreachable, addressing::LearnsHost,
    classify::NoRetryWhenRefused, counts::Counting, endpoint::written_wrongly, limit::Bounded,
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
    /// A client for `access`. Nothing is sent yet. White space at the ends of the keys, which comes along when they are
    /// copied, does not count.
    ///
    /// Redirects are not followed, and no proxy is taken from the environment.
    pub fn connect(access: &S3Access, network: &NetworkPolicy) -> Self {
        let (name, secret) = (access.access_key_id.trim(), access.secret_key.expose().trim());
        let learns = learns_host(access).then(|| LearnsHost::new(access.endpoint.clone()));
        let mut config = Config::builder()
            .endpoint_url(access.endpoint.as_str())
            .region(Region::new(access.region.clone()))
            .credentials_provider(Credentials::new(name, secret, None, None, "backup credential"))
            .force_path_style(by_path(access))
            .http_client(http_client(access.ca_certificate.as_ref(), network))
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
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        if let Some(learns) = learns {
            config = config.retry_classifier(learns.clone()).interceptor(learns);
        }
        Self {
            client: Client::from_conf(config.build()),
            refused: refused(&access.endpoint, network),
            access: Arc::new(access.clone()),
            network: Arc::new(network.clone()),
        }
    }

    /// The client, unless the endpoint is one that is not asked.
    pub(super) fn client(&self) -> Result<&Client, S3Error> {
        self.refused.as_ref().map_or(Ok(&self.client), |error| Err(error.clone()))
    }

    pub(super) fn is_aws(&self) -> bool {
        is_aws(self.endpoint())
    }
}

/// Why an endpoint is not asked: it is written as a forbidden address, which no resolver sees, or not as an endpoint.
fn refused(endpoint: &Url, network: &NetworkPolicy) -> Option<S3Error> {
    if network.forbids_host_of(endpoint) {
        return Some(Unreachable::ForbiddenAddress.into());
    }
    written_wrongly(endpoint).map(|fault| S3Error::NotS3 { fault })
}

fn http_client(authority: Option<&CaCertificate>, network: &NetworkPolicy) -> SharedHttpClient {
    let resolver = PolicyResolver::new(network.clone());
    let builder = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    let trusting = authority.and_then(|authority| {
        let trusted = TrustStore::default().with_pem_certificate(authority.as_str());
        TlsContext::builder().with_trust_store(trusted).build().ok()
    });
    match trusting {
        Some(context) => builder.tls_context(context).build_with_resolver(resolver),
        None => builder.build_with_resolver(resolver),
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

fn by_path(access: &S3Access) -> bool {
    match access.addressing {
        Addressing::Automatic => !is_aws(&access.endpoint),
        Addressing::Path => true,
        Addressing::Host => false,
    }
}

fn learns_host(access: &S3Access) -> bool {
    access.addressing == Addressing::Automatic && by_path(access)
}

fn is_aws(endpoint: &Url) -> bool {
    let host = endpoint.host_str().unwrap_or_default();
    host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")
}
