//! What is looked at in the course of one upload.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_sdk_s3::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef},
    },
    error::BoxError,
};
use aws_sigv4::http_request::SignableBody;

/// Signs a body by its SHA-256, which is known already, in place of hashing it once more. The service compares the body
/// with it: what was damaged since it was hashed is refused.
#[derive(Debug)]
pub(super) struct SignedHash(pub(super) String);

impl Intercept for SignedHash {
    fn name(&self) -> &'static str {
        "SignedHash"
    }

    fn read_before_signing(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(mut signing) = config.load::<SigV4OperationSigningConfig>().cloned() {
            signing.signing_options.payload_override = Some(SignableBody::Precomputed(self.0.clone()));
            config.interceptor_state().store_put(signing);
        }
        Ok(())
    }
}

/// How a service takes what is written to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    Fine,
    /// It asked for fewer requests.
    TooFast,
}

/// Notices whether the service asks for fewer requests, even where a later try succeeds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slowed(Arc<AtomicBool>);

impl Slowed {
    pub(crate) fn pace(&self) -> Pace {
        if self.0.load(Ordering::Relaxed) { Pace::TooFast } else { Pace::Fine }
    }
}

impl Intercept for Slowed {
    fn name(&self) -> &'static str {
        "Slowed"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // SlowDown and its kin: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
        let asked = context.response().is_some_and(|response| matches!(response.status().as_u16(), 429 | 503));
        if asked {
            self.0.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}
