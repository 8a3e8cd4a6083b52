//! The database's address, whose password nobody may read.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use url::Url;

use super::Problem;

/// What would end the path of a `sqlite://` address, or be decoded in it.
const NOT_IN_A_PATH: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// An address of SQLite or PostgreSQL. `Display` and `Debug` hide what is secret in it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let url = Self(text.to_owned());
        let known = text.starts_with("sqlite:") || (url.is_postgres() && Url::parse(text).is_ok());
        if known { Ok(url) } else { Err(Problem::Database) }
    }

    /// The address of a SQLite file.
    pub fn sqlite(file: &Path) -> Self {
        let path = file.to_string_lossy();
        Self(format!("sqlite://{}", utf8_percent_encode(&path, NOT_IN_A_PATH)))
    }

    pub fn is_postgres(&self) -> bool {
        ["postgres://", "postgresql://"].iter().any(|scheme| self.0.starts_with(scheme))
    }

    /// The file of a SQLite database; `None` where it is in memory, or PostgreSQL.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        let path = self.0.strip_prefix("sqlite:")?.split('?').next()?;
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = percent_decode_str(path).decode_utf8().ok()?;
        (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path.into_owned()))
    }

    /// The address itself. Use it only to connect.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Url::parse(&self.0) {
            Ok(url) if self.is_postgres() => f.write_str(hidden(url).as_str()),
            Ok(_) => f.write_str(&self.0),
            Err(_) => f.write_str("***"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The address with stars in place of passwords. Where there is no host it cannot carry a password before the host.
fn hidden(mut url: Url) -> Url {
    if url.password().is_some() && url.set_password(Some("***")).is_err() {
        url.set_path("***");
    }
    if url.query().is_some() {
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let mut query = url.query_pairs_mut();
        query.clear();
        for (name, value) in &pairs {
            query.append_pair(name, if name.to_lowercase().contains("password") { "***" } else { value });
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_databases_are_known() {
        for good in
            ["sqlite:///var/lib/holdfast.db", "sqlite://data/h.db?mode=rwc", "postgres:///holdfast?host=/run/pg"]
        {
            assert!(DatabaseUrl::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "holdfast.db", "mysql://a@b/c", "postgres://["] {
            assert!(DatabaseUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_file_of_a_database_is_known() {
        let file = |text: &str| DatabaseUrl::parse(text).unwrap().sqlite_file();
        assert_eq!(file("sqlite://data/h.db?mode=rwc"), Some("data/h.db".into()));
        assert_eq!(file("sqlite:///srv/a%20b.db"), Some("/srv/a b.db".into()));
        assert_eq!(DatabaseUrl::sqlite(Path::new("/srv/100%/h.db")).sqlite_file(), Some("/srv/100%/h.db".into()));
        assert_eq!((file("sqlite::memory:"), file("postgres://db/holdfast")), (None, None));
    }

    #[test]
    fn passwords_are_hidden_wherever_they_stand() {
        let shown = |text: &str| DatabaseUrl::parse(text).unwrap().to_string();
        assert_eq!(shown("postgres://u:pw@db:5432/h?sslmode=require"), "postgres://u:***@db:5432/h?sslmode=require");
        assert!(!shown("postgres:///h?user=u&password=hunter2").contains("hunter2"));
        assert_eq!(shown("sqlite:///a b.db"), "sqlite:///a b.db");
    }

    #[test]
    fn odd_folders_make_an_address_that_leads_back() {
        assert_eq!(DatabaseUrl::sqlite(Path::new("/50%?/x.db")).expose(), "sqlite:///50%25%3F/x.db");
    }
}
