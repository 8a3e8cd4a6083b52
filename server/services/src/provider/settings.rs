//! What the operator says of the provider.

use std::str::FromStr;

use engine::Secret;
use ipnet::IpNet;
use model::{names::OrganizationName, people::Role};
use url::{Host, Url};

/// The provider, what Holdfast is known as there, and who may come from it.
#[derive(Clone, Debug)]
pub struct OpenIdSettings {
    pub issuer: Issuer,
    pub client_id: String,
    /// `None` for a public client, which PKCE alone protects.
    pub client_secret: Option<Secret>,
    /// What people call the provider.
    pub name: String,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The claim of the ID token that the grants are about.
    pub claim: String,
    /// Empty where roles are given in Holdfast alone.
    pub grants: Vec<Grant>,
    /// Networks of providers that are not on public addresses.
    pub networks: Vec<IpNet>,
}

impl OpenIdSettings {
    /// The grants as the setting writes them.
    pub fn grants_as_text(&self) -> String {
        let grants = self.grants.iter();
        grants
            .map(|Grant { value, role, organization }| format!("{value}={role}@{organization}"))
            .collect::<Vec<_>>()
            .join(";")
    }
}

/// A provider's name for itself: an https address, or an http one on this machine, which nobody else can listen to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// As it was written: the ID token must name the very same.
    text: String,
    host: String,
}

/// Why a setting names no provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenIdSettingError {
    #[error("must be the https address of the provider without query and fragment, such as https://login.example.com")]
    Issuer,
    #[error(
        "must be entries such as backup-admins=Partner@acme, separated by semicolons: a value of the claim, a role (User, Manager or Partner) and an organization"
    )]
    Grant,
}

impl Issuer {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn host(&self) -> &str {
        &self.host
    }
}

impl FromStr for Issuer {
    type Err = OpenIdSettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| OpenIdSettingError::Issuer)?;
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        match url.host_str() {
            Some(host) if plain && is_confidential(&url) => Ok(Self { text: text.to_owned(), host: host.to_owned() }),
            _ => Err(OpenIdSettingError::Issuer),
        }
    }
}

/// Whether nobody on the way reads along.
pub fn is_confidential(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

/// Who has this value in the claim has this role in that organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub value: String,
    pub role: Role,
    pub organization: OrganizationName,
}

impl FromStr for Grant {
    type Err = OpenIdSettingError;

    /// The value may itself contain the signs: names of directories' groups do.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.rsplit_once('=').and_then(|(value, place)| {
            let (role, organization) = place.split_once('@')?;
            let organization = OrganizationName::parse(organization).ok()?;
            Some(Self { value: value.trim().to_owned(), role: role.trim().parse().ok()?, organization })
        });
        parsed.filter(|grant| !grant.value.is_empty()).ok_or(OpenIdSettingError::Grant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_reached_so_that_nobody_reads_along() {
        for good in ["https://login.example.com", "https://id.example.com/realms/x/", "http://127.0.0.1:8080"] {
            assert!(good.parse::<Issuer>().is_ok(), "{good}");
        }
        for bad in ["", "login.example.com", "http://login.example.com", "http://localhost", "https://a/?b", "ftp://a"]
        {
            assert_eq!(bad.parse::<Issuer>(), Err(OpenIdSettingError::Issuer), "{bad}");
        }
    }

    #[test]
    fn a_grant_names_a_value_a_role_and_an_organization() {
        let grant: Grant = "CN=admins,OU=it = manager@acme".parse().unwrap();
        assert_eq!((grant.value.as_str(), grant.role), ("CN=admins,OU=it", Role::Manager));
        assert_eq!(grant.organization.as_str(), "acme");
        for bad in ["", "admins", "admins=Manager", "admins=King@acme", "=User@acme", "admins=User@a b"] {
            assert_eq!(bad.parse::<Grant>(), Err(OpenIdSettingError::Grant), "{bad}");
        }
    }
}
