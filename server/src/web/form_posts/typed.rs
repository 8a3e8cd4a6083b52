//! What was typed into a form that failed, so that nobody types it twice.

use url::form_urlencoded;

/// Inputs whose name contains one of these are not kept: passwords, keys, one-time codes and links, connection URLs.
const SECRET: [&str; 5] = ["secret", "password", "code", "token", "url"];
/// Names and values of the inputs in `body`, urlencoded.
pub fn typed(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body)
        .filter(|(name, _)| !is_secret(name))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out() {
        let body =
            b"form%5Bs3_name%5D=Main+S3&form[secret_key]=x&form[Password]=x&form[setup_code]=x&form[connection_url]=x";
        assert_eq!(typed(body), [("form[s3_name]".to_owned(), "Main S3".to_owned())]);
    }
}
