//! What the operator sets: from the environment, or from `holdfast.toml`.

mod database;
mod error;
mod key;
mod parse;
mod public_url;
mod settings;

use std::{
    fmt,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;
use services::{Clock, ServicesConfig, SourceRoot, notifications::MailServer, openid::OpenIdSettings};

pub use self::{
    database::DatabaseUrl,
    error::{ConfigError, Problem},
    key::Key,
    public_url::PublicUrl,
    settings::Settings,
};

/// The file that is read from the working directory where the command line names no other.
pub const DEFAULT_FILE: &str = "holdfast.toml";

/// The settings in force, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file that settings were read from.
    pub file: Option<PathBuf>,
    /// Where the pages are served.
    pub listen: SocketAddr,
    /// The address that people type, where it differs from `listen`.
    pub public_url: Option<PublicUrl>,
    pub data_dir: PathBuf,
    pub database: DatabaseUrl,
    pub master_key_file: PathBuf,
    /// Whether a missing master key is made: on SQLite, where the key's file was not given.
    pub create_master_key: bool,
    /// Directories that projects may back up and restore to.
    pub source_roots: Vec<SourceRoot>,
    /// Networks of S3 endpoints that are not on public addresses.
    pub allow_networks: Vec<IpNet>,
    /// Networks of databases to back up that are not on public addresses.
    pub postgres_networks: Vec<IpNet>,
    /// Networks of hooks, to which messages go, that are not on public addresses.
    pub notify_networks: Vec<IpNet>,
    /// Where e-mail is sent through.
    pub mail_server: Option<MailServer>,
    /// Whom people may sign in with, and where the secret was read from.
    pub provider: Option<OpenIdSettings>,
    pub provider_secret_file: Option<PathBuf>,
    /// Reverse proxies whose word on where a request comes from counts.
    pub trusted_proxies: Vec<IpNet>,
    /// How many backups and restores run at the same time.
    pub backup_workers: NonZeroUsize,
    /// How long a run may take before it is stopped.
    pub run_limit: Duration,
    /// How long a run waits for an S3 service that is away; zero: not at all.
    pub s3_outage_limit: Duration,
    /// In how many weekly verifications all data of a repository is read.
    pub verification_weeks: NonZeroU32,
    /// How long a backup stays between being marked for deletion and being removed.
    pub deletion_delay: Duration,
    /// What this node is called among several; directories belong to the node of that name.
    pub node: String,
    /// What a program from elsewhere shows to read the metrics, and where it was read from.
    pub metrics_token: Option<Arc<str>>,
    pub metrics_token_file: Option<PathBuf>,
    /// A level, or directives of `tracing-subscriber`'s `EnvFilter`.
    pub log: String,
    pub log_format: LogFormat,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

impl Config {
    /// Reads the environment and the file: `file`, or [`DEFAULT_FILE`] where that exists.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let default = Path::new(DEFAULT_FILE);
        let file = file.or_else(|| default.exists().then_some(default));
        let mut settings = file.map(Settings::from_file).transpose()?.unwrap_or_default();
        settings.overlay(Settings::from_environment(std::env::vars_os())?);
        Ok(Self { file: file.map(Path::to_owned), ..Self::from_settings(&settings)? })
    }

    /// Checks the settings and fills in the defaults.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let data_dir = PathBuf::from(settings.get(Key::DataDir).unwrap_or("./data"));
        let database = match settings.get(Key::DatabaseUrl) {
            Some(text) => DatabaseUrl::parse(text).map_err(|problem| problem.at(Key::DatabaseUrl))?,
            None => DatabaseUrl::sqlite(&data_dir.join("holdfast.db")),
        };
        let given_key_file = settings.get(Key::MasterKeyFile).map(PathBuf::from);
        if database.is_postgres() && given_key_file.is_none() {
            return Err(ConfigError::MasterKeyFileMissing);
        }
        let (listen, provider) = (parse::listen(settings)?, parse::provider(settings)?);
        let public_url = settings.get(Key::PublicUrl).map(PublicUrl::parse).transpose();
        let public_url = public_url.map_err(|problem| problem.at(Key::PublicUrl))?;
        if provider.is_some() && public_url.is_none() && !listen.ip().is_loopback() {
            return Err(ConfigError::PublicUrlMissing);
        }
        let mail_server = parse::mail_server(settings, public_url.as_ref().map(PublicUrl::host))?;
        Ok(Self {
            file: None,
            listen,
            public_url,
            create_master_key: given_key_file.is_none(),
            master_key_file: given_key_file.unwrap_or_else(|| data_dir.join("master.key")),
            database,
            data_dir,
            source_roots: parse::source_roots(settings)?,
            allow_networks: parse::networks(settings, Key::S3AllowNetworks)?,
            postgres_networks: parse::networks(settings, Key::PostgresAllowNetworks)?,
            notify_networks: parse::networks(settings, Key::NotifyAllowNetworks)?,
            mail_server,
            provider,
            provider_secret_file: settings.get(Key::OidcClientSecretFile).map(PathBuf::from),
            trusted_proxies: parse::networks(settings, Key::TrustedProxies)?,
            backup_workers: parse::workers(settings)?,
            run_limit: parse::run_limit(settings)?,
            s3_outage_limit: parse::s3_outage_limit(settings)?,
            verification_weeks: parse::verification_weeks(settings)?,
            deletion_delay: parse::deletion_delay(settings)?,
            node: parse::node(settings)?,
            metrics_token: parse::metrics_token(settings)?,
            metrics_token_file: settings.get(Key::MetricsTokenFile).map(PathBuf::from),
            log: parse::log_filter(settings)?,
            log_format: parse::log_format(settings)?,
        })
    }

    /// Whether requests may come from beyond this machine: over the network, or through a reverse proxy. What is then asked
    /// for is the setup code, for the first account, and the token, for the metrics.
    pub fn is_reachable(&self) -> bool {
        !self.listen.ip().is_loopback() || self.public_url.is_some() || !self.trusted_proxies.is_empty()
    }

    /// The address to open in a browser, without a slash at the end.
    pub fn address_for_people(&self, bound: SocketAddr) -> String {
        self.public_url.as_ref().map_or_else(|| format!("http://{bound}"), |url| url.origin().to_owned())
    }

    /// What is Holdfast's own, with every file that a setting names for a secret, and the file of the settings.
    fn protected(&self) -> Vec<PathBuf> {
        let database = self.database.sqlite_file();
        let own = [self.data_dir.clone(), self.master_key_file.clone()];
        let secrets = [&self.file, &self.provider_secret_file, &self.metrics_token_file].map(Clone::clone);
        let all = own.into_iter().chain(database).chain(secrets.into_iter().flatten());
        all.map(|path| std::path::absolute(&path).unwrap_or(path)).collect()
    }

    /// The part that decides what the services do.
    pub fn services(&self, clock: Clock, serves_pages: bool) -> ServicesConfig {
        ServicesConfig {
            database_url: self.database.expose().to_owned(),
            master_key_file: self.master_key_file.clone(),
            create_master_key: self.create_master_key,
            data_dir: self.data_dir.clone(),
            source_roots: self.source_roots.clone(),
            protected: self.protected(),
            allow_networks: self.allow_networks.clone(),
            postgres_networks: self.postgres_networks.clone(),
            notify_networks: self.notify_networks.clone(),
            mail_server: self.mail_server.clone(),
            provider: self.provider.clone(),
            public_url: self.public_url.as_ref().map(|url| url.origin().to_owned()),
            workers: self.backup_workers.get(),
            run_limit: self.run_limit,
            s3_outage_limit: self.s3_outage_limit,
            verification_weeks: self.verification_weeks.get(),
            deletion_delay: self.deletion_delay,
            node: self.node.clone(),
            serves_pages,
            behind_proxy: !self.trusted_proxies.is_empty(),
            clock,
        }
    }
}

