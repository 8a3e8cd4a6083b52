//! The address under which people reach the server.

use url::Url;

use super::Problem;

/// An http or https address without path, query, fragment or user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    https: bool,
}

impl PublicUrl {
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let refused = || Problem::PublicUrl(text.to_owned());
        let url = Url::parse(text.trim()).map_err(|_| refused())?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        if !bare || !anonymous || !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(refused());
        }
        Ok(Self { origin: url.origin().ascii_serialization(), https: url.scheme() == "https" })
    }

    /// Scheme, host and, where it is not the scheme's own, port: as browsers write it in `Origin`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Host and port as a request for this address names them in `Host`.
    pub fn authority(&self) -> &str {
        self.origin.split_once("://").map_or("", |(_, authority)| authority)
    }

    /// The host alone.
    pub fn host(&self) -> &str {
        let authority = self.authority();
        // An IPv6 address has colons within its brackets.
        authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).map_or(authority, |(host, _)| host)
    }

    pub const fn is_https(&self) -> bool {
        self.https
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_written_as_browsers_do() {
        let url = PublicUrl::parse("HTTPS://Backup.Example.com:443/").unwrap();
        assert_eq!(url.origin(), "https://backup.example.com");
        assert!(url.is_https());
        assert_eq!(url.authority(), "backup.example.com");
        let url = PublicUrl::parse("http://host:8080").unwrap();
        assert_eq!((url.origin(), url.authority()), ("http://host:8080", "host:8080"));
    }

    #[test]
    fn nothing_but_the_origin_is_accepted() {
        for bad in ["", "backup.example.com", "https://x/backup", "https://x/?a", "https://u@x", "ftp://x", "https://"]
        {
            assert!(PublicUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
