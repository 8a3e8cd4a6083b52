//! Checks of single settings.

use std::{
    net::{IpAddr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    sync::Arc,
    thread::available_parallelism,
    time::Duration,
};

use ipnet::IpNet;
use model::names::OrganizationName;
use services::{
    Secret, SourceRoot,
    notifications::{MailServer, MailServerError},
    openid::{Issuer, OpenIdSettings},
};
use tracing_subscriber::EnvFilter;

use super::{ConfigError, Key, LogFormat, Problem, Settings};

/// As long as a host's name may be (RFC 1035, section 2.3.4).
const MOST_OF_A_NAME: usize = 253;

/// A token must not be guessed.
const SHORTEST_TOKEN: usize = 16;

pub fn listen(settings: &Settings) -> Result<SocketAddr, ConfigError> {
    let text = settings.get(Key::Listen).unwrap_or("127.0.0.1:3000").trim();
    text.parse().map_err(|_| Problem::Address(text.to_owned()).at(Key::Listen))
}

pub fn source_roots(settings: &Settings) -> Result<Vec<SourceRoot>, ConfigError> {
    parts(settings, Key::SourceRoots)
        .map(|text| source_root(text).map_err(|problem| problem.at(Key::SourceRoots)))
        .collect()
}

/// `organization=/directory`, or a directory alone.
fn source_root(text: &str) -> Result<SourceRoot, Problem> {
    let (name, directory) = match text.split_once('=') {
        Some((name, directory)) if !text.starts_with('/') => (Some(name), directory),
        _ => (None, text),
    };
    let directory = PathBuf::from(directory.trim());
    if !directory.is_absolute() {
        return Err(Problem::SourceRoot(text.to_owned()));
    }
    let organization = name.map(OrganizationName::parse).transpose();
    Ok(SourceRoot { organization: organization.map_err(|_| Problem::SourceRoot(text.to_owned()))?, directory })
}

/// The networks that a setting lists.
pub fn networks(settings: &Settings, key: Key) -> Result<Vec<IpNet>, ConfigError> {
    parts(settings, key).map(|text| network(text).map_err(|problem| problem.at(key))).collect()
}

/// A network, or a single address.
fn network(text: &str) -> Result<IpNet, Problem> {
    let network = text
        .parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| Problem::Network(text.to_owned()))?;
    let link_local = match network.addr() {
        IpAddr::V4(address) => address.is_link_local() && network.prefix_len() >= 16,
        IpAddr::V6(address) => address.is_unicast_link_local() && network.prefix_len() >= 10,
    };
    if link_local { Err(Problem::LinkLocal(network)) } else { Ok(network) }
}

const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();

/// As many as there are cores where nothing is set.
pub fn workers(settings: &Settings) -> Result<NonZeroUsize, ConfigError> {
    let Some(text) = settings.get(Key::BackupWorkers) else {
        // At least two, so that one that waits for a service does not hold everybody up.
        return Ok(available_parallelism().map_or(TWO, |cores| cores.max(TWO)));
    };
    match text.trim().parse::<NonZeroUsize>() {
        Ok(count) if count.get() <= 256 => Ok(count),
        _ => Err(Problem::Workers(text.to_owned()).at(Key::BackupWorkers)),
    }
}

/// 48 hours where nothing is set.
pub fn run_limit(settings: &Settings) -> Result<Duration, ConfigError> {
    const DEFAULT: Duration = Duration::from_hours(48);
    const LONGEST: Duration = Duration::from_hours(30 * 24);
    let Some(text) = settings.get(Key::RunLimit) else { return Ok(DEFAULT) };
    match model::retention::seconds(text.trim()).map(Duration::from_secs) {
        Some(limit) if (Duration::from_secs(1)..=LONGEST).contains(&limit) => Ok(limit),
        _ => Err(Problem::RunLimit(text.to_owned()).at(Key::RunLimit)),
    }
}

/// Ten minutes where nothing is set.
pub fn s3_outage_limit(settings: &Settings) -> Result<Duration, ConfigError> {
    const LONGEST: Duration = Duration::from_hours(24);
    let Some(text) = settings.get(Key::S3OutageLimit) else { return Ok(services::LONGEST_OUTAGE) };
    match duration_or_zero(text) {
        Some(limit) if limit <= LONGEST => Ok(limit),
        _ => Err(Problem::OutageLimit(text.to_owned()).at(Key::S3OutageLimit)),
    }
}

