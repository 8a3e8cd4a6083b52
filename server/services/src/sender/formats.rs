//! How each kind of receiver wants a message.

use engine::Secret;
use hmac::{Hmac, Mac};
use model::notification::DeliveryKind;
use serde::Serialize;
use serde_json::json;
use sha2::Sha256;

use super::{
    Parcel, SendError,
    http::Post,
    message::{Message, is_urgent},
};

/// The body of a webhook.
#[derive(Serialize)]
struct Webhook<'a> {
    id: i64,
    event: &'static str,
    #[serde(flatten)]
    message: &'a Message,
}

/// JSON, with an HMAC-SHA-256 (RFC 2104) over the timestamp, a dot and the body. The timestamp is signed along, so that a
/// receiver can refuse what somebody recorded and sends again.
pub fn webhook(parcel: Parcel<'_>, secret: &Secret) -> Result<Post, SendError> {
    let body = Webhook { id: parcel.delivery, event: parcel.kind.as_str(), message: parcel.message };
    let body = json_bytes(&body)?;
    let signature = signature(secret, parcel.timestamp, &body)?;
    Ok(Post {
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("x-holdfast-delivery", parcel.delivery.to_string()),
            ("x-holdfast-timestamp", parcel.timestamp.to_string()),
            ("x-holdfast-signature", format!("sha256={signature}")),
        ],
        body,
    })
}

fn signature(secret: &Secret, timestamp: i64, body: &[u8]) -> Result<String, SendError> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes());
    let mut mac = mac.map_err(|error| SendError::Message(error.to_string()))?;
    mac.update(format!("{timestamp}.").as_bytes());
    mac.update(body);
    Ok(mac.finalize().into_bytes().iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}")))
}

/// The JSON of Slack's incoming webhooks, which others take as well. Its three special characters are written as
/// <https://docs.slack.dev/messaging/formatting-message-text> asks.
pub fn slack(parcel: Parcel<'_>) -> Result<Post, SendError> {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text = format!("*{}*\n{}", escaped(&parcel.message.subject), escaped(&parcel.message.text_with_link()));
    let body = json_bytes(&json!({ "text": text }))?;
    Ok(Post { headers: vec![("content-type", "application/json".to_owned())], body })
}

/// The text as the body, the rest in headers: <https://docs.ntfy.sh/publish/>.
pub fn ntfy(parcel: Parcel<'_>, token: Option<&Secret>) -> Post {
    let message = parcel.message;
    let (priority, tag) = if is_urgent(parcel.kind) { ("high", "warning") } else { ("default", "white_check_mark") };
    let mut headers = vec![
        ("content-type", "text/plain; charset=utf-8".to_owned()),
        ("title", header_text(&message.subject)),
        ("priority", priority.to_owned()),
        ("tags", tag.to_owned()),
    ];
    headers.extend(message.link.iter().map(|link| ("click", header_text(link))));
    headers.extend(token.map(|token| ("authorization", format!("Bearer {}", token.expose()))));
    Post { headers, body: message.text.clone().into_bytes() }
}

/// What is added to a Ping URL: <https://healthchecks.io/docs/http_api/>.
pub const fn ping_suffix(kind: DeliveryKind) -> &'static str {
    match kind {
        DeliveryKind::PingStart => "/start",
        DeliveryKind::PingFail => "/fail",
        _ => "",
    }
}

/// The text is kept by Healthchecks beside the ping.
pub fn ping(parcel: Parcel<'_>) -> Post {
    let headers = vec![("content-type", "text/plain; charset=utf-8".to_owned())];
    Post { headers, body: parcel.message.text.clone().into_bytes() }
}

/// A header's value is visible ASCII.
fn header_text(text: &str) -> String {
    text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect()
}

fn json_bytes(value: &impl Serialize) -> Result<Vec<u8>, SendError> {
    serde_json::to_vec(value).map_err(|error| SendError::Message(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test case 2 of RFC 4231 has the message "what do ya want for nothing?"; here a timestamp stands before it, so the
    /// value was made with `printf '7.what…' | openssl dgst -sha256 -hmac Jefe`.
    #[test]
    fn the_timestamp_is_signed_along() {
        let secret = Secret::new("Jefe".to_owned());
        let one = signature(&secret, 7, b"what do ya want for nothing?").unwrap();
        assert_eq!(one, "239f4b39fd23f4376db46b239fae471e7c6824b3931bc60f4c0b745bef8de34f");
        assert_ne!(one, signature(&secret, 8, b"what do ya want for nothing?").unwrap());
    }

    #[test]
    fn a_header_holds_visible_ascii_alone() {
        assert_eq!(header_text("a\r\nX: ž b"), "a??X: ? b");
    }
}
