//! What the operator decides.

use std::{fmt, path::PathBuf, time::Duration};

use ipnet::IpNet;
use model::names::OrganizationName;

use crate::{clock::Clock, provider::OpenIdSettings, sender::MailServer};

/// What the operator decides.
#[derive(Clone, Debug)]
pub struct ServicesConfig {
    /// `sqlite://…` or `postgres://…`.
    pub database_url: String,
    pub master_key_file: PathBuf,
    /// Make the master key where there is none.
    pub create_master_key: bool,
    /// Where caches are kept.
    pub data_dir: PathBuf,
    /// Directories that projects may back up and restore to.
    pub source_roots: Vec<SourceRoot>,
    /// Files and folders that no backup reads and no restore writes: the data folder, the database, every file of secrets.
    pub protected: Vec<PathBuf>,
    /// Networks of S3 endpoints that are not on public addresses.
    pub allow_networks: Vec<IpNet>,
    /// Networks of databases to back up that are not on public addresses.
    pub postgres_networks: Vec<IpNet>,
    /// Networks of hooks that are not on public addresses.
    pub notify_networks: Vec<IpNet>,
    /// Sends e-mail; `None` where there is none.
    pub mail_server: Option<MailServer>,
    /// Whom people may sign in with; `None` where there is nobody.
    pub provider: Option<OpenIdSettings>,
    /// The address that people use, without a slash at the end, for links in messages.
    pub public_url: Option<String>,
    /// Runs that are worked on at the same time, at least 1.
    pub workers: usize,
    /// How long a run may take before it is stopped.
    pub run_limit: Duration,
    /// How long a run waits for an S3 service that is away; zero: not at all.
    pub s3_outage_limit: Duration,
    /// In how many weekly verifications all data of a repository is read, at least 1.
    pub verification_weeks: u32,
    /// How long a backup stays between being marked for deletion and being removed.
    pub deletion_delay: Duration,
    /// What this node is called among several.
    pub node: String,
    /// Whether it serves pages, beside taking runs.
    pub serves_pages: bool,
    /// Requests come through a reverse proxy, so that one from loopback that names nobody else may be anybody's.
    pub behind_proxy: bool,
    pub clock: Clock,
}

/// A directory that an organization's projects may back up and restore to, with everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRoot {
    /// Absent only as long as there is one organization.
    pub organization: Option<OrganizationName>,
    /// An absolute path.
    pub directory: PathBuf,
}

impl SourceRoot {
    /// Whether it is the organization's of that name. Letter case does not tell organizations apart.
    pub(crate) fn names(&self, organization: &str) -> bool {
        let name = self.organization.as_ref().map(|name| name.as_str().to_lowercase());
        name.is_some_and(|name| name == organization.to_lowercase())
    }
}

/// As the setting has it.
impl fmt::Display for SourceRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(organization) = &self.organization {
            write!(f, "{organization}=")?;
        }
        self.directory.display().fmt(f)
    }
}
