//! What can go wrong between us and an S3 service, in words for people.

use thiserror::Error;

use super::{
    answer::{advice, said},
    certificate::CertificateFault,
    endpoint::EndpointFault,
    lifecycle::LifecycleEffect,
    options::ObjectOption,
};

/// A failed call. Every message says what happened and what to do next; none contains a secret.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum S3Error {
    /// The access key is unknown, or the secret key does not belong to it.
    #[error("{}", tr!("Invalid S3 credentials: {} ({}). {}", .wrong, .code, .wrong.advice()))]
    InvalidCredentials {
        /// S3's error code, such as `SignatureDoesNotMatch`.
        code: String,
        /// Which of the two it is.
        wrong: WrongKey,
    },
    /// The account is known and locked.
    #[error(
        "{}",
        tr!(
            "The S3 service has suspended the account of this access key ({}). Ask its operator to unlock it, or use other credentials.",
            .code
        )
    )]
    Suspended {
        /// S3's error code, such as `UserSuspended`.
        code: String,
    },
    /// The keys are valid, but may not do this.
    #[error(
        "{}",
        tr!(
            "These S3 credentials may not {} (AccessDenied). Give them that permission, or use other credentials.",
            .action
        )
    )]
    AccessDenied {
        /// What was refused, as a verb phrase: `list the bucket "x"`.
        action: String,
    },
    /// The endpoint could not be reached, or did not answer in time.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// The endpoint belongs to another region.
    #[error("{}", wrong_region(.expected.as_deref()))]
    WrongRegion {
        /// The region the service asked for, where it said so.
        expected: Option<String>,
    },
    /// Something answers at the endpoint, but it does not speak S3; or the endpoint is not written as one.
    #[error(transparent)]
    NotS3 {
        /// What is there instead, and the right form where it is known.
        fault: EndpointFault,
    },
    /// The service takes buckets in the host name alone.
    #[error(
        "{}",
        tr!(
            "The S3 service wants the bucket's name in the host name ({}). Set the credential's addressing to host, or to automatic.",
            .code
        )
    )]
    HostAddressing {
        /// S3's error code, such as `SecondLevelDomainForbidden`.
        code: String,
    },
    /// An answer is longer than it may be, or is not what was asked for.
    #[error(
        "{}",
        tr!(
            "The S3 service's answer was refused when Holdfast tried to {}: {}. Ask the operator of the S3 service, or use another one.",
            .action,
            translated(.reason)
        )
    )]
    WrongAnswer {
        /// What was tried, as a verb phrase: `list the bucket "x"`.
        action: String,
        /// What is wrong with the answer, in English.
        reason: &'static str,
    },
    /// The bucket does not exist.
    #[error("{}", tr!("The bucket \"{}\" does not exist. Check its name, or create it.", .bucket))]
    NoSuchBucket {
        /// The bucket's name.
        bucket: String,
    },
    /// The bucket's name belongs to somebody else.
    #[error("{}", tr!("The bucket name \"{}\" is taken by another account. Choose another name.", .bucket))]
    BucketTaken {
        /// The bucket's name.
        bucket: String,
    },
    /// The object does not exist.
    #[error(
        "{}",
        tr!("The object \"{}\" does not exist in the bucket. It may have been removed by another program.", .key)
    )]
    NoSuchObject {
        /// The object's key.
        key: String,
    },
    /// What was read back is not what was written.
    #[error(
        "{}",
        tr!(
            "The bucket returned other bytes than were written to \"{}\". Do not use this bucket; ask the operator of the S3 service.",
            .key
        )
    )]
    Corrupted {
        /// The object's key.
        key: String,
    },
    /// The probe was written and could not be deleted.
    #[error("{}", tr!("{} The probe object \"{}\" is left in the bucket: delete it.", .cause, .key))]
    ProbeLeft {
        /// The probe's key.
        key: String,
        /// Why it is still there.
        cause: Box<S3Error>,
    },
    /// The clocks are too far apart for a signature to be valid.
    #[error(
        "{}",
        tr!(
            "The S3 service refuses requests because its clock and this server's clock differ too much. Set this server's clock."
        )
    )]
    ClockSkewed,
    /// The service is overloaded or failing for the moment.
    #[error("{}", tr!("The S3 service is busy or failing at the moment ({}). Try again later.", said(.code, .message)))]
    Busy {
        /// S3's error code, or the HTTP status.
        code: String,
        /// S3's message; empty where it gave none.
        message: String,
    },
    /// There is no more room.
    #[error(
        "{}",
        tr!(
            "The S3 service has no more room for this bucket ({}). Free some, or raise its quota, and start the backup again.",
            .code
        )
    )]
    Full {
        /// S3's error code, or the HTTP status.
        code: String,
    },
    /// What is written cannot be removed again before its time.
    #[error(
        "{}",
        tr!(
            "The bucket \"{}\" keeps every object for a fixed time (Object Lock with a default retention), so old backups could not be removed. Choose a bucket without a default retention.",
            .bucket
        )
    )]
    ObjectLock {
        /// The bucket's name.
        bucket: String,
    },
    /// A rule of the bucket's would destroy or freeze backups.
    #[error(
        "{}",
        tr!(
            "The lifecycle rule \"{}\" of the bucket \"{}\" {} under this prefix, so backups would be lost. Restrict the rule to other prefixes or to noncurrent versions, or choose another bucket.",
            .rule,
            .bucket,
            .effect
        )
    )]
    Lifecycle {
        /// The bucket's name.
        bucket: String,
        /// The rule's ID.
        rule: String,
        /// What it does to backups.
        effect: LifecycleEffect,
    },
    /// The service has no such storage class.
    #[error("{}", tr!("The S3 service does not know this storage class. Choose another one, or the bucket's own."))]
    StorageClass,
    /// The service cannot encrypt as it was asked to.
    #[error(
        "{}",
        tr!(
            "The S3 service cannot encrypt in this way ({}). Check the KMS key, choose another encryption, or leave it to the bucket.",
            said(.code, .message)
        )
    )]
    Encryption {
        /// S3's error code.
        code: String,
        /// S3's message; empty where it gave none.
        message: String,
    },
    /// The service takes objects, but none with this option.
    #[error("{}", tr!("This S3 service cannot store objects with {} ({}). Leave that to the bucket.", .option, .code))]
    Unsupported {
        /// Which of the options it is.
        option: ObjectOption,
        /// S3's error code, such as `NotImplemented`.
        code: String,
    },
    /// Any other refusal.
    #[error("{}", tr!("The S3 service refused to {} ({}). {}", .action, said(.code, .message), advice(.code)))]
    Refused {
        /// What was refused, as a verb phrase: `list the bucket "x"`.
        action: String,
        /// S3's error code, or the HTTP status.
        code: String,
        /// S3's message; empty where it gave none.
        message: String,
    },
}

