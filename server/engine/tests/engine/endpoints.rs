//! Endpoints as people write them.

use engine::{EndpointFault, KeyCheck, S3, S3Error};
use url::Url;

use crate::support::{
    World, access, loopback,
    proxy::{Proxy, response},
    servers::{answering, encrypted},
};

const RIGHT: &str = include_str!("support/certificates/right.pem");
const PAGE: &str = "HTTP/1.1 404 Not Found\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: 15\r\nconnection: close\r\n\r\n<html>no</html>";

async fn check(endpoint: Url) -> Result<KeyCheck, S3Error> {
    S3::connect(&access(endpoint), &loopback()).check_keys().await
}

async fn fault(endpoint: Url) -> EndpointFault {
    match check(endpoint.clone()).await {
        Err(S3Error::NotS3 { fault }) => {
            println!("{endpoint}: {fault}");
            fault
        }
        other => panic!("{endpoint}: {other:?}"),
    }
}

fn with(endpoint: &Url, scheme: &str, path: &str) -> Url {
    let mut endpoint = endpoint.clone();
    endpoint.set_scheme(scheme).unwrap();
    endpoint.set_path(path);
    endpoint
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_named_with_the_right_form() {
    let world = World::start().await;
    let right = world.server.endpoint();
    for path in ["/minio", "/holdfast-tests", "/a/b/"] {
        let found = fault(with(&right, "http", path)).await;
        assert_eq!(found, EndpointFault::Path { right: right.clone() }, "{path}");
    }
    let found = fault(with(&right, "http", "//")).await;
    assert_eq!(found, EndpointFault::DoubledSlash { right });
}

/// As Supabase has it, where pages are at the host itself.
#[tokio::test]
async fn a_path_below_which_a_service_answers_is_right() {
    let world = World::start().await;
    let proxy = Proxy::start(&world.server.endpoint()).await;
    let listed = "<ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>";
    proxy.answer(move |head| {
        let is_service = head.starts_with("GET /storage/v1/s3");
        Some(if is_service { response("200 OK", listed) } else { PAGE.to_owned() })
    });
    assert_eq!(check(with(&proxy.endpoint(), "http", "/storage/v1/s3")).await.unwrap(), KeyCheck::Valid);
    assert!(matches!(fault(proxy.endpoint()).await, EndpointFault::Website { .. }));
    assert!(matches!(fault(with(&proxy.endpoint(), "http", "/login")).await, EndpointFault::Website { .. }));
}

#[tokio::test]
async fn http_where_https_is_spoken_and_the_other_way_round() {
    let world = World::start().await;
    let right = encrypted(RIGHT, &world.server.endpoint()).await;
    let found = fault(with(&right, "http", "")).await;
    assert_eq!(found, EndpointFault::SpeaksTls { right });

    let right = world.server.endpoint();
    let found = fault(with(&right, "https", "")).await;
    assert_eq!(found, EndpointFault::SpeaksPlainHttp { right });
}

#[tokio::test]
async fn a_website_is_no_service() {
    assert!(matches!(fault(answering(PAGE).await).await, EndpointFault::Website { .. }));
}
