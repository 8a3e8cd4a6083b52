//! An S3 service: who we are there, what its answers mean, and the few calls the rest needs.

mod addressing;
mod answer;
mod bucket;
mod certificate;
mod check;
mod classify;
mod connect;
mod counts;
mod endpoint;
mod error;
mod lifecycle;
mod limit;
mod list;
mod object;
mod options;
mod patience;
mod probe;
mod resolver;
mod upload;

use std::{fmt, sync::Arc};

use url::Url;

pub use self::{
    addressing::Addressing,
    bucket::BucketMade,
    certificate::{CaCertificate, CertificateFault, InvalidCaCertificate},
    check::KeyCheck,
    counts::S3Counts,
    endpoint::EndpointFault,
    error::{S3Error, Unreachable, WrongKey},
    lifecycle::{LifecycleEffect, Versioning},
    options::{Encryption, ObjectOption, ObjectOptions},
    patience::LONGEST_OUTAGE,
};
pub(crate) use self::{
    list::Listed,
    object::Part,
    patience::Patience,
    upload::{Pace, Slowed},
};
use crate::{NetworkPolicy, Secret};

/// Where an S3 service is and with which keys it is used.
#[derive(Clone, Debug)]
pub struct S3Access {
    /// The service's address, http or https. A few services have a path in it.
    pub endpoint: Url,
    /// The region requests are signed for.
    pub region: String,
    /// The access key's name.
    pub access_key_id: String,
    /// The secret key.
    pub secret_key: Secret,
    /// Authorities that are trusted in addition to the system's.
    pub ca_certificate: Option<CaCertificate>,
    /// How buckets are addressed.
    pub addressing: Addressing,
}

/// A client of one S3 service. Cheap to clone; clones share their connections.
///
/// Every call has a deadline; calls that failed for a moment are tried again with growing pauses
/// inside it.
#[derive(Clone)]
pub struct S3 {
    client: aws_sdk_s3::Client,
    /// Why the endpoint is not asked at all.
    refused: Option<S3Error>,
    access: Arc<S3Access>,
    network: Arc<NetworkPolicy>,
}

impl S3 {
    fn access(&self) -> &S3Access {
        &self.access
    }

    fn network(&self) -> &NetworkPolicy {
        &self.network
    }

    fn endpoint(&self) -> &Url {
        &self.access.endpoint
    }

    fn region(&self) -> &str {
        &self.access.region
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3({}, {})", self.endpoint(), self.region())
    }
}
