//! Addresses that people type: of S3 services and of databases.

#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{
    credential::{Endpoint, region_of_aws_endpoint},
    database::ConnectionUrl,
    names::Hidden,
};

fuzz_target!(|text: &str| {
    let _ = region_of_aws_endpoint(text);
    if let Ok(endpoint) = Endpoint::parse(text) {
        let url = endpoint.url().expect("what was accepted is a URL");
        assert!(url.has_host() && matches!(url.scheme(), "http" | "https"), "{url}");
        assert!(url.username().is_empty() && url.password().is_none() && url.query().is_none(), "{url}");
    }
    let _ = ConnectionUrl::parse(&Hidden::new(text));
});
