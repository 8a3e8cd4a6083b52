//! Settings as they were written, by name, before they are checked.

use std::{collections::BTreeMap, ffi::OsString, path::Path};

use super::{ConfigError, Key, key::PREFIX};

/// Texts by setting. An empty text counts as not set, as is usual for environments.
#[derive(Clone, Debug, Default)]
pub struct Settings(BTreeMap<Key, String>);

impl Settings {
    pub fn get(&self, key: Key) -> Option<&str> {
        self.0.get(&key).map(String::as_str)
    }

    pub fn set(&mut self, key: Key, value: impl Into<String>) {
        self.0.insert(key, value.into());
    }

    /// Takes what is set in `other` in place of what is set here.
    pub fn overlay(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Variables that do not begin with `HOLDFAST_` are somebody else's.
    pub fn from_environment(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Self, ConfigError> {
        let mut settings = Self::default();
        for (name, value) in variables {
            let name = name.to_string_lossy();
            if !name.starts_with(PREFIX) {
                continue;
            }
            let Some(key) = Key::from_variable(&name) else {
                if is_of_a_service(&name) {
                    // Before there is a log.
                    eprintln!("holdfast: the variable {name} is no setting and is not used");
                    continue;
                }
                return Err(ConfigError::UnknownVariable { name: name.into_owned() });
            };
            let value = value.into_string().map_err(|_| ConfigError::NotUnicode { key })?;
            settings.put(key, value);
        }
        Ok(settings)
    }

    pub fn from_file(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|cause| ConfigError::File { file: file.into(), cause })?;
        Self::from_toml(file, &text)
    }

    /// `file` is for messages.
    fn from_toml(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let table: toml::Table =
            toml::from_str(text).map_err(|cause| ConfigError::Syntax { file: file.into(), cause: Box::new(cause) })?;
        let mut settings = Self::default();
        for (name, value) in table {
            let key = Key::from_file(&name).ok_or_else(|| ConfigError::UnknownKey { file: file.into(), name })?;
            if settings.get(key).is_some() {
                return Err(ConfigError::Twice { file: file.into(), key });
            }
            let value = text_of(key, value).ok_or_else(|| ConfigError::NotText { file: file.into(), key })?;
            settings.put(key, value);
        }
        Ok(settings)
    }

    fn put(&mut self, key: Key, value: String) {
        if !value.trim().is_empty() {
            self.set(key, value);
        }
    }
}

/// Whether Kubernetes or Docker make such a variable for a service or a container named `holdfast` or `holdfast-…`:
/// <https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables>. Any other unknown name
/// may be a setting that is mistyped.
fn is_of_a_service(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("HOLDFAST") else { return false };
    let has = |part: &str| {
        rest.match_indices(part)
            .map(|(at, _)| &rest[at + part.len()..])
            .any(|more| more.is_empty() || more.starts_with('_'))
    };
    rest.ends_with("_SERVICE_HOST") || has("_PORT")
}

/// A value of the file as the environment would write it.
fn text_of(key: Key, value: toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Array(parts) => {
            let texts: Option<Vec<_>> = parts.iter().map(toml::Value::as_str).collect();
            Some(texts?.join(&key.separator()?.to_string()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toml(text: &str) -> Result<Settings, ConfigError> {
        Settings::from_toml(Path::new("holdfast.toml"), text)
    }

    #[test]
    fn a_file_may_write_names_long_or_short_and_lists_as_lists() {
        let settings = toml(
            "HOLDFAST_LISTEN = \"[::1]:80\"\nbackup_workers = 3\nsource_roots = [\"/a\", \"/b\"]\n\
             s3_allow_networks = \"10.0.0.0/8\"",
        )
        .unwrap();
        assert_eq!(settings.get(Key::Listen), Some("[::1]:80"));
        assert_eq!(settings.get(Key::BackupWorkers), Some("3"));
        assert_eq!(settings.get(Key::SourceRoots), Some("/a:/b"));
        assert_eq!(settings.get(Key::S3AllowNetworks), Some("10.0.0.0/8"));
    }

    #[test]
    fn an_unknown_name_is_told() {
        assert!(toml("lisen = \"x\"").unwrap_err().to_string().contains("\"lisen\""));
        let variables = [("HOLDFAST_LISEN".into(), "x".into())];
        assert!(Settings::from_environment(variables.into_iter()).unwrap_err().to_string().contains("HOLDFAST_LISEN"));
    }

    #[test]
    fn what_kubernetes_and_docker_set_for_a_service_is_passed_over() {
        let of = |name: &str| Settings::from_environment([(name.into(), "tcp://10.0.0.1:3000".into())].into_iter());
        for name in [
            "HOLDFAST_SERVICE_HOST",
            "HOLDFAST_SERVICE_PORT",
            "HOLDFAST_SERVICE_PORT_HTTP",
            "HOLDFAST_PORT",
            "HOLDFAST_PORT_3000_TCP",
            "HOLDFAST_PORT_3000_TCP_ADDR",
            "HOLDFAST_CONSOLE_SERVICE_HOST",
        ] {
            assert_eq!(of(name).unwrap().0.len(), 0, "{name}");
        }
        for name in ["HOLDFAST_PORTS", "HOLDFAST_SERVICE", "HOLDFAST_HOST", "HOLDFAST_TRUSTED_PROXYS", "HOLDFAST_"] {
            assert!(of(name).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for bad in
            ["listen = true", "listen = [\"a\"]", "listen = 1.5", "[listen]\na = 1", "listen = 1\nHOLDFAST_LISTEN = 2"]
        {
            assert!(toml(bad).is_err(), "{bad}");
        }
        assert!(matches!(toml("listen = "), Err(ConfigError::Syntax { .. })));
    }

    #[test]
    fn the_environment_wins_and_empty_means_not_set() {
        let mut settings = toml("listen = \"1.2.3.4:1\"\nlog = \"debug\"").unwrap();
        let environment = [("HOLDFAST_LISTEN".into(), "1.2.3.4:2".into()), ("HOLDFAST_LOG".into(), " ".into())];
        settings.overlay(Settings::from_environment(environment.into_iter()).unwrap());
        assert_eq!(settings.get(Key::Listen), Some("1.2.3.4:2"));
        assert_eq!(settings.get(Key::Log), Some("debug"));
    }
}
