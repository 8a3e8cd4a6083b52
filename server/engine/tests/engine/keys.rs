//! Are these keys good, and is this bucket?

use std::time::{Duration, Instant};

use engine::{
    BucketMade, EndpointFault, KeyCheck, NetworkPolicy, ObjectOptions, S3, S3Access, S3Error, Secret, Unreachable,
    WrongKey,
};
use url::Url;

use crate::support::{BUCKET, SECRET_KEY, World, access, loopback, servers};

async fn check(access: S3Access) -> Result<KeyCheck, S3Error> {
    S3::connect(&access, &loopback()).check_keys().await
}

async fn check_endpoint(endpoint: Url) -> S3Error {
    check(access(endpoint)).await.unwrap_err()
}

#[tokio::test]
async fn right_and_wrong_keys_are_told_apart() {
    let world = World::start().await;
    let right = access(world.server.endpoint());
    assert_eq!(check(right.clone()).await.unwrap(), KeyCheck::Valid);

    let wrong_key = S3Access { access_key_id: "SOMEBODYELSE".into(), ..right.clone() };
    let error = check(wrong_key).await.unwrap_err();
    assert!(matches!(error, S3Error::InvalidCredentials { wrong: WrongKey::AccessKey, .. }), "{error:?}");

    let wrong_secret = S3Access { secret_key: Secret::new("another-secret".into()), ..right };
    let error = check(wrong_secret).await.unwrap_err();
    assert!(matches!(error, S3Error::InvalidCredentials { wrong: WrongKey::SecretKey, .. }), "{error:?}");
    let words = format!("{error} {error:?}");
    assert!(words.starts_with("Invalid S3 credentials"), "{words}");
    assert!(!words.contains("another-secret") && !words.contains(SECRET_KEY), "{words}");
}

#[tokio::test]
async fn white_space_at_the_ends_of_keys_does_not_count() {
    let world = World::start().await;
    let right = access(world.server.endpoint());
    let copied = S3Access {
        access_key_id: format!(" {}\n", right.access_key_id),
        secret_key: Secret::new(format!("\t{SECRET_KEY} ")),
        ..right
    };
    assert_eq!(check(copied).await.unwrap(), KeyCheck::Valid);
}

#[tokio::test]
async fn an_endpoint_without_a_service_says_why() {
    let error = check_endpoint(servers::closed().await).await;
    assert_eq!(error, Unreachable::Connection.into());
    assert!(error.is_transient());

    let error = check_endpoint(Url::parse("http://no-such-host.invalid").unwrap()).await;
    assert_eq!(error, Unreachable::Name.into());

    let right = servers::answering("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let mut tls = right.clone();
    tls.set_scheme("https").unwrap();
    assert_eq!(check_endpoint(tls).await, S3Error::NotS3 { fault: EndpointFault::SpeaksPlainHttp { right } });
}

#[tokio::test]
async fn a_service_that_never_answers_takes_ten_seconds_at_most() {
    let started = Instant::now();
    let error = check_endpoint(servers::silent().await).await;
    assert_eq!(error, Unreachable::TimedOut.into());
    assert!(started.elapsed() < Duration::from_secs(11), "{:?}", started.elapsed());
}

#[tokio::test]
async fn something_else_than_s3_is_recognised() {
    for response in [
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 15\r\n\r\n<html>hi</html>",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\ncontent-length: 15\r\n\r\n<html>no</html>",
        "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 301 Moved Permanently\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
    ] {
        let error = check_endpoint(servers::answering(response).await).await;
        assert!(matches!(error, S3Error::NotS3 { .. }), "{response}: {error:?}");
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn the_region_a_service_asks_for_is_named() {
    let response = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/xml\r\ncontent-length: 205\r\n\r\n\
        <?xml version=\"1.0\"?><Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is \
        malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'</Message><Region>eu-west-1</Region></Error>";
    let error = check_endpoint(servers::answering(response).await).await;
    assert_eq!(error, S3Error::WrongRegion { expected: Some("eu-west-1".into()) });
    assert!(error.to_string().contains("eu-west-1"));
}

#[tokio::test]
async fn keys_that_may_not_list_buckets_are_valid() {
    let response = "HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\ncontent-length: 90\r\n\r\n\
        <?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    let endpoint = servers::answering(response).await;
    assert_eq!(check(access(endpoint)).await.unwrap(), KeyCheck::MayNotListBuckets);
}

#[tokio::test]
async fn a_forbidden_address_reads_the_same_whether_somebody_listens_or_not() {
    let world = World::start().await;
    let open = world.server.endpoint();
    let closed = servers::closed().await;
    let mut by_name = open.clone();
    by_name.set_host(Some("localhost")).unwrap();
    for endpoint in [open, closed, by_name, Url::parse("http://169.254.169.254/").unwrap()] {
        let s3 = S3::connect(&access(endpoint.clone()), &NetworkPolicy::default());
        let forbidden = S3Error::from(Unreachable::ForbiddenAddress);
        assert_eq!(s3.check_keys().await.unwrap_err(), forbidden, "{endpoint}");
        assert_eq!(s3.probe(BUCKET, "", &ObjectOptions::default()).await.unwrap_err(), forbidden, "{endpoint}");
    }
}

#[tokio::test]
async fn a_bucket_is_made_opened_and_proven() {
    let world = World::start().await;
    let s3 = world.s3();
    assert_eq!(s3.create_bucket("a-new-bucket").await.unwrap(), BucketMade::New);
    assert_eq!(s3.create_bucket("a-new-bucket").await.unwrap(), BucketMade::Existing);
    s3.open_bucket("a-new-bucket", "/some/prefix/").await.unwrap();
    s3.probe("a-new-bucket", "/some/prefix/", &ObjectOptions::default()).await.unwrap();
    s3.probe("a-new-bucket", "", &ObjectOptions::default()).await.unwrap();

    let missing = S3Error::NoSuchBucket { bucket: "no-such-bucket".into() };
    assert_eq!(s3.open_bucket("no-such-bucket", "").await.unwrap_err(), missing);
}
