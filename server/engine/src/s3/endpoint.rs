//! What is wrong with an endpoint, and which one may be right.
//!
//! The service's answer decides. Where the first one is none of S3's, the same is asked at the addresses that people mean
//! when they write this one, with keys that do not exist: an S3 service then says that it does not know them.

use std::time::Duration;

use thiserror::Error;
use url::Url;

use super::{S3, S3Access, S3Error, Unreachable};
use crate::Secret;

/// A guess is not worth more of a person's time.
const GUESS: Duration = Duration::from_secs(3);

/// Why an endpoint is none, and the right form where it is known.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointFault {
    /// Slashes follow each other.
    #[error("{}", tr!("The endpoint has slashes too many. Enter {}", shown(.right)))]
    DoubledSlash {
        /// Without them.
        right: Url,
    },
    /// It has a path below which there is no S3 service, and the host itself has one.
    #[error("{}", tr!("The endpoint has a path, and the S3 service is at the host itself. Enter {}", shown(.right)))]
    Path {
        /// Without the path.
        right: Url,
    },
    /// It begins with http, and https is spoken there.
    #[error("{}", tr!("The endpoint begins with http, and the service speaks https. Enter {}", shown(.right)))]
    SpeaksTls {
        /// With https.
        right: Url,
    },
    /// It begins with https, and http is spoken there.
    #[error(
        "{}",
        tr!(
            "The endpoint begins with https, and what listens there speaks http. Switch https on at the service, or enter {} where the network is your own.",
            shown(.right)
        )
    )]
    SpeaksPlainHttp {
        /// With http.
        right: Url,
    },
    /// Pages for people are at the endpoint.
    #[error(
        "{}",
        tr!(
            "A website answers at the endpoint, no S3 service ({}). Enter the address of the service's S3 interface, which the operator or the documentation names; often it begins with s3.",
            .detail
        )
    )]
    Website {
        /// The answer in a few words.
        detail: String,
    },
    /// Anything else.
    #[error("{}", tr!("The endpoint answers, but not as an S3 service ({}). Check the endpoint's address.", .detail))]
    Other {
        /// What it answered instead.
        detail: String,
    },
}

/// As people write it.
fn shown(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

/// The endpoint is refused before anything is sent: a request's path would not be the one that is signed.
pub(super) fn written_wrongly(endpoint: &Url) -> Option<EndpointFault> {
    if !endpoint.path().contains("//") {
        return None;
    }
    let names: Vec<&str> = endpoint.path().split('/').filter(|name| !name.is_empty()).collect();
    let mut right = endpoint.clone();
    right.set_path(&names.join("/"));
    Some(EndpointFault::DoubledSlash { right })
}

impl S3 {
    /// What `error`, the answer to a list of buckets, tells of the endpoint.
    pub(super) async fn diagnosed(&self, error: S3Error) -> S3Error {
        match self.fault_behind(&error).await {
            Some(fault) => S3Error::NotS3 { fault },
            None => error,
        }
    }

    async fn fault_behind(&self, error: &S3Error) -> Option<EndpointFault> {
        if self.refused.is_some() {
            return None;
        }
        let endpoint = self.endpoint();
        let nobody_listens = matches!(error, S3Error::Unreachable(Unreachable::Connection));
        let no_http = matches!(error, S3Error::NotS3 { .. });
        match endpoint.scheme() {
            "http" if nobody_listens || no_http => {
                let right = with_scheme(endpoint, "https")?;
                let answer = self.asked_at(&right).await;
                // At another port than the one that was written, it has to be an S3 service.
                if is_s3(&answer) || (endpoint.port().is_some() && speaks_tls(&answer)) {
                    return Some(EndpointFault::SpeaksTls { right });
                }
            }
            "https" if matches!(error, S3Error::Unreachable(Unreachable::Tls)) => {
                let right = with_scheme(endpoint, "http")?;
                let answer = self.asked_at(&right).await;
                let speaks_http = !matches!(answer, Err(S3Error::Unreachable(_)));
                return speaks_http.then_some(EndpointFault::SpeaksPlainHttp { right });
            }
            _ => {}
        }
        if endpoint.path() == "/" || nobody_listens {
            return None;
        }
        let mut right = endpoint.clone();
        right.set_path("");
        is_s3(&self.asked_at(&right).await).then_some(EndpointFault::Path { right })
    }

    /// What a service at `endpoint` says to keys that nobody has.
    async fn asked_at(&self, endpoint: &Url) -> Result<(), S3Error> {
        let access = S3Access {
            endpoint: endpoint.clone(),
            access_key_id: "HOLDFASTASKSWHOISHERE".into(),
            secret_key: Secret::new("nobody has this secret".into()),
            ..self.access().clone()
        };
        S3::connect(&access, self.network()).list_buckets(GUESS).await
    }
}

fn with_scheme(endpoint: &Url, scheme: &str) -> Option<Url> {
    let mut other = endpoint.clone();
    other.set_scheme(scheme).ok().map(|()| other)
}

/// Whether this is how an S3 service answers.
fn is_s3(answer: &Result<(), S3Error>) -> bool {
    matches!(
        answer,
        Ok(())
            | Err(S3Error::InvalidCredentials { .. }
                | S3Error::AccessDenied { .. }
                | S3Error::Suspended { .. }
                | S3Error::WrongRegion { .. }
                | S3Error::ClockSkewed)
    )
}

/// Whether a certificate was shown, be it trusted or not.
fn speaks_tls(answer: &Result<(), S3Error>) -> bool {
    match answer {
        Err(S3Error::Unreachable(why)) => matches!(why, Unreachable::Certificate(_)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{EndpointFault, written_wrongly};

    #[test]
    fn doubled_slashes_are_refused_and_mended() {
        for (written, right) in [
            ("https://s3.example.com//", "https://s3.example.com/"),
            ("https://s3.example.com:9000//a///b/", "https://s3.example.com:9000/a/b"),
        ] {
            let fault = written_wrongly(&written.parse().unwrap());
            assert_eq!(fault, Some(EndpointFault::DoubledSlash { right: right.parse().unwrap() }));
        }
        for sound in ["https://s3.example.com", "https://x.supabase.co/storage/v1/s3", "https://s3.example.com/"] {
            assert_eq!(written_wrongly(&sound.parse().unwrap()), None, "{sound}");
        }
    }
}
