//! Forms of pages whose script has not loaded.

use crate::support::{
    TestApp,
    app::{PARTNER, PASSWORD, SECRET_KEY, setup_form},
    form, on_both_databases,
};

on_both_databases!(
    a_failed_form_comes_back_with_what_was_typed,
    a_success_leads_on_and_is_announced_once,
    a_success_on_the_same_page_keeps_the_view_of_its_list,
    who_is_signed_out_is_led_to_sign_in,
    nothing_is_left_for_who_left_nothing,
);

async fn a_failed_form_comes_back_with_what_was_typed(app: &TestApp) {
    let partner = app.set_up().await;
    let page = "/backup-credentials?search=main&dialog=add";
    let typed = form(&[
        ("s3_name", "Main <store>"),
        ("access_key_id", "AKIDTYPED"),
        ("secret_key", SECRET_KEY),
        ("endpoint", "no address"),
        ("region", "eu-central-1"),
    ]);
    let failed = partner.post(page, "credentials/add", &typed).await;
    assert_eq!(failed.location(), page);
    let kept = app.column("session", "data").await.concat();
    assert!(!kept.contains("AKIDTYPED") && !kept.contains(SECRET_KEY), "what waits is sealed: {kept}");

    let shown = partner.get(page).await.text();
    assert!(shown.contains("S3 Endpoint must be an http or https address"), "the message is at the field");
    assert!(shown.contains("AKIDTYPED") && shown.contains("Main &lt;store&gt;") && shown.contains("no address"));
    assert!(!shown.contains(SECRET_KEY), "the secret is not sent back");
    assert!(shown.contains("aria-invalid=\"true\"") && shown.contains("role=\"alert\""));
    assert!(!partner.get(page).await.text().contains("AKIDTYPED"), "it is shown once");
}

async fn a_success_leads_on_and_is_announced_once(app: &TestApp) {
    let browser = app.browser();
    let done = browser.post("/setup", "session/set_up", &setup_form()).await;
    assert_eq!(done.location(), "/");
    let announced = "The account is ready";
    assert!(browser.get("/").await.text().contains(announced));
    assert!(!browser.get("/").await.text().contains(announced));
}

async fn a_success_on_the_same_page_keeps_the_view_of_its_list(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.s3().await);
    partner.add_credential(&s3).await;
    let credential = form(&[("credential", "1")]);
    let view = "/backup-credentials?search=main&sort=id&desc=1&per_page=50";
    let locked = partner.post(&format!("{view}&expand=1"), "credentials/lock", &credential).await;
    assert_eq!(locked.location(), format!("{view}&expand=1"));
    partner.done("credentials/unlock", &credential).await;
    let deleted = partner.post(&format!("{view}&dialog=delete&id=1"), "credentials/delete", &credential).await;
    assert_eq!(deleted.location(), view, "the dialog is closed");
    assert!(partner.get(view).await.text().contains("Main S3 deleted"));
}

async fn who_is_signed_out_is_led_to_sign_in(app: &TestApp) {
    app.set_up().await;
    let stranger = app.browser();
    let page = "/backup-credentials?dialog=add";
    let refused = stranger.post(page, "credentials/add", &form(&[("s3_name", "x")])).await;
    assert_eq!(refused.location(), "/login?next=/backup-credentials%3Fdialog%3Dadd");
    assert!(refused.cookie().is_none(), "no session is made for it");
}

async fn nothing_is_left_for_who_left_nothing(app: &TestApp) {
    app.set_up().await;
    let browser = app.browser();
    assert!(browser.get("/login").await.cookie().is_none(), "a page makes no session");
    let failed = browser.post("/login", "session/sign_in", &form(&[("email", PARTNER), ("password", "wrong")])).await;
    assert!(failed.cookie().unwrap().contains("Max-Age=600"), "a stranger's session is short");
    let shown = browser.get("/login").await;
    assert!(shown.text().contains("Email or password is wrong") && shown.text().contains(PARTNER));
    assert!(!shown.text().contains(PASSWORD));
    assert!(shown.cookie().unwrap().contains("Max-Age=0"), "and gone when it has said what it had to say");
    assert_eq!(app.column("session", "id").await.len(), 1, "only the Partner's of the set-up is left");
}