impl S3Error {
    /// Whether the service is away for a while, as when it is started anew: nobody accepts connections or answers in time,
    /// or it says so itself. Anything else is an answer, and stays the same.
    pub(crate) fn is_away(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unreachable(Unreachable::Connection | Unreachable::TimedOut))
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Busy { .. } => true,
            Self::Unreachable(Unreachable::Certificate(fault)) => fault.is_about_time(),
            Self::Unreachable(why) => !matches!(why, Unreachable::ForbiddenAddress),
            Self::ProbeLeft { cause, .. } => cause.is_transient(),
            _ => false,
        }
    }
}

/// Which key a service does not accept.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum WrongKey {
    /// It does not know the access key.
    #[error("{}", tr!("the service does not know this access key"))]
    AccessKey,
    /// It knows the access key, and the secret key is not the one that belongs to it.
    #[error("{}", tr!("the secret key does not belong to this access key"))]
    SecretKey,
    /// It does not say.
    #[error("{}", tr!("the service does not accept this access key and secret key"))]
    Either,
}

impl WrongKey {
    fn advice(self) -> String {
        match self {
            Self::AccessKey => tr!("Check the access key id."),
            Self::SecretKey => tr!("Check the secret key."),
            Self::Either => tr!("Check both and try again."),
        }
    }
}

/// Why an endpoint could not be reached.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unreachable {
    /// The host name has no address.
    #[error("{}", tr!("The endpoint's host name cannot be resolved. Check its spelling, and this server's DNS."))]
    Name,
    /// Nothing accepts a connection, or the connection broke.
    #[error(
        "{}",
        tr!(
            "The endpoint does not accept connections, or the connection broke. Check the address and port, and that the service runs."
        )
    )]
    Connection,
    /// No encrypted connection could be made, for another reason than the certificate.
    #[error(
        "{}",
        tr!("No secure connection to the endpoint could be made. Check its certificate, and whether it speaks https.")
    )]
    Tls,
    /// The certificate is not to be trusted.
    #[error(transparent)]
    Certificate(CertificateFault),
    /// No answer in time.
    #[error(
        "{}",
        tr!("The endpoint did not answer in time. Check that the service runs and is not blocked by a firewall.")
    )]
    TimedOut,
    /// The address is not one this installation may dial.
    #[error(
        "{}",
        tr!("The endpoint's address is not allowed on this installation. Ask the operator to allow its network.")
    )]
    ForbiddenAddress,
}

fn translated(text: &str) -> String {
    tr!(text)
}

fn wrong_region(expected: Option<&str>) -> String {
    match expected {
        Some(region) => tr!("The S3 service expects the region \"{}\". Set the region accordingly.", region),
        None => tr!("The S3 service expects another region. Set the region accordingly."),
    }
}
