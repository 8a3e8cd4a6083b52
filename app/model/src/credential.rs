//! Backup credentials: the keys of an S3 endpoint.

mod connection;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

pub use self::connection::{Addressing, CaCertificate, Connection};
use crate::{
    form::{FormCheck, FormErrors, Ticked},
    ids::{CredentialId, OrganizationId, ProjectId},
    language::msgid,
    list::Page,
    names::{Hidden, S3Name, name, no_control_characters},
    rule::{RuleError, length},
};

name! {
    /// An access key id: 1-128 visible ASCII characters.
    AccessKeyId, |text| {
        length(msgid("S3 Access Key ID"), text, 1..=128)?;
        if text.chars().all(|c| c.is_ascii_graphic()) {
            return Ok(());
        }
        Err(RuleError::Characters { field: msgid("S3 Access Key ID"), allowed: msgid("visible ASCII characters without spaces") })
    }
}

name! {
    /// A region: 1-64 characters of letters, digits, `-`, `_`.
    Region, |text| {
        length(msgid("S3 Region"), text, 1..=64)?;
        if text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
            return Ok(());
        }
        Err(RuleError::Characters { field: msgid("S3 Region"), allowed: msgid("letters, digits, hyphens and underscores") })
    }
}

name! {
    /// An absolute http or https address with a host, without user, query or fragment.
    Endpoint, |text| {
        length(msgid("S3 Endpoint"), text, 1..=2000)?;
        let url = Url::parse(text).map_err(|_| RuleError::EndpointNotUrl)?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(RuleError::EndpointNotUrl);
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(RuleError::EndpointExtras);
        }
        Ok(())
    }
}

impl Endpoint {
    /// The address as a URL; `None` never happens for a parsed endpoint.
    pub fn url(&self) -> Option<Url> {
        Url::parse(self.as_str()).ok()
    }
}

/// A secret key: 1-256 characters, never shown.
#[derive(Clone, Debug)]
pub struct SecretKey(Hidden);

impl SecretKey {
    /// Without spaces at its ends, which come along when it is copied.
    pub fn parse(typed: &Hidden) -> Result<Self, RuleError> {
        let secret = typed.expose().trim();
        length(msgid("S3 Secret Key"), secret, 1..=256)?;
        no_control_characters(msgid("S3 Secret Key"), secret)?;
        Ok(Self(Hidden::new(secret)))
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// The add form, as typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CredentialForm {
    /// A Partner's choice; empty means the own organization.
    pub organization: String,
    pub s3_name: String,
    pub access_key_id: String,
    pub secret_key: Hidden,
    pub endpoint: String,
    pub region: String,
    /// Empty: automatic.
    pub addressing: String,
    /// Empty: the authorities that the server knows.
    pub ca_certificate: String,
}

/// An add form that is in order.
#[derive(Clone, Debug)]
pub struct NewCredential {
    pub organization: Option<OrganizationId>,
    pub s3_name: S3Name,
    pub access_key_id: AccessKeyId,
    pub secret_key: SecretKey,
    pub endpoint: Endpoint,
    pub region: Region,
    pub connection: Connection,
}

impl CredentialForm {
    pub fn parse(&self) -> Result<NewCredential, FormErrors> {
        let mut check = FormCheck::default();
        let organization = check.field("organization", optional_id(&self.organization, msgid("Organization")));
        let s3_name = check.field("s3_name", S3Name::parse(&self.s3_name));
        let access_key_id = check.field("access_key_id", AccessKeyId::parse(&self.access_key_id));
        let secret_key = check.field("secret_key", SecretKey::parse(&self.secret_key));
        let endpoint = check.field("endpoint", Endpoint::parse(&self.endpoint));
        let region = check.field("region", Region::parse(&self.region));
        let connection = Connection::parse(&mut check, &self.addressing, &self.ca_certificate);
        let new = (|| {
            Some(NewCredential {
                organization: organization?,
                s3_name: s3_name?,
                access_key_id: access_key_id?,
                secret_key: secret_key?,
                endpoint: endpoint?,
                region: region?,
                connection: connection?,
            })
        })();
        check.finish(new)
    }
}

/// The update form, as typed. Endpoint and region change by [`MoveEndpointForm`], the organization never.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CredentialUpdateForm {
    pub credential: String,
    /// The version that the person saw when the form was opened.
    pub version: String,
    pub s3_name: String,
    pub access_key_id: String,
    /// Empty keeps the stored one.
    pub secret_key: Hidden,
    /// Empty: it and the certificate stay as they are.
    pub addressing: String,
    /// Empty: the authorities that the server knows.
    pub ca_certificate: String,
    /// Store keys that do not reach the buckets of all projects.
    pub store_anyway: Ticked,
}

