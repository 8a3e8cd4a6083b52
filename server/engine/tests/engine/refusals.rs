//! What services answer, and what people read of it.

use engine::{S3, S3Error, WrongKey};

use crate::support::{
    BUCKET, World, access, loopback,
    proxy::{Proxy, refusal},
};

async fn answered(status: &'static str, code: &'static str, message: &'static str) -> S3Error {
    let world = World::start().await;
    let proxy = Proxy::start(&world.server.endpoint()).await;
    proxy.answer(move |_| Some(refusal(status, code, message)));
    let error = S3::connect(&access(proxy.endpoint()), &loopback()).open_bucket(BUCKET, "").await.unwrap_err();
    println!("{error}");
    error
}

/// Ceph's document has a code and nothing else.
#[tokio::test]
async fn a_refusal_without_a_message_has_no_empty_colon_and_says_what_to_do() {
    for (status, code) in [
        ("403 Forbidden", "UserSuspended"),
        ("400 Bad Request", "InvalidArgument"),
        ("405 Method Not Allowed", "MethodNotAllowed"),
        ("400 Bad Request", "SomethingNew"),
    ] {
        let error = answered(status, code, "").await;
        let words = error.to_string();
        assert!(words.contains(&format!("({code})")), "{words}");
        assert!(words.contains("sk ") && words.ends_with('.'), "{words}");
        let suspended = matches!(error, S3Error::Suspended { .. });
        assert_eq!(suspended, code == "UserSuspended");
    }
    let words = answered("400 Bad Request", "SomethingNew", "It is new.").await.to_string();
    assert!(words.contains("(SomethingNew: It is new)"), "{words}");
}

#[tokio::test]
async fn the_key_that_is_wrong_is_named() {
    for (code, wrong) in [
        ("InvalidAccessKeyId", WrongKey::AccessKey),
        ("SignatureDoesNotMatch", WrongKey::SecretKey),
        ("InvalidToken", WrongKey::Either),
    ] {
        assert_eq!(answered("403 Forbidden", code, "").await, S3Error::InvalidCredentials { code: code.into(), wrong });
    }
}
