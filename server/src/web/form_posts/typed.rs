//! What was typed into a form that failed, so that nobody types it twice.

use url::form_urlencoded;

/// Inputs whose name contains one of these are not kept: passwords, keys, one-time codes and links, connection URLs.
const SECRET: [&str; 5] = ["secret", "password", "code", "token", "url"];
/// Most bytes that are kept for somebody who is signed in.
const MOST: usize = 128 * 1024;
/// Most bytes that are kept for a stranger. Each failed try of theirs makes a session.
const MOST_OF_A_STRANGER: usize = 4 * 1024;

/// Names and values of the inputs in `body`, urlencoded, up to the bound.
pub fn typed(body: &[u8], signed_in: bool) -> Vec<(String, String)> {
    let mut room = if signed_in { MOST } else { MOST_OF_A_STRANGER };
    form_urlencoded::parse(body)
        .filter(|(name, _)| !is_secret(name))
        .filter(|(name, value)| {
            let size = name.len() + value.len();
            let fits = size <= room;
            room -= if fits { size } else { 0 };
            fits
        })
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
        assert_eq!(typed(body, true), [("form[s3_name]".to_owned(), "Main S3".to_owned())]);
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let body = format!("a={}&b=1", "x".repeat(MOST_OF_A_STRANGER));
        assert_eq!(typed(body.as_bytes(), false), [("b".to_owned(), "1".to_owned())]);
        assert_eq!(typed(body.as_bytes(), true).len(), 2);
    }
}