/// An update form that is in order.
#[derive(Clone, Debug)]
pub struct CredentialUpdate {
    pub version: i64,
    pub s3_name: S3Name,
    pub access_key_id: AccessKeyId,
    pub secret_key: Option<SecretKey>,
    /// How it connects from now on; `None`: as before.
    pub connection: Option<Connection>,
    /// Whether keys are stored that do not reach the buckets of all projects.
    pub store_anyway: bool,
}

impl CredentialUpdateForm {
    pub fn credential(&self) -> Result<CredentialId, RuleError> {
        credential_id(&self.credential)
    }

    pub fn parse(&self) -> Result<CredentialUpdate, FormErrors> {
        let mut check = FormCheck::default();
        let version = check.field("version", version(&self.version));
        let s3_name = check.field("s3_name", S3Name::parse(&self.s3_name));
        let access_key_id = check.field("access_key_id", AccessKeyId::parse(&self.access_key_id));
        let typed = Some(&self.secret_key).filter(|typed| !typed.expose().trim().is_empty());
        let secret_key = check.field("secret_key", typed.map(SecretKey::parse).transpose());
        let said = !self.addressing.is_empty();
        let connection = said.then(|| Connection::parse(&mut check, &self.addressing, &self.ca_certificate));
        let update = (|| {
            Some(CredentialUpdate {
                version: version?,
                s3_name: s3_name?,
                access_key_id: access_key_id?,
                secret_key: secret_key?,
                connection: match connection {
                    Some(connection) => Some(connection?),
                    None => None,
                },
                store_anyway: self.store_anyway.0,
            })
        })();
        check.finish(update)
    }
}

/// The form that follows a service to another address, as typed. A secret is never sent to another address than the one it
/// was entered for, so it is entered again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MoveEndpointForm {
    pub credential: String,
    /// The version that the person saw when the form was opened.
    pub version: String,
    pub endpoint: String,
    pub region: String,
    pub access_key_id: String,
    pub secret_key: Hidden,
}

/// A move that is in order.
#[derive(Clone, Debug)]
pub struct EndpointMove {
    pub version: i64,
    pub endpoint: Endpoint,
    pub region: Region,
    pub access_key_id: AccessKeyId,
    pub secret_key: SecretKey,
}

impl MoveEndpointForm {
    pub fn credential(&self) -> Result<CredentialId, RuleError> {
        credential_id(&self.credential)
    }

    pub fn parse(&self) -> Result<EndpointMove, FormErrors> {
        let mut check = FormCheck::default();
        let version = check.field("version", version(&self.version));
        let endpoint = check.field("endpoint", Endpoint::parse(&self.endpoint));
        let region = check.field("region", Region::parse(&self.region));
        let access_key_id = check.field("access_key_id", AccessKeyId::parse(&self.access_key_id));
        let secret_key = check.field("secret_key", SecretKey::parse(&self.secret_key));
        let to = (|| {
            Some(EndpointMove {
                version: version?,
                endpoint: endpoint?,
                region: region?,
                access_key_id: access_key_id?,
                secret_key: secret_key?,
            })
        })();
        check.finish(to)
    }
}

/// A form that names a credential and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CredentialRef {
    pub credential: String,
}

impl CredentialRef {
    pub fn credential(&self) -> Result<CredentialId, RuleError> {
        credential_id(&self.credential)
    }
}

fn credential_id(text: &str) -> Result<CredentialId, RuleError> {
    text.parse().map_err(|_| RuleError::Unlisted { field: msgid("Backup Credentials") })
}

