//! PostgreSQL databases as sources: what a connection URL says, and what of it may be shown.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    language::msgid,
    names::{Hidden, name, no_control_characters},
    rule::RuleError,
};

/// What RFC 3986, section 2.3, lets stand as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const FIELD: &str = msgid("Connection URL");
const DEFAULT_PORT: u16 = 5432;

/// Longest identifier of PostgreSQL in bytes (`NAMEDATALEN` - 1). Longer ones are cut by the server, silently.
const LONGEST_NAME: usize = 63;

name! {
    /// A database's name: 1 to 63 bytes.
    DatabaseName, |text| {
        no_control_characters(msgid("Database Name"), text)?;
        match text.len() {
            0 => Err(RuleError::Missing { field: msgid("Database Name") }),
            1..=LONGEST_NAME => Ok(()),
            _ => Err(RuleError::Length { field: msgid("Database Name"), min: 1, max: LONGEST_NAME }),
        }
    }
}

/// Where a database is and who reads it: everything of a connection URL that may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseAddress {
    pub user: String,
    /// A name or an address; IPv6 without brackets.
    pub host: String,
    pub port: u16,
    pub database: DatabaseName,
}

impl fmt::Display for DatabaseAddress {
    /// As a connection URL without password and parameters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = |text| utf8_percent_encode(text, PLAIN);
        let (user, database) = (encoded(&self.user), encoded(self.database.as_str()));
        if self.host.contains(':') {
            write!(f, "postgresql://{user}@[{}]:{}/{database}", self.host, self.port)
        } else {
            write!(f, "postgresql://{user}@{}:{}/{database}", self.host, self.port)
        }
    }
}

/// How a connection is encrypted, as in libpq
/// (<https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SslMode {
    Disable,
    Allow,
    #[default]
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl SslMode {
    pub const ALL: [Self; 6] =
        [Self::Disable, Self::Allow, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    /// libpq's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// A connection URL, such as `postgresql://user:password@host:5432/database?sslmode=require`.
///
/// Only TCP: over a socket the server would take Holdfast's own user for the person's. And no parameter but `sslmode`:
/// others name files on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionUrl {
    pub address: DatabaseAddress,
    pub password: Option<Hidden>,
    pub ssl_mode: SslMode,
    text: Hidden,
}

impl ConnectionUrl {
    pub fn parse(typed: &Hidden) -> Result<Self, RuleError> {
        let text = typed.expose().trim();
        if text.is_empty() {
            return Err(RuleError::Missing { field: FIELD });
        }
        no_control_characters(FIELD, text)?;
        let url = Url::parse(text).map_err(|_| RuleError::ConnectionUrl)?;
        let known = matches!(url.scheme(), "postgres" | "postgresql") && text.len() <= 2000;
        if !known || url.fragment().is_some() {
            return Err(RuleError::ConnectionUrl);
        }
        let password = url.password().map(decoded).transpose()?;
        Ok(Self {
            address: address(&url)?,
            password: password.filter(|password| !password.is_empty()).map(Hidden::new),
            ssl_mode: ssl_mode(&url)?,
            text: Hidden::new(text),
        })
    }

    /// The whole URL. Use it only to seal it.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }
}

fn address(url: &Url) -> Result<DatabaseAddress, RuleError> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    if host.is_empty() || !host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:".contains(c)) {
        return Err(RuleError::ConnectionUrlHost);
    }
    let user = decoded(url.username())?;
    if user.is_empty() {
        return Err(RuleError::ConnectionUrlUser);
    }
    let database = decoded(url.path().strip_prefix('/').unwrap_or_default())?;
    if database.is_empty() {
        return Err(RuleError::ConnectionUrlDatabase);
    }
    Ok(DatabaseAddress {
        user,
        host: host.to_owned(),
        port: url.port().unwrap_or(DEFAULT_PORT),
        database: DatabaseName::parse(&database)?,
    })
}

fn ssl_mode(url: &Url) -> Result<SslMode, RuleError> {
    let mut chosen = SslMode::default();
    for (name, value) in url.query_pairs() {
        if name != "sslmode" {
            return Err(RuleError::ConnectionUrlParameter { name: name.into_owned() });
        }
        let mode = SslMode::ALL.into_iter().find(|mode| mode.as_str() == value);
        chosen = mode.ok_or(RuleError::Unlisted { field: "sslmode" })?;
    }
    Ok(chosen)
}

fn decoded(text: &str) -> Result<String, RuleError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| RuleError::ConnectionUrl)?;
    no_control_characters(FIELD, &text)?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<ConnectionUrl, RuleError> {
        ConnectionUrl::parse(&Hidden::new(text))
    }

    #[test]
    fn a_whole_url_is_taken_apart() {
        let url = parse(" postgres://sh%40p:p%2Fw%23@db.example.com:6432/web%20shop?sslmode=verify-full ").unwrap();
        assert_eq!(url.address.user, "sh@p");
        assert_eq!(url.address.host, "db.example.com");
        assert_eq!(url.address.port, 6432);
        assert_eq!(url.address.database.as_str(), "web shop");
        assert_eq!(url.password.unwrap().expose(), "p/w#");
        assert_eq!(url.ssl_mode, SslMode::VerifyFull);
    }

    #[test]
    fn what_is_left_out_has_libpqs_defaults() {
        let url = parse("postgresql://me@[2001:db8::1]/shop").unwrap();
        assert_eq!((url.address.port, url.password, url.ssl_mode), (5432, None, SslMode::Prefer));
        assert_eq!(url.address.host, "2001:db8::1");
    }

    #[test]
    fn what_is_shown_holds_no_password_and_reads_back() {
        for text in ["postgres://u:s3cret@h/d", "postgres://a%3Ab:s3cret@[::1]:1/x%2Fy%3F?sslmode=require"] {
            let url = parse(text).unwrap();
            let shown = url.address.to_string();
            assert!(!shown.contains("s3cret") && !format!("{url:?}").contains("s3cret"), "{shown}");
            assert_eq!(parse(&shown).unwrap().address, url.address, "{shown}");
        }
    }

    #[test]
    fn what_names_a_file_or_a_socket_is_refused() {
        for bad in [
            "",
            "shop",
            "mysql://u@h/d",
            "postgres://u:p@/d",
            "postgres:///d?host=/run/postgresql",
            "postgres://u@%2Frun%2Fpostgresql/d",
            "postgres://u@h/d?passfile=/etc/passwd",
            "postgres://u@h/d?sslmode=none",
            "postgres://u@h/d#x",
            "postgres://u@h",
            "postgres://h/d",
            "postgres://u@h1,h2/d",
            "postgres://u@h/d%00",
            "postgres://u:p#w@h/d",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse(&format!("postgres://u@h/{}", "d".repeat(64))).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_rule_panic(text in "postgres://\\PC{0,60}") {
            if let Ok(url) = parse(&text) {
                prop_assert_eq!(parse(&url.address.to_string()).unwrap().address, url.address);
            }
        }
    }
}