/// Four where nothing is set.
pub fn verification_weeks(settings: &Settings) -> Result<NonZeroU32, ConfigError> {
    const DEFAULT: NonZeroU32 = NonZeroU32::new(4).unwrap();
    let Some(text) = settings.get(Key::VerificationWeeks) else { return Ok(DEFAULT) };
    match text.trim().parse::<NonZeroU32>() {
        Ok(weeks) if weeks.get() <= 52 => Ok(weeks),
        _ => Err(Problem::Weeks(text.to_owned()).at(Key::VerificationWeeks)),
    }
}

/// Seven days where nothing is set.
pub fn deletion_delay(settings: &Settings) -> Result<Duration, ConfigError> {
    const DEFAULT: Duration = Duration::from_hours(7 * 24);
    const LONGEST: Duration = Duration::from_hours(90 * 24);
    let Some(text) = settings.get(Key::DeletionDelay) else { return Ok(DEFAULT) };
    match duration_or_zero(text) {
        Some(delay) if delay <= LONGEST => Ok(delay),
        _ => Err(Problem::DeletionDelay(text.to_owned()).at(Key::DeletionDelay)),
    }
}

/// `0`, or a duration as the retention has it.
fn duration_or_zero(text: &str) -> Option<Duration> {
    match text.trim() {
        "0" => Some(Duration::ZERO),
        text => model::retention::seconds(text).map(Duration::from_secs),
    }
}

/// The host's name where nothing is set.
pub fn node(settings: &Settings) -> Result<String, ConfigError> {
    let host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    let name = settings.get(Key::Node).map_or_else(host, |text| text.trim().to_owned());
    let is_in_order = (1..=MOST_OF_A_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    if is_in_order { Ok(name) } else { Err(Problem::Node(name).at(Key::Node)) }
}

/// Where e-mail is sent through; `None` where nothing is set.
///
/// `host` is the name that people know this server by.
pub fn mail_server(settings: &Settings, host: Option<&str>) -> Result<Option<MailServer>, ConfigError> {
    let Some(url) = settings.get(Key::SmtpUrl) else { return Ok(None) };
    let from = settings.get(Key::SmtpFrom).ok_or(ConfigError::SmtpFromMissing)?;
    MailServer::parse(url.trim(), from.trim(), host).map(Some).map_err(|error| {
        let key = if error == MailServerError::From { Key::SmtpFrom } else { Key::SmtpUrl };
        Problem::MailServer(error).at(key)
    })
}

/// Read at start; a change needs a restart.
pub fn metrics_token(settings: &Settings) -> Result<Option<Arc<str>>, ConfigError> {
    let Some((file, text)) = file(settings, Key::MetricsTokenFile)? else { return Ok(None) };
    let token = text.trim();
    if token.len() < SHORTEST_TOKEN {
        return Err(Problem::Token(file).at(Key::MetricsTokenFile));
    }
    Ok(Some(token.into()))
}

/// Whom people may sign in with; `None` where nothing is set. The secret is read at start.
pub fn provider(settings: &Settings) -> Result<Option<OpenIdSettings>, ConfigError> {
    let Some(issuer) = settings.get(Key::OidcIssuer) else { return Ok(None) };
    let issuer: Issuer = issuer.trim().parse().map_err(|error| Problem::OpenId(error).at(Key::OidcIssuer))?;
    let client_id = settings.get(Key::OidcClientId).ok_or(ConfigError::ClientIdMissing)?;
    let client_secret = match file(settings, Key::OidcClientSecretFile)? {
        Some((file, text)) if text.trim().is_empty() => {
            return Err(Problem::EmptyFile(file).at(Key::OidcClientSecretFile));
        }
        secret => secret.map(|(_, text)| Secret::new(text.trim().to_owned())),
    };
    let grant = |text: &str| text.parse().map_err(|error| Problem::OpenId(error).at(Key::OidcRoles));
    let scopes: Vec<String> = parts(settings, Key::OidcScopes).map(str::to_owned).collect();
    Ok(Some(OpenIdSettings {
        name: settings.get(Key::OidcName).map_or_else(|| issuer.host(), str::trim).to_owned(),
        issuer,
        client_id: client_id.trim().to_owned(),
        client_secret,
        scopes: if scopes.is_empty() { vec!["email".to_owned()] } else { scopes },
        claim: settings.get(Key::OidcClaim).unwrap_or("groups").trim().to_owned(),
        grants: parts(settings, Key::OidcRoles).map(grant).collect::<Result<_, _>>()?,
        networks: networks(settings, Key::OidcAllowNetworks)?,
    }))
}

/// A file that a setting names, and what is in it.
fn file(settings: &Settings, key: Key) -> Result<Option<(PathBuf, String)>, ConfigError> {
    let Some(file) = settings.get(key).map(PathBuf::from) else { return Ok(None) };
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok(Some((file, text))),
        Err(cause) => Err(ConfigError::File { file, cause }),
    }
}

