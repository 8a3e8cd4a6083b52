//! How long an answer may be.
//!
//! The SDK collects error documents, listings and every other XML by itself, whatever their length. The limit lies below
//! it: on the body, before the SDK sees the first byte. Heads are limited by hyper (some 400 KiB, 100 headers).

use aws_sdk_s3::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{BeforeDeserializationInterceptorContextMut, BeforeSerializationInterceptorContextRef},
    },
    error::BoxError,
    primitives::SdkBody,
};
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use http_body_util::Limited;

/// Bytes of an answer that is no object's content. A page of 1000 keys of 1000 bytes each, with all that S3 says of
/// them, has 1.5 MB.
pub(super) const MOST_OF_ANSWER: usize = 2 << 20;

/// Ends every body that is too long with a [`LengthLimitError`](http_body_util::LengthLimitError): an object's content
/// after what the call has [asked for](ObjectLimit), and everything else after [`MOST_OF_ANSWER`].
#[derive(Debug)]
pub(super) struct Bounded;

impl Intercept for Bounded {
    fn name(&self) -> &'static str {
        "Bounded"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        let most = match config.load::<ObjectLimit>() {
            Some(ObjectLimit(most)) if response.status().is_success() => *most,
            _ => MOST_OF_ANSWER,
        };
        let body = response.take_body();
        *response.body_mut() = SdkBody::from_body_1_x(Limited::new(body, most));
        Ok(())
    }
}

/// Bytes of content that a call reads at most, where the service does what it is asked to.
#[derive(Clone, Copy, Debug)]
pub(super) struct ObjectLimit(pub(super) usize);

impl Storable for ObjectLimit {
    type Storer = StoreReplace<Self>;
}

impl Intercept for ObjectLimit {
    fn name(&self) -> &'static str {
        "ObjectLimit"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.interceptor_state().store_put(*self);
        Ok(())
    }
}
