//! How many requests go to S3, and how many of them fail; for whoever watches the process. And what time it is there.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents, interceptors::FinalizerInterceptorContextRef};

use crate::time;

static REQUESTS: AtomicU64 = AtomicU64::new(0);
static FAILURES: AtomicU64 = AtomicU64::new(0);

/// What this process has asked of S3 since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct S3Counts {
    /// Requests sent, each try of a repeated one counted.
    pub requests: u64,
    /// Those without an answer, and those answered with an error.
    pub failures: u64,
}

impl S3Counts {
    /// The counts of this moment.
    pub fn now() -> Self {
        Self { requests: REQUESTS.load(Ordering::Relaxed), failures: FAILURES.load(Ordering::Relaxed) }
    }
}

/// Counts every try of every call, and listens to what time the answer tells.
#[derive(Debug)]
pub(super) struct Counting;

impl Intercept for Counting {
    fn name(&self) -> &'static str {
        "Counting"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), aws_sdk_s3::error::BoxError> {
        REQUESTS.fetch_add(1, Ordering::Relaxed);
        let answered = context.response().is_some_and(|response| response.status().is_success());
        if !answered {
            FAILURES.fetch_add(1, Ordering::Relaxed);
        }
        // A refusal tells it as well: a request that is signed with a wrong time is refused.
        if let Some(date) = context.response().and_then(|response| response.headers().get("date")) {
            time::hear(date);
        }
        Ok(())
    }
}