pub fn log_filter(settings: &Settings) -> Result<String, ConfigError> {
    let text = settings.get(Key::Log).unwrap_or("info").trim();
    match EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(Problem::Log(text.to_owned()).at(Key::Log)),
    }
}

pub fn log_format(settings: &Settings) -> Result<LogFormat, ConfigError> {
    match settings.get(Key::LogFormat).map(str::trim) {
        None | Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        Some(other) => Err(Problem::LogFormat(other.to_owned()).at(Key::LogFormat)),
    }
}

/// The parts of a list, without empty ones.
fn parts(settings: &Settings, key: Key) -> impl Iterator<Item = &str> {
    let separators: &[char] = match key.separator() {
        Some(':') => &[':'],
        Some(';') => &[';'],
        _ => &[',', ' '],
    };
    settings.get(key).unwrap_or_default().split(separators).map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(key: Key, text: &str) -> Settings {
        let mut settings = Settings::default();
        settings.set(key, text);
        settings
    }

    #[test]
    fn networks_may_be_single_addresses_but_never_link_local() {
        let allowed = |text| networks(&settings(Key::S3AllowNetworks, text), Key::S3AllowNetworks);
        let parsed = allowed("10.0.0.0/8, 192.168.1.5,fd00::/8").unwrap();
        assert_eq!(
            parsed.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["10.0.0.0/8", "192.168.1.5/32", "fd00::/8"]
        );
        for bad in ["10.0.0.0/33", "minio", "169.254.0.0/16", "169.254.169.254", "fe80::1"] {
            let error = allowed(bad).unwrap_err().to_string();
            assert!(error.starts_with("HOLDFAST_S3_ALLOW_NETWORKS: "), "{error}");
        }
    }

    #[test]
    fn a_provider_needs_what_holdfast_is_registered_as() {
        let mut settings = settings(Key::OidcIssuer, "https://login.example.com/");
        assert!(provider(&settings).unwrap_err().to_string().contains("HOLDFAST_OIDC_CLIENT_ID"));
        settings.set(Key::OidcClientId, "holdfast");
        settings.set(Key::OidcRoles, "CN=admins,DC=x=Partner@acme; staff=User@globex");
        let known = provider(&settings).unwrap().unwrap();
        assert_eq!((known.name.as_str(), known.claim.as_str()), ("login.example.com", "groups"));
        assert_eq!(
            known.grants.iter().map(|grant| grant.value.as_str()).collect::<Vec<_>>(),
            ["CN=admins,DC=x", "staff"]
        );
        for (key, bad) in [(Key::OidcIssuer, "http://login.example.com"), (Key::OidcRoles, "admins=King@acme")] {
            let mut settings = settings.clone();
            settings.set(key, bad);
            let error = provider(&settings).unwrap_err().to_string();
            assert!(error.starts_with(key.variable()), "{error}");
        }
    }

    #[test]
    fn source_roots_are_absolute_and_may_name_their_organization() {
        let read = |text: &str| source_roots(&settings(Key::SourceRoots, text));
        let shown = |text: &str| read(text).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            shown("acme=/srv/acme: Beta.Ltd=/srv/beta :/home"),
            ["acme=/srv/acme", "Beta.Ltd=/srv/beta", "/home"]
        );
        assert_eq!(read("acme=/srv/a=b").unwrap()[0].directory, PathBuf::from("/srv/a=b"));
        assert_eq!(read("/srv/a=b").unwrap()[0].organization, None);
        for bad in ["data", "acme=data", "=/srv", "no name=/srv", "acme="] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(shown("/srv/data:/home:"), ["/srv/data", "/home"]);
    }

    #[test]
    fn wrong_values_name_their_setting() {
        assert!(listen(&settings(Key::Listen, "3000")).unwrap_err().to_string().starts_with("HOLDFAST_LISTEN: "));
        for bad in ["0", "-1", "257", "many"] {
            assert!(workers(&settings(Key::BackupWorkers, bad)).is_err(), "{bad}");
        }
        let server = mail_server(&settings(Key::SmtpUrl, "smtp://mail.example.com"), None);
        assert!(server.unwrap_err().to_string().contains("HOLDFAST_SMTP_FROM"));
        assert!(log_format(&settings(Key::LogFormat, "xml")).is_err());
        assert!(log_filter(&settings(Key::Log, "info,engine=loud")).is_err());
        assert_eq!(log_filter(&settings(Key::Log, "info,engine=debug")).unwrap(), "info,engine=debug");
    }
}
