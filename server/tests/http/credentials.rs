//! Backup credentials: what the check against the endpoint tells apart, and the list.

use std::net::SocketAddr;

use axum::{Router, http::StatusCode, response::IntoResponse};
use model::{credential::CredentialList, form::FormErrors, list::ListQuery, people::Role};
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{
    Browser, TestApp,
    app::{ACCESS_KEY, ORGANIZATION, SECRET_KEY},
    deeds::credential_form,
    form, on_both_databases,
};

on_both_databases!(
    right_keys_are_stored_and_the_secret_is_not_shown,
    wrong_keys_are_told_at_the_keys,
    what_is_wrong_with_the_endpoint_is_told_there,
    another_region_is_told_at_the_region,
    every_wrong_field_is_told_at_once,
    names_are_unique_whatever_their_letter_case,
    the_list_searches_sorts_and_pages,
    an_update_sends_stored_keys_nowhere_else,
);

async fn right_keys_are_stored_and_the_secret_is_not_shown(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.s3().await);
    let credential = partner.add_credential(&s3).await;
    assert_eq!((credential.s3_name.as_str(), credential.access_key_id.as_str()), ("Main S3", ACCESS_KEY));
    assert!(credential.default, "the first one becomes the default");
    let page = partner.get("/backup-credentials").await.text();
    assert!(page.contains("Main S3") && page.contains(ACCESS_KEY) && !page.contains(SECRET_KEY));
    assert!(!app.stores(SECRET_KEY), "it is stored sealed");
    assert!(app.stores(ACCESS_KEY), "and one would have seen it");
}

async fn wrong_keys_are_told_at_the_keys(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.s3().await);
    let endpoint = s3.endpoint().to_string();
    let mut unknown_key = credential_form(&endpoint, SECRET_KEY);
    unknown_key[1].1 = "UNKNOWNKEY";
    for (wrong, field, right) in [
        (credential_form(&endpoint, "wrong-secret"), "secret_key", "access_key_id"),
        (unknown_key, "access_key_id", "secret_key"),
    ] {
        let errors = refused(app, &partner, &wrong).await;
        assert_eq!(errors.summary, "Invalid S3 credentials");
        assert!(errors.message_for(field).is_some(), "{errors:?}");
        assert!(errors.message_for(right).is_none() && errors.message_for("endpoint").is_none(), "{errors:?}");
    }
}

async fn what_is_wrong_with_the_endpoint_is_told_there(app: &TestApp) {
    let partner = app.set_up().await;
    let web_server = format!("http://{}", app.address);
    for (endpoint, told) in [
        ("http://127.0.0.1:1", "does not accept connections"),
        ("http://no-such-host.invalid", "cannot be resolved"),
        (&web_server, "not as an S3 service"),
        ("http://169.254.169.254", "not allowed"),
        ("http://10.1.2.3:9000", "not allowed"),
        ("s3.example.com", "must be an http or https address"),
    ] {
        let errors = refused(app, &partner, &credential_form(endpoint, SECRET_KEY)).await;
        let message = errors.message_for("endpoint").unwrap_or_default();
        assert!(message.contains(told), "{endpoint}: {errors:?}");
    }
}

async fn another_region_is_told_at_the_region(app: &TestApp) {
    let partner = app.set_up().await;
    let endpoint = format!("http://{}", s3_of_another_region().await);
    let errors = refused(app, &partner, &credential_form(&endpoint, SECRET_KEY)).await;
    assert!(errors.message_for("region").unwrap_or_default().contains("eu-west-3"), "{errors:?}");
}

async fn every_wrong_field_is_told_at_once(app: &TestApp) {
    let partner = app.set_up().await;
    let errors =
        refused(app, &partner, &[("s3_name", "ab"), ("access_key_id", "with space"), ("region", "eu west")]).await;
    for field in ["s3_name", "access_key_id", "secret_key", "endpoint", "region"] {
        assert!(errors.message_for(field).is_some(), "{field}: {errors:?}");
    }
}