fn version(text: &str) -> Result<i64, RuleError> {
    text.parse().map_err(|_| RuleError::Unlisted { field: msgid("Version") })
}

/// A number chosen from a list, or nothing.
pub(crate) fn optional_id<T: std::str::FromStr>(text: &str, field: &'static str) -> Result<Option<T>, RuleError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| RuleError::Unlisted { field })
}

/// A row of the list. It has no place for the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialRow {
    pub id: CredentialId,
    pub organization: String,
    pub s3_name: String,
    pub access_key_id: String,
    pub endpoint: String,
    pub region: String,
    pub addressing: Addressing,
    /// In PEM; empty: the authorities that the server knows.
    pub ca_certificate: String,
    pub projects: Vec<ProjectLink>,
    pub default: bool,
    pub locked: bool,
    /// Goes up with every update, for [`CredentialUpdateForm::version`].
    pub version: i64,
    pub created_by: String,
    pub created: DateTime<Utc>,
    pub modified_by: String,
    pub modified: DateTime<Utc>,
    /// When its keys were tried last.
    pub checked: Option<DateTime<Utc>>,
    /// What was wrong with them then.
    pub check_failure: Option<String>,
}

/// A project that uses a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectLink {
    pub id: ProjectId,
    pub name: String,
}

/// What the credentials page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialList {
    pub page: Page<CredentialRow>,
    /// What a Partner may filter by and add to; empty for a Manager.
    pub organizations: Vec<OrganizationChoice>,
}

/// An entry of a select of organizations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationChoice {
    pub id: OrganizationId,
    pub name: String,
}

/// An entry of a select of credentials; a locked one is shown and disabled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialChoice {
    pub id: CredentialId,
    pub organization: OrganizationId,
    pub s3_name: String,
    pub default: bool,
    pub locked: bool,
}

/// AWS regions whose endpoints the add form offers, from
/// <https://docs.aws.amazon.com/general/latest/gr/s3.html>.
pub const AWS_REGIONS: [&str; 17] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ca-central-1",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "eu-south-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "sa-east-1",
];

/// The endpoint of an AWS region.
pub fn aws_endpoint(region: &str) -> String {
    format!("https://s3.{region}.amazonaws.com")
}

/// The region in an AWS endpoint, for pre-filling the field.
pub fn region_of_aws_endpoint(endpoint: &str) -> Option<&str> {
    let host = endpoint.trim().strip_prefix("https://")?.trim_end_matches('/');
    let region = host.strip_suffix(".amazonaws.com")?.strip_prefix("s3")?.strip_prefix(['.', '-'])?;
    (!region.is_empty() && !region.contains('.')).then_some(region)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn endpoints_are_http_addresses_with_a_host_and_nothing_more() {
        for good in
            ["https://s3.eu-central-1.amazonaws.com", "http://127.0.0.1:9000", "https://[::1]:9000/", "http://minio/s3"]
        {
            assert!(Endpoint::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "s3.example.com",
            "ftp://x",
            "http://",
            "https://u:p@x",
            "https://x?y",
            "https://x#z",
            "http://a b",
            "mailto:a@b",
        ] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_region_is_taken_from_an_aws_endpoint() {
        for region in AWS_REGIONS {
            assert_eq!(region_of_aws_endpoint(&aws_endpoint(region)), Some(region));
        }
        assert_eq!(region_of_aws_endpoint("https://s3.amazonaws.com"), None);
        assert_eq!(region_of_aws_endpoint("https://s3.example.com"), None);
    }

    #[test]
    fn an_empty_form_names_each_field() {
        let errors = CredentialForm::default().parse().unwrap_err();
        let fields: Vec<_> = errors.fields.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["s3_name", "access_key_id", "secret_key", "endpoint", "region"]);
    }

    #[test]
    fn the_secret_is_not_in_what_debug_prints() {
        let form = CredentialForm { secret_key: Hidden::new("wJalrXUtnFEMI"), ..CredentialForm::default() };
        assert!(!format!("{form:?}").contains("wJalr"));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_endpoint_rule_panic(text in "\\PC{0,80}") {
            let _ = Endpoint::parse(&text);
            let _ = region_of_aws_endpoint(&text);
        }
    }
}
