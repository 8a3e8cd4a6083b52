//! What an answer, or the lack of one, means.

use std::{error::Error, io};

use aws_sdk_s3::{
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};
use aws_smithy_runtime_api::client::{
    interceptors::context::InterceptorContext,
    orchestrator::{HttpResponse, OrchestratorError},
    result::ConnectorError,
    retries::classifiers::{ClassifyRetry, RetryAction},
};

use http_body_util::LengthLimitError;

use tokio_rustls::rustls;

use super::{CertificateFault, EndpointFault, S3Error, Unreachable, WrongKey, addressing::wants_host};
use crate::{ResolveError, translation::msgid};

/// RFC 4918, section 11.5.
const INSUFFICIENT_STORAGE: u16 = 507;

/// What was tried, for the words of an error.
#[derive(Clone, Copy, Default)]
pub(super) struct Call<'a> {
    /// A verb phrase in English, with `{}` for the bucket's name where it has that: `list the bucket "{}"`.
    pub(super) action: &'static str,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
}

impl Call<'_> {
    /// What was tried, for people.
    fn action(self) -> String {
        let Self { action, bucket, .. } = self;
        tr!(action, bucket)
    }

    /// The answer is not taken.
    pub(super) fn wrong_answer(self, reason: &'static str) -> S3Error {
        S3Error::WrongAnswer { action: self.action(), reason }
    }

    /// An answer whose body could not be read to its end.
    pub(super) fn broken_body(self, error: &(dyn Error + 'static)) -> S3Error {
        if is_too_long(error) { self.wrong_answer(TOO_LONG) } else { Unreachable::Connection.into() }
    }

    /// Tells the failures of one call apart.
    pub(super) fn failed<E>(self, error: &SdkError<E, HttpResponse>) -> S3Error
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if is_too_long(error) {
            return self.wrong_answer(TOO_LONG);
        }
        match error {
            SdkError::TimeoutError(_) => Unreachable::TimedOut.into(),
            SdkError::DispatchFailure(failure) => {
                failure.as_connector_error().map_or(Unreachable::Connection.into(), unreachable)
            }
            SdkError::ResponseError(response) => {
                let broke_off = error.source().and_then(find::<io::Error>).is_some();
                if broke_off {
                    return Unreachable::Connection.into();
                }
                not_s3(response.raw())
            }
            SdkError::ServiceError(refusal) => self.refused(refusal.err(), refusal.raw()),
            other => self.refused_as("Client", &chain(other)),
        }
    }

    fn refused<E: ProvideErrorMetadata + Error + 'static>(self, error: &E, response: &HttpResponse) -> S3Error {
        let status = response.status().as_u16();
        let message = error.message().unwrap_or_default();
        let Some(code) = error.code() else {
            return self.refused_by_status(status, error, response);
        };
        match code {
            "InvalidAccessKeyId" | "NotSignedUp" | "InvalidClientTokenId" => wrong_keys(code, WrongKey::AccessKey),
            "SignatureDoesNotMatch" => wrong_keys(code, WrongKey::SecretKey),
            "InvalidToken" | "ExpiredToken" | "InvalidSecurity" | "UnrecognizedClientException" | "Unauthorized" => {
                wrong_keys(code, WrongKey::Either)
            }
            "UserSuspended" | "AccountSuspended" | "AccountProblem" => S3Error::Suspended { code: code.into() },
            "AccessDenied" | "AllAccessDisabled" | "AccessForbidden" | "Forbidden" => {
                S3Error::AccessDenied { action: self.action() }
            }
            "AuthorizationHeaderMalformed" => malformed_authorization(code, message, response),
            "PermanentRedirect" | "TemporaryRedirect" | "IncorrectEndpoint" | "InvalidRegion" => {
                S3Error::WrongRegion { expected: expected_region(message, response) }
            }
            "NoSuchBucket" => S3Error::NoSuchBucket { bucket: self.bucket.into() },
            "NoSuchKey" | "NotFound" => S3Error::NoSuchObject { key: self.key.into() },
            "BucketAlreadyExists" => S3Error::BucketTaken { bucket: self.bucket.into() },
            "RequestTimeTooSkewed" => S3Error::ClockSkewed,
            "RequestTimeout" => Unreachable::TimedOut.into(),
            "SlowDown"
            | "ServiceUnavailable"
            | "InternalError"
            | "Throttling"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "TooManyRequests" => S3Error::Busy { code: code.into(), message: message.into() },
            "QuotaExceeded" | "StorageQuotaExceeded" | "XMinioStorageFull" | "InsufficientStorage" => {
                S3Error::Full { code: code.into() }
            }
            "InvalidStorageClass" => S3Error::StorageClass,
            _ if code.starts_with("KMS.") || code == "InvalidEncryptionAlgorithmError" => {
                S3Error::Encryption { code: code.into(), message: message.into() }
            }
            _ if status == INSUFFICIENT_STORAGE => S3Error::Full { code: code.into() },
            _ if wants_host(code) => S3Error::HostAddressing { code: code.into() },
            _ => self.refused_as(code, message),
        }
    }

    fn refused_as(self, code: &str, message: &str) -> S3Error {
        S3Error::Refused { action: self.action(), code: code.into(), message: message.into() }
    }

    /// An answer without S3's error document: from a proxy in between, to a HEAD request, or from
    /// something else altogether.
    fn refused_by_status<E: Error + 'static>(self, status: u16, error: &E, response: &HttpResponse) -> S3Error {
        if find::<io::Error>(error).is_some() {
            return Unreachable::Connection.into();
        }
        let message = describe(response);
        match status {
            INSUFFICIENT_STORAGE => S3Error::Full { code: status.to_string() },
            429 | 500 | 502 | 503 | 504 => S3Error::Busy { code: status.to_string(), message },
            _ if error_is_from_s3(response) && status == 403 => S3Error::AccessDenied { action: self.action() },
            _ => not_s3(response),
        }
    }
}