async fn names_are_unique_whatever_their_letter_case(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.s3().await);
    partner.add_credential(&s3).await;
    let endpoint = s3.endpoint().to_string();
    let mut again = credential_form(&endpoint, SECRET_KEY);
    again[0].1 = " MAIN s3 ";
    let errors = partner.call("credentials/add", &form(&again)).await.form_errors();
    assert!(errors.message_for("s3_name").is_some(), "{errors:?}");
    assert_eq!(partner.credentials().await.len(), 1);
}

async fn the_list_searches_sorts_and_pages(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.s3().await);
    let endpoint = s3.endpoint().to_string();
    for name in ["Beta", "alpha", "Gamma 50%"] {
        let mut fields = credential_form(&endpoint, SECRET_KEY);
        fields[0].1 = name;
        partner.done("credentials/add", &form(&fields)).await;
    }
    let names = async |search: &str, sort: &str, descending| {
        let query = ListQuery { search: search.to_owned(), sort: sort.to_owned(), descending, ..ListQuery::default() };
        let list: CredentialList = partner.read("credentials/list", &json!({ "query": query })).await;
        assert_eq!(list.page.total, list.page.rows.len() as u64);
        list.page.rows.into_iter().map(|row| row.s3_name).collect::<Vec<_>>()
    };
    assert_eq!(names("", "s3_name", false).await, ["alpha", "Beta", "Gamma 50%"]);
    assert_eq!(names("", "s3_name", true).await, ["Gamma 50%", "Beta", "alpha"]);
    assert_eq!(names("ET", "", false).await, ["Beta"]);
    assert_eq!(names("50%", "", false).await, ["Gamma 50%"]);
    assert!(names("_", "", false).await.is_empty(), "a search is a text, not a pattern");
    let page = partner.get("/backup-credentials?search=alph").await.text();
    assert!(page.contains("alpha") && !page.contains("Beta"));
    let manager = app.person(Role::Manager, ORGANIZATION).await;
    assert_eq!(manager.credentials().await.len(), 3, "a Manager sees those of the own organization");
}

/// Sends a form that must be refused with nothing stored.
async fn refused(app: &TestApp, browser: &Browser, fields: &[(&str, &str)]) -> FormErrors {
    let errors = browser.call("credentials/add", &form(fields)).await.form_errors();
    assert!(app.column("backup_credential", "s3_name").await.is_empty(), "nothing is stored");
    errors
}

/// Answers as S3 does where a request is signed for the wrong region, from
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
async fn s3_of_another_region() -> SocketAddr {
    const ANSWER: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AuthorizationHeaderMalformed</Code>\
        <Message>The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-3'</Message>\
        <Region>eu-west-3</Region><RequestId>1</RequestId></Error>";
    let answer = async || (StatusCode::BAD_REQUEST, [("content-type", "application/xml")], ANSWER).into_response();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    address
}

/// The form has no such fields, so whoever sends them changes nothing.
async fn an_update_sends_stored_keys_nowhere_else(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.s3().await);
    let credential = partner.add_credential(&s3).await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", elsewhere.local_addr().unwrap());
    let id = credential.id.to_string();
    let fields = [
        ("credential", id.as_str()),
        ("version", "1"),
        ("s3_name", "Moved"),
        ("access_key_id", ACCESS_KEY),
        ("endpoint", &endpoint),
        ("region", "elsewhere"),
    ];
    partner.done("credentials/update", &form(&fields)).await;
    let after = partner.credentials().await.remove(0);
    assert_eq!((after.s3_name.as_str(), &after.endpoint), ("Moved", &credential.endpoint));
    let dialled = tokio::time::timeout(std::time::Duration::ZERO, elsewhere.accept()).await;
    assert!(dialled.is_err(), "nothing was sent there");
}
