//! The names of the settings.

use std::fmt;

/// What variables of the environment begin with.
pub const PREFIX: &str = "HOLDFAST_";

/// A setting's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Listen,
    PublicUrl,
    DataDir,
    DatabaseUrl,
    MasterKeyFile,
    SourceRoots,
    S3AllowNetworks,
    PostgresAllowNetworks,
    NotifyAllowNetworks,
    SmtpUrl,
    SmtpFrom,
    OidcIssuer,
    OidcClientId,
    OidcClientSecretFile,
    OidcName,
    OidcScopes,
    OidcClaim,
    OidcRoles,
    OidcAllowNetworks,
    TrustedProxies,
    BackupWorkers,
    RunLimit,
    S3OutageLimit,
    VerificationWeeks,
    DeletionDelay,
    Node,
    MetricsTokenFile,
    Log,
    LogFormat,
}

impl Key {
    pub const ALL: [Self; 29] = [
        Self::Listen,
        Self::PublicUrl,
        Self::DataDir,
        Self::DatabaseUrl,
        Self::MasterKeyFile,
        Self::SourceRoots,
        Self::S3AllowNetworks,
        Self::PostgresAllowNetworks,
        Self::NotifyAllowNetworks,
        Self::SmtpUrl,
        Self::SmtpFrom,
        Self::OidcIssuer,
        Self::OidcClientId,
        Self::OidcClientSecretFile,
        Self::OidcName,
        Self::OidcScopes,
        Self::OidcClaim,
        Self::OidcRoles,
        Self::OidcAllowNetworks,
        Self::TrustedProxies,
        Self::BackupWorkers,
        Self::RunLimit,
        Self::S3OutageLimit,
        Self::VerificationWeeks,
        Self::DeletionDelay,
        Self::Node,
        Self::MetricsTokenFile,
        Self::Log,
        Self::LogFormat,
    ];

    /// The name of the variable in the environment.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Listen => "HOLDFAST_LISTEN",
            Self::PublicUrl => "HOLDFAST_PUBLIC_URL",
            Self::DataDir => "HOLDFAST_DATA_DIR",
            Self::DatabaseUrl => "HOLDFAST_DATABASE_URL",
            Self::MasterKeyFile => "HOLDFAST_MASTER_KEY_FILE",
            Self::SourceRoots => "HOLDFAST_SOURCE_ROOTS",
            Self::S3AllowNetworks => "HOLDFAST_S3_ALLOW_NETWORKS",
            Self::PostgresAllowNetworks => "HOLDFAST_POSTGRES_ALLOW_NETWORKS",
            Self::NotifyAllowNetworks => "HOLDFAST_NOTIFY_ALLOW_NETWORKS",
            Self::SmtpUrl => "HOLDFAST_SMTP_URL",
            Self::SmtpFrom => "HOLDFAST_SMTP_FROM",
            Self::OidcIssuer => "HOLDFAST_OIDC_ISSUER",
            Self::OidcClientId => "HOLDFAST_OIDC_CLIENT_ID",
            Self::OidcClientSecretFile => "HOLDFAST_OIDC_CLIENT_SECRET_FILE",
            Self::OidcName => "HOLDFAST_OIDC_NAME",
            Self::OidcScopes => "HOLDFAST_OIDC_SCOPES",
            Self::OidcClaim => "HOLDFAST_OIDC_CLAIM",
            Self::OidcRoles => "HOLDFAST_OIDC_ROLES",
            Self::OidcAllowNetworks => "HOLDFAST_OIDC_ALLOW_NETWORKS",
            Self::TrustedProxies => "HOLDFAST_TRUSTED_PROXIES",
            Self::BackupWorkers => "HOLDFAST_BACKUP_WORKERS",
            Self::RunLimit => "HOLDFAST_RUN_LIMIT",
            Self::S3OutageLimit => "HOLDFAST_S3_OUTAGE_LIMIT",
            Self::VerificationWeeks => "HOLDFAST_VERIFICATION_WEEKS",
            Self::DeletionDelay => "HOLDFAST_DELETION_DELAY",
            Self::Node => "HOLDFAST_NODE",
            Self::MetricsTokenFile => "HOLDFAST_METRICS_TOKEN_FILE",
            Self::Log => "HOLDFAST_LOG",
            Self::LogFormat => "HOLDFAST_LOG_FORMAT",
        }
    }

    pub fn from_variable(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.variable() == name)
    }

    /// Finds a key of the file: the variable's name, or the same in lower case without the prefix (`listen`).
    pub fn from_file(name: &str) -> Option<Self> {
        let short = |key: &Self| key.variable()[PREFIX.len()..].to_lowercase();
        Self::ALL.into_iter().find(|key| key.variable() == name || short(key) == name)
    }

    /// What separates the parts of a setting that is a list.
    pub const fn separator(self) -> Option<char> {
        match self {
            Self::SourceRoots => Some(':'),
            // Values of a claim may have commas in them.
            Self::OidcRoles => Some(';'),
            Self::S3AllowNetworks
            | Self::PostgresAllowNetworks
            | Self::NotifyAllowNetworks
            | Self::OidcScopes
            | Self::OidcAllowNetworks
            | Self::TrustedProxies => Some(','),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.variable())
    }
}
