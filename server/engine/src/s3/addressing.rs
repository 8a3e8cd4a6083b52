//! Where a request names its bucket: in the path, or in the host name
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use aws_sdk_s3::{
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextMut, retry::RetryAction,
    },
    error::BoxError,
};
use aws_smithy_runtime_api::client::{
    interceptors::context::InterceptorContext,
    retries::classifiers::{ClassifyRetry, RetryClassifierPriority},
};
use url::Url;

/// How buckets are addressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addressing {
    /// In the host name at AWS. Elsewhere in the path, until the service says that it wants the host name; a client
    /// remembers that.
    #[default]
    Automatic,
    /// In the path: `https://s3.example.com/bucket/key`.
    Path,
    /// In the host name: `https://bucket.s3.example.com/key`.
    Host,
}

/// What services answer that want the bucket in the host name: Alibaba's OSS, Huawei's OBS, Tencent's COS, Volcengine's
/// TOS.
const WANTS_HOST: [&str; 4] =
    ["SecondLevelDomainForbidden", "VirtualHostDomainRequired", "PathStyleDomainForbidden", "InvalidPathAccess"];

pub(super) fn wants_host(code: &str) -> bool {
    WANTS_HOST.contains(&code)
}

/// Moves the bucket from the path into the host name as soon as the service has asked for that, and has the request that
/// it refused made again.
#[derive(Clone, Debug)]
pub(super) struct LearnsHost {
    endpoint: Url,
    learned: Arc<AtomicBool>,
}

impl LearnsHost {
    pub(super) fn new(endpoint: Url) -> Self {
        Self { endpoint, learned: Arc::default() }
    }

    fn has_learned(&self) -> bool {
        self.learned.load(Ordering::Relaxed)
    }

    /// The same request with the bucket in the host name; none where it is for no bucket.
    fn moved(&self, uri: &str) -> Option<String> {
        let rest = uri.strip_prefix(self.endpoint.as_str().trim_end_matches('/'))?.strip_prefix('/')?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (bucket, rest) = rest.split_at(end);
        if bucket.is_empty() {
            return None;
        }
        let (scheme, place) = self.endpoint.as_str().trim_end_matches('/').split_once("://")?;
        let slash = if rest.starts_with('/') { "" } else { "/" };
        let (host, path) = place.split_at(place.find('/').unwrap_or(place.len()));
        Some(format!("{scheme}://{bucket}.{host}{path}{slash}{rest}"))
    }
}

impl Intercept for LearnsHost {
    fn name(&self) -> &'static str {
        "LearnsHost"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if self.has_learned()
            && let Some(uri) = self.moved(request.uri())
        {
            request.set_uri(uri)?;
        }
        Ok(())
    }
}

impl ClassifyRetry for LearnsHost {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let body = context.response().and_then(|response| std::str::from_utf8(response.body().bytes()?).ok());
        let asked =
            body.is_some_and(|body| WANTS_HOST.iter().any(|code| body.contains(&format!("<Code>{code}</Code>"))));
        if !asked {
            return RetryAction::NoActionIndicated;
        }
        self.learned.store(true, Ordering::Relaxed);
        RetryAction::client_error()
    }

    fn name(&self) -> &'static str {
        "learns host addressing"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

#[cfg(test)]
mod tests {
    use super::LearnsHost;

    #[test]
    fn the_bucket_moves_into_the_host_name() {
        for (endpoint, path, host) in [
            (
                "https://s3.example.com",
                "https://s3.example.com/shop/a%20b/c?x=1",
                "https://shop.s3.example.com/a%20b/c?x=1",
            ),
            (
                "http://s3.example.com:81",
                "http://s3.example.com:81/shop?list-type=2",
                "http://shop.s3.example.com:81/?list-type=2",
            ),
            ("https://example.com/s3/", "https://example.com/s3/shop/key", "https://shop.example.com/s3/key"),
            ("https://s3.example.com", "https://s3.example.com/shop", "https://shop.s3.example.com/"),
        ] {
            assert_eq!(LearnsHost::new(endpoint.parse().unwrap()).moved(path).as_deref(), Some(host));
        }
        let service = LearnsHost::new("https://s3.example.com".parse().unwrap());
        assert_eq!(service.moved("https://s3.example.com/?x-id=ListBuckets"), None);
    }
}