/// A signature for another region, or an access key that cannot be one.
fn malformed_authorization(code: &str, message: &str, response: &HttpResponse) -> S3Error {
    let expected = expected_region(message, response);
    if expected.is_some() || message.contains("region") {
        return S3Error::WrongRegion { expected };
    }
    wrong_keys(code, WrongKey::AccessKey)
}

fn wrong_keys(code: &str, wrong: WrongKey) -> S3Error {
    S3Error::InvalidCredentials { code: code.into(), wrong }
}

/// Something else than S3 has answered.
fn not_s3(response: &HttpResponse) -> S3Error {
    let detail = describe(response);
    let kind = response.headers().get("content-type").unwrap_or_default();
    let fault = if kind.trim_start().to_ascii_lowercase().starts_with("text/html") {
        EndpointFault::Website { detail }
    } else {
        EndpointFault::Other { detail }
    };
    S3Error::NotS3 { fault }
}

/// The region a service asks for, in the header, in the error document, or in words:
/// `the region 'us-east-1' is wrong; expecting 'eu-west-1'`.
fn expected_region(message: &str, response: &HttpResponse) -> Option<String> {
    let header = response.headers().get("x-amz-bucket-region").map(str::to_owned);
    let document = || {
        let body = std::str::from_utf8(response.body().bytes()?).ok()?;
        between(body, "<Region>", "</Region>").map(str::to_owned)
    };
    let words = || between(message, "expecting '", "'").map(str::to_owned);
    header.or_else(document).or_else(words).filter(|region| !region.is_empty())
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}

fn error_is_from_s3(response: &HttpResponse) -> bool {
    response.headers().request_id().is_some() || response.headers().get("x-amz-id-2").is_some()
}

/// An answer in a few words: its status, and what server and kind of content it names.
fn describe(response: &HttpResponse) -> String {
    let header = |name| response.headers().get(name).map(|value| format!(", {value}")).unwrap_or_default();
    let status = tr!("HTTP status {}", response.status().as_u16());
    format!("{status}{}{}", header("content-type"), header("server"))
}

fn unreachable(error: &ConnectorError) -> S3Error {
    if let Some(rustls::Error::InvalidCertificate(cause)) = find(error) {
        return Unreachable::Certificate(CertificateFault::of(cause)).into();
    }
    let why = match find::<ResolveError>(error) {
        Some(ResolveError::Name(_)) => Unreachable::Name,
        Some(ResolveError::Forbidden) => Unreachable::ForbiddenAddress,
        None if error.is_timeout() => Unreachable::TimedOut,
        None if is_tls(error) => Unreachable::Tls,
        None if chain(error).contains("invalid HTTP") => {
            return S3Error::NotS3 { fault: EndpointFault::Other { detail: tr!("it does not speak HTTP") } };
        }
        None => Unreachable::Connection,
    };
    why.into()
}

/// An address that may not be dialled stays so, and so does an answer that is too long: trying again would only make a
/// person wait.
#[derive(Debug)]
pub(super) struct NoRetryWhenRefused;

impl ClassifyRetry for NoRetryWhenRefused {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(failed)) = context.output_or_error() else { return RetryAction::NoActionIndicated };
        let connecting = OrchestratorError::as_connector_error(failed);
        let forbidden = connecting.and_then(|error| find::<ResolveError>(error));
        if matches!(forbidden, Some(ResolveError::Forbidden)) || is_too_long(failed) {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "no retry when refused"
    }
}

const TOO_LONG: &str = msgid("it is longer than what was asked for");

fn is_too_long(error: &(dyn Error + 'static)) -> bool {
    find::<LengthLimitError>(error).is_some()
}

/// rustls reports a refused certificate, and plain text where TLS was expected, as invalid data.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let invalid = |error: &io::Error| error.kind() == io::ErrorKind::InvalidData;
    find::<io::Error>(error).is_some_and(invalid) || chain(error).to_ascii_lowercase().contains("tls handshake")
}

/// The first error of type `E` among `error` and its causes. An [`io::Error`] that wraps another error
/// shows only that one's causes, so what it holds is looked at too.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}
