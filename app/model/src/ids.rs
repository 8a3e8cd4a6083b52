//! Identities of rows. A type for each, so that a project's number cannot be taken for a policy's.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.trim().parse().map(Self)
            }
        }
    )+};
}

id! {
    /// A partner account: the tenant.
    AccountId,
    OrganizationId,
    UserId,
    CredentialId,
    ProjectId,
    /// A restic repository that a project has, or had, in a bucket.
    RepositoryId,
    PolicyId,
    BackupId,
    RestoreId,
    /// A prune, verification or repair of a repository.
    MaintenanceId,
    /// Something that an organization's notifications go to.
    ChannelId,
    DeliveryId,
    /// The removal of a deleted project's backups from a bucket.
    RemovalId,
}
