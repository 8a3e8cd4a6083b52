//! What is wrong with the settings.

use std::{io, path::PathBuf};

use super::{Key, key::PREFIX};

/// Why the settings are refused. Each names the setting and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{name} is no setting of Holdfast. Known are: {}", known())]
    UnknownVariable { name: String },
    #[error("{}: \"{name}\" is no setting of Holdfast. Known are: {}", .file.display(), known())]
    UnknownKey { file: PathBuf, name: String },
    #[error("{}: {key} is set twice; keep one", .file.display())]
    Twice { file: PathBuf, key: Key },
    #[error("{}: {key} must be a text, a whole number or, where it is a list, a list of texts", .file.display())]
    NotText { file: PathBuf, key: Key },
    #[error("{key} is not valid UTF-8")]
    NotUnicode { key: Key },
    #[error("{} cannot be read: {cause}", .file.display())]
    File { file: PathBuf, cause: io::Error },
    #[error("{} is no TOML file: {cause}", .file.display())]
    Syntax { file: PathBuf, cause: Box<toml::de::Error> },
    #[error("{key}: {problem}")]
    Invalid { key: Key, problem: Problem },
    #[error(
        "{} must name a file with the master key when the database is PostgreSQL, so that all nodes use the same. \
         Make one with: head -c 32 /dev/urandom | base64 > master.key",
        Key::MasterKeyFile
    )]
    MasterKeyFileMissing,
    #[error("{} needs {} beside it: the address that messages come from", Key::SmtpUrl, Key::SmtpFrom)]
    SmtpFromMissing,
    #[error(
        "{} needs {} beside it: what Holdfast is registered as with the provider",
        Key::OidcIssuer,
        Key::OidcClientId
    )]
    ClientIdMissing,
    #[error("{} needs {} beside it: the provider sends people back to that address", Key::OidcIssuer, Key::PublicUrl)]
    PublicUrlMissing,
}

/// What is wrong with one value.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("\"{0}\" is not an address with a port. Write for example 127.0.0.1:3000 or [::1]:3000")]
    Address(String),
    #[error("\"{0}\" is not an http or https address without a path. Write for example https://backup.example.com")]
    PublicUrl(String),
    #[error("the address must begin with sqlite:// or postgres://")]
    Database,
    #[error(
        "\"{0}\" is not an organization with an absolute path. Write for example acme=/srv/acme, several as \
         acme=/srv/acme:beta=/srv/beta, and /srv/data while there is one organization"
    )]
    SourceRoot(String),
    #[error("\"{0}\" is not a network. Write for example 10.0.0.0/8, and several as 10.0.0.0/8,192.168.1.5/32")]
    Network(String),
    #[error("{0} is link-local; such endpoints are never allowed")]
    LinkLocal(ipnet::IpNet),
    #[error("\"{0}\" is not a whole number from 1 to 256")]
    Workers(String),
    #[error("\"{0}\" is not a duration from 1s to 30d. Write for example 48h or 7d")]
    RunLimit(String),
    #[error("\"{0}\" is not a duration from 0 to 24h. Write for example 10m, 1h or 0")]
    OutageLimit(String),
    #[error("\"{0}\" is not a whole number from 1 to 52")]
    Weeks(String),
    #[error("\"{0}\" is not a duration from 0 to 90d. Write for example 7d, 12h or 0")]
    DeletionDelay(String),
    #[error("\"{0}\" is not a name of 1 to 253 letters, digits and signs without spaces")]
    Node(String),
    #[error("{} holds no token of at least 16 characters. Make one with: head -c 32 /dev/urandom | base64", .0.display())]
    Token(PathBuf),
    #[error(
        "\"{0}\" is not understood. Write error, warn, info, debug or trace, or directives such as info,engine=debug"
    )]
    Log(String),
    #[error("{0}")]
    MailServer(services::notifications::MailServerError),
    #[error("{0}")]
    OpenId(services::openid::OpenIdSettingError),
    #[error("{} holds nothing", .0.display())]
    EmptyFile(PathBuf),
    #[error("\"{0}\" is neither text nor json")]
    LogFormat(String),
}

impl Problem {
    pub(super) const fn at(self, key: Key) -> ConfigError {
        ConfigError::Invalid { key, problem: self }
    }
}

fn known() -> String {
    debug_assert!(Key::ALL.iter().all(|key| key.variable().starts_with(PREFIX)));
    Key::ALL.map(Key::variable).join(", ")
}