impl fmt::Display for Config {
    /// The settings in force as the environment would give them, with secrets hidden.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roots: Vec<_> = self.source_roots.iter().map(ToString::to_string).collect();
        let list = |networks: &[IpNet]| networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let public_url = self.public_url.as_ref().map_or("", PublicUrl::origin);
        let file = |file: &Option<PathBuf>| file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
        let provider = |text: fn(&OpenIdSettings) -> String| self.provider.as_ref().map(text).unwrap_or_default();
        let lines = [
            (Key::Listen, self.listen.to_string()),
            (Key::PublicUrl, public_url.to_owned()),
            (Key::DataDir, self.data_dir.display().to_string()),
            (Key::DatabaseUrl, self.database.to_string()),
            (Key::MasterKeyFile, self.master_key_file.display().to_string()),
            (Key::SourceRoots, roots.join(":")),
            (Key::S3AllowNetworks, list(&self.allow_networks)),
            (Key::PostgresAllowNetworks, list(&self.postgres_networks)),
            (Key::NotifyAllowNetworks, list(&self.notify_networks)),
            (Key::SmtpUrl, self.mail_server.as_ref().map_or("", MailServer::shown).to_owned()),
            (Key::SmtpFrom, self.mail_server.as_ref().map(MailServer::from).unwrap_or_default()),
            (Key::OidcIssuer, provider(|known| known.issuer.as_str().to_owned())),
            (Key::OidcClientId, provider(|known| known.client_id.clone())),
            (Key::OidcClientSecretFile, file(&self.provider_secret_file)),
            (Key::OidcName, provider(|known| known.name.clone())),
            (Key::OidcScopes, provider(|known| known.scopes.join(","))),
            (Key::OidcClaim, provider(|known| known.claim.clone())),
            (Key::OidcRoles, provider(OpenIdSettings::grants_as_text)),
            (Key::OidcAllowNetworks, list(self.provider.as_ref().map_or(&[], |known| &known.networks))),
            (Key::TrustedProxies, list(&self.trusted_proxies)),
            (Key::BackupWorkers, self.backup_workers.to_string()),
            (Key::RunLimit, format!("{}s", self.run_limit.as_secs())),
            (Key::S3OutageLimit, format!("{}s", self.s3_outage_limit.as_secs())),
            (Key::VerificationWeeks, self.verification_weeks.to_string()),
            (Key::DeletionDelay, format!("{}s", self.deletion_delay.as_secs())),
            (Key::Node, self.node.clone()),
            (Key::MetricsTokenFile, file(&self.metrics_token_file)),
            (Key::Log, self.log.clone()),
            (Key::LogFormat, self.log_format.to_string()),
        ];
        lines.iter().try_for_each(|(key, value)| writeln!(f, "{}={value}", key.variable()))
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_settings(&Settings::from_environment(
            pairs.iter().map(|(name, value)| (name.into(), value.into())),
        )?)
    }

    #[test]
    fn nothing_set_means_the_defaults() {
        let config = config(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(config.database.expose(), "sqlite://./data/holdfast.db");
        assert_eq!(config.master_key_file, Path::new("./data/master.key"));
        assert!(config.create_master_key && config.public_url.is_none() && config.source_roots.is_empty());
        assert_eq!((config.log.as_str(), config.log_format), ("info", LogFormat::Text));
        assert!(!config.is_reachable());
    }

    #[test]
    fn the_database_and_the_key_follow_the_data_folder() {
        let config = config(&[("HOLDFAST_DATA_DIR", "/srv/hold fast")]).unwrap();
        assert_eq!(config.database.expose(), "sqlite:///srv/hold fast/holdfast.db");
        assert_eq!(config.master_key_file, Path::new("/srv/hold fast/master.key"));
    }

    #[test]
    fn postgresql_asks_for_the_master_key_file() {
        let url = ("HOLDFAST_DATABASE_URL", "postgres://h:pw@db/holdfast");
        assert!(config(&[url]).unwrap_err().to_string().contains("HOLDFAST_MASTER_KEY_FILE"));
        let config = config(&[url, ("HOLDFAST_MASTER_KEY_FILE", "/etc/holdfast.key")]).unwrap();
        assert!(!config.create_master_key);
    }

    #[test]
    fn beyond_loopback_and_behind_a_proxy_the_first_run_page_asks_for_a_code() {
        for reachable in [
            ("HOLDFAST_LISTEN", "0.0.0.0:3000"),
            ("HOLDFAST_PUBLIC_URL", "https://backup.example.com"),
            ("HOLDFAST_TRUSTED_PROXIES", "127.0.0.0/8"),
        ] {
            assert!(config(&[reachable]).unwrap().is_reachable(), "{reachable:?}");
        }
        assert!(!config(&[("HOLDFAST_LISTEN", "[::1]:3000")]).unwrap().is_reachable());
    }

    #[test]
    fn what_is_printed_hides_secrets() {
        let config = config(&[
            ("HOLDFAST_DATABASE_URL", "postgres://h:geheim@db/holdfast?sslpassword=geheim"),
            ("HOLDFAST_MASTER_KEY_FILE", "/etc/holdfast.key"),
            ("HOLDFAST_SMTP_URL", "smtps://me:geheim@mail.example.com:465"),
            ("HOLDFAST_SMTP_FROM", "Holdfast <backups@example.com>"),
        ])
        .unwrap();
        let printed = config.to_string();
        assert!(!printed.contains("geheim") && !format!("{config:?}").contains("geheim"), "{printed}");
        assert!(printed.contains("HOLDFAST_SMTP_URL=smtps://***@mail.example.com:465\n"), "{printed}");
        assert!(printed.contains("HOLDFAST_DATABASE_URL=postgres://h:***@db/holdfast"), "{printed}");
    }
}
