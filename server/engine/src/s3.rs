//! An S3 service: who we are there, what its answers mean, and the few calls the rest needs.

mod bucket;
mod check;
mod classify;
mod connect;
mod counts;
mod error;
mod limit;
mod list;
mod object;
mod options;
mod patience;
mod resolver;
mod upload;

use std::fmt;

use url::Url;

pub use self::{
    check::KeyCheck,
    counts::S3Counts,
    error::{S3Error, Unreachable},
    options::{Encryption, ObjectOptions},
    patience::LONGEST_OUTAGE,
};
pub(crate) use self::{
    list::Listed,
    object::Part,
    patience::Patience,
    upload::{Pace, Slowed},
};
use crate::Secret;

/// Where an S3 service is and with which keys it is used.
#[derive(Clone, Debug)]
pub struct S3Access {
    /// The service's address, http or https.
    pub endpoint: Url,
    /// The region requests are signed for.
    pub region: String,
    /// The access key's name.
    pub access_key_id: String,
    /// The secret key.
    pub secret_key: Secret,
}

/// A client of one S3 service. Cheap to clone; clones share their connections.
///
/// Every call has a deadline; calls that failed for a moment are tried again with growing pauses
/// inside it.
#[derive(Clone)]
pub struct S3 {
    client: aws_sdk_s3::Client,
    /// The endpoint is written as an address that must not be dialled. No resolver sees those.
    forbidden: bool,
    endpoint: Url,
    region: String,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3({}, {})", self.endpoint, self.region)
    }
}
