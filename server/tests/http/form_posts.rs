//! Forms of pages whose script has not loaded.

use crate::support::{
    TestApp,
    app::{PARTNER, PASSWORD, SECRET_KEY},
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
    assert_eq!(failed.status, 422);
    let kept = app.column("session", "data").await.concat();
    assert!(!kept.contains("AKIDTYPED") && !kept.contains(SECRET_KEY), "nothing is stored: {kept}");

    let shown = failed.text();
    assert!(shown.contains("S3 Endpoint must be an http or https address"), "the message is at the field");
    assert!(shown.contains("AKIDTYPED") && shown.contains("Main &lt;store&gt;") && shown.contains("no address"));
    assert!(!shown.contains(SECRET_KEY), "the secret is not sent back");
    assert!(shown.contains("aria-invalid=\"true\"") && shown.contains("role=\"alert\""));
    assert!(!partner.get(page).await.text().contains("AKIDTYPED"), "it is shown once");

    // The browser is at the function's address now, so the page says where it belongs, and its forms do too.
    assert!(shown.contains("data-address=\"/backup-credentials?search=main&amp;dialog=add\""), "{shown}");
    let action = "/api/credentials/add?page=";
    let action = &shown[shown.find(action).unwrap()..];
    let action = action.split('"').next().unwrap().trim_start_matches("/api/");
    let again = partner.post("/api/credentials/add", action, &typed).await;
    assert!(again.status == 422 && again.text().contains("AKIDTYPED"));
    let s3 = app.s3().await;
    let unknown_key = form(&[
        ("s3_name", "Main store"),
        ("access_key_id", "AKIDTYPED"),
        ("secret_key", SECRET_KEY),
        ("endpoint", s3.endpoint().as_str()),
        ("region", "eu-central-1"),
    ]);
    let refused = partner.post("/api/credentials/add", action, &unknown_key).await;
    assert!(refused.text().contains("Invalid S3 credentials"), "{}", refused.text());
}

async fn a_success_leads_on_and_is_announced_once(app: &TestApp) {
    let browser = app.browser();
    let done = browser.post("/setup", "session/set_up", &app.setup_form()).await;
    assert_eq!(done.location(), "/");
    let announced = "Your account is ready";
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
    assert!(failed.status == 422 && failed.cookie().is_none(), "neither does a form that is refused");
    let shown = failed.text();
    assert!(shown.contains("Email or password is wrong") && shown.contains(PARTNER));
    assert!(!shown.contains(PASSWORD));
    let signed_out = browser.post("/", "session/sign_out", &[]).await;
    assert_eq!((signed_out.status, signed_out.location()), (303, "/login"));
    assert!(signed_out.cookie().is_none(), "nor does one who signs out without having signed in");
    assert_eq!(app.column("session", "id").await.len(), 1, "only the Partner's of the set-up is left");
}
