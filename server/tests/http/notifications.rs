//! Notifications, with a real mail server and a real receiver of hooks.

use std::time::Duration;

use chrono::{Datelike, TimeDelta, Utc, Weekday};
use futures::future::join_all;
use model::{
    backup::BackupPhase,
    ids::{PolicyId, ProjectId},
    notification::{ChannelRow, DeliveryKind, DeliveryPhase, DeliveryRow},
    people::Role,
    policy::PolicyDraft,
};
use serde_json::json;
use server::config::Key;

use crate::support::{
    Browser, Database, TestApp,
    app::{ORGANIZATION, PARTNER, PASSWORD, setup_form},
    deeds::{SIGNING_SECRET, until, webhook_form},
    files, form, on, on_both_databases,
    program::Program,
    receivers::Hooks,
    tell,
};

on_both_databases!(
    a_failure_and_the_recovery_reach_every_kind_of_channel,
    the_same_failure_is_told_once_a_day,
    a_message_is_tried_again_with_growing_pauses_and_given_up,
    a_failed_try_is_told_when_it_is_not_tried_again,
    an_overdue_policy_is_told_once,
    a_digest_comes_on_monday,
    a_ping_url_is_told_of_each_run,
    a_test_tells_its_outcome,
    who_can_be_reached_by_mail_is_reached,
    tests_are_as_many_as_a_person_needs,
    addresses_that_are_not_allowed_are_not_dialled,
    a_channel_is_changed_and_keeps_its_secrets,
    a_secret_stays_with_its_address,
    a_paused_channel_is_told_nothing,
    a_manager_sees_the_own_organization_alone,
);

/// Longer than the courier's look at its queue and the watch for what is due.
const A_MOMENT: Duration = Duration::from_secs(40);

/// A project whose runs are skipped, because its credential is locked.
struct Troubled {
    partner: Browser,
    project: ProjectId,
    policy: PolicyId,
}

impl Troubled {
    async fn of(app: &TestApp) -> Self {
        let (partner, project) = app.backed_up_project().await;
        let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
        let troubled = Self { partner, project, policy };
        troubled.lock(true).await;
        troubled
    }

    async fn lock(&self, locked: bool) {
        let function = if locked { "credentials/lock" } else { "credentials/unlock" };
        self.partner.done(function, &form(&[("credential", "1")])).await;
    }

    async fn run(&self, expected: BackupPhase) {
        let run = self.partner.backup_now(self.project, self.policy).await;
        assert_eq!(run.phase, expected, "{:?}", run.cause);
    }
}

impl Browser {
    /// The deliveries as soon as they are as wanted.
    async fn deliveries_when(&self, wanted: impl Fn(&[DeliveryRow]) -> bool) -> Vec<DeliveryRow> {
        until(A_MOMENT, async || self.deliveries().await, |rows| wanted(rows)).await
    }

    /// The same as soon as nothing waits any more.
    pub async fn all_delivered(&self, count: usize) -> Vec<DeliveryRow> {
        let done = |row: &DeliveryRow| row.phase == DeliveryPhase::Delivered;
        self.deliveries_when(|rows| rows.len() == count && rows.iter().all(done)).await
    }

    async fn to_channel(&self, deed: &str, channel: &ChannelRow) -> crate::support::Answer {
        self.call(&format!("notifications/{deed}"), &form(&[("channel", &channel.id.to_string())])).await
    }
}

async fn a_failure_and_the_recovery_reach_every_kind_of_channel(app: &TestApp) {
    let (troubled, hooks) = (Troubled::of(app).await, Hooks::start().await);
    let partner = &troubled.partner;
    let mail = [
        ("name", "Mail"),
        ("kind", "email"),
        ("addresses", "ann@example.com\nBen@example.com"),
        ("failure", "on"),
        ("recovery", "on"),
    ];
    let slack = [
        ("name", "Chat"),
        ("kind", "slack"),
        ("slack_url", &hooks.url("/chat")),
        ("failure", "on"),
        ("recovery", "on"),
    ];
    let ntfy = [
        ("name", "Phone"),
        ("kind", "ntfy"),
        ("topic_url", &hooks.url("/topic")),
        ("access_token", "tk_0123456789"),
        ("failure", "on"),
    ];
    let mail = partner.add_channel(&mail).await;
    assert_eq!(mail.target, "ann@example.com\nben@example.com");
    partner.add_channel(&webhook_form("Hook", &hooks.url("/hook"))).await;
    partner.add_channel(&slack).await;
    partner.add_channel(&ntfy).await;

    troubled.run(BackupPhase::Skipped).await;
    partner.all_delivered(4).await;
    troubled.lock(false).await;
    troubled.run(BackupPhase::Completed).await;
    let told = partner.all_delivered(7).await;
    assert_eq!(told.iter().filter(|row| row.kind == DeliveryKind::Recovery).count(), 3, "ntfy wants failures alone");

    let subject = "[acme] Backup of web-shop was skipped (policy nightly)";
    let [failure, recovery] = hooks.at("/hook").try_into().unwrap();
    assert!(failure.is_signed_with(SIGNING_SECRET) && !failure.is_signed_with("another secret 0123456789"));
    assert!((Utc::now().timestamp() - failure.header("x-holdfast-timestamp").parse::<i64>().unwrap()).abs() < 60);
    let body = failure.json();
    assert_eq!(
        (&body["event"], &body["subject"], &body["phase"]),
        (&json!("failure"), &json!(subject), &json!("Skipped"))
    );
    assert_eq!(
        (&body["organization"], &body["project"], &body["policy"]),
        (&json!(ORGANIZATION), &json!("web-shop"), &json!("nightly"))
    );
    assert!(body["cause"].as_str().unwrap().contains("Main S3 is locked"), "{body}");
    assert_eq!(body["id"].to_string(), failure.header("x-holdfast-delivery"));
    let body = recovery.json();
    assert_eq!((&body["event"], &body["failures"]), (&json!("recovery"), &json!(1)));

    let chat = hooks.at("/chat")[0].json();
    assert!(chat["text"].as_str().unwrap().starts_with(&format!("*{subject}*\nmanual-")), "{chat}");
    let [topic] = hooks.at("/topic").try_into().unwrap();
    assert_eq!((topic.header("title"), topic.header("priority")), (subject, "high"));
    assert_eq!(topic.header("authorization"), "Bearer tk_0123456789");
    assert!(topic.body.contains("is locked"), "{}", topic.body);

    let mails = app.mail.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].to, ["ann@example.com", "ben@example.com"]);
    assert_eq!(mails[0].from, "backups@holdfast.example");
    assert!(mails[0].data.contains(&format!("Subject: {subject}")), "{}", mails[0].data);
    assert!(mails[1].data.contains("works again"), "{}", mails[1].data);
    assert!(partner.get("/notifications").await.text().contains("was skipped"), "it stands on the page");
}

async fn the_same_failure_is_told_once_a_day(app: &TestApp) {
    let (troubled, hooks) = (Troubled::of(app).await, Hooks::start().await);
    let partner = &troubled.partner;
    partner.add_channel(&webhook_form("Hook", &hooks.url("/hook"))).await;
    for _ in 0..3 {
        troubled.run(BackupPhase::Skipped).await;
    }
    let told = partner.all_delivered(1).await;
    assert_eq!(told[0].repeats, 2, "the same again is counted");
    // As if it had been told a day ago.
    app.execute("UPDATE trouble SET told_at = '2026-01-01T00:00:00Z'").await;
    troubled.run(BackupPhase::Skipped).await;
    partner.all_delivered(2).await;
    troubled.lock(false).await;
    troubled.run(BackupPhase::Completed).await;
    troubled.run(BackupPhase::Completed).await;
    let told = partner.all_delivered(3).await;
    assert_eq!(told[0].kind, DeliveryKind::Recovery, "and the second success is not told");
    let recovery = hooks.received().pop().unwrap().json();
    assert_eq!(recovery["failures"], json!(4), "{recovery}");
    assert!(recovery["text"].as_str().unwrap().contains("4 runs failed since"), "{recovery}");
}

async fn a_message_is_tried_again_with_growing_pauses_and_given_up(app: &TestApp) {
    let (troubled, hooks) = (Troubled::of(app).await, Hooks::start().await);
    let partner = &troubled.partner;
    partner.add_channel(&webhook_form("Hook", &hooks.url("/hook"))).await;
    hooks.answer([500; 6]);
    troubled.run(BackupPhase::Skipped).await;
    for (tried, minutes) in [(1, 1), (2, 5), (3, 30), (4, 120), (5, 720)] {
        let waits = |rows: &[DeliveryRow]| {
            rows.iter()
                .any(|row| row.phase == DeliveryPhase::Queued && row.attempts == tried && row.next_attempt.is_some())
        };
        let row = partner.deliveries_when(waits).await.remove(0);
        assert!(row.cause.as_ref().unwrap().starts_with("The receiver answered 500"), "try {tried}");
        assert_eq!(hooks.received().len(), usize::try_from(tried).unwrap());
        let pause = row.next_attempt.unwrap() - Utc::now();
        assert!((pause.num_seconds() - minutes * 60).abs() < 40, "try {tried} is followed by a pause of {pause}");
        // As if the pause were over.
        app.execute("UPDATE delivery SET not_before = created_at").await;
    }
    let row = partner.deliveries_when(|rows| rows[0].phase == DeliveryPhase::Failed).await.remove(0);
    assert_eq!((row.attempts, hooks.received().len()), (6, 6));
    assert!(row.finished.is_some() && row.next_attempt.is_none());
    assert!(partner.get("/notifications").await.text().contains("The receiver answered 500"), "the cause stands there");
}

async fn a_failed_try_is_told_when_it_is_not_tried_again(app: &TestApp) {
    let hooks = Hooks::start().await;
    let partner = app.set_up().await;
    let s3 = app.s3().await;
    let address = s3.endpoint().socket_addrs(|| None).unwrap()[0];
    let credential = partner.add_credential(&s3).await;
    files::write_sample(&app.source());
    let project = partner.add_project("web-shop", &app.source(), Some(&credential)).await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    partner.add_channel(&webhook_form("Hook", &hooks.url("/hook"))).await;
    s3.shutdown().await;
    let _other_keys = app.s3_with("another-secret", address).await;
    let run = partner.backup_now(project, policy).await;
    assert!(run.phase == BackupPhase::Failed && run.retry_at.is_some());
    assert!(partner.deliveries().await.is_empty(), "it may still succeed");
    // Does what the next try of the first one was to do.
    partner.backup_now(project, policy).await;
    let told = partner.all_delivered(1).await;
    assert_eq!(told[0].subject, "[acme] Backup of web-shop failed (policy nightly)");
    assert_eq!(hooks.received()[0].json()["backup"], json!(run.name));
}

async fn an_overdue_policy_is_told_once(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let hooks = Hooks::start().await;
    let url = hooks.url("/hook");
    let fields = [("name", "Hook"), ("kind", "slack"), ("slack_url", &url), ("overdue", "on"), ("recovery", "on")];
    partner.add_channel(&fields).await;
    app.to_half_past();
    let policy = partner.add_policy(project, "hourly", "0 * * * *").await;
    partner.done("credentials/lock", &form(&[("credential", "1")])).await;
    app.pass(3 * 3600);
    let told = partner.all_delivered(1).await;
    assert_eq!(told[0].subject, "[acme] Backup of web-shop is overdue (policy hourly)");
    app.pass(3 * 3600);
    partner.done("credentials/unlock", &form(&[("credential", "1")])).await;
    // Refused where the run that has just become due is waiting already, which does as well.
    partner.call("policies/run_now", &form(&[("policy", &policy.to_string())])).await;
    let told = partner.all_delivered(2).await;
    assert_eq!(told[0].kind, DeliveryKind::Recovery);
    partner.done("policies/pause", &form(&[("policy", &policy.to_string())])).await;
    app.pass(5 * 3600);
    // The watch has looked at least once more when another policy has become overdue.
    let marker = partner.add_policy(project, "marker", "0 0 29 2 *").await;
    app.execute(&format!("UPDATE policy SET overdue_at = created_at WHERE id = {marker}")).await;
    let told = partner.all_delivered(3).await;
    assert!(told[0].subject.contains("marker"), "a paused policy promises nothing: {told:?}");
}

async fn a_digest_comes_on_monday(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    partner.backup_now(project, policy).await;
    let fields = [("name", "Mail"), ("kind", "email"), ("addresses", "ann@example.com"), ("digest", "on")];
    partner.add_channel(&fields).await;
    let now = Utc::now();
    let days = i64::from(7 - now.weekday().days_since(Weekday::Mon));
    let monday = (now + TimeDelta::days(days)).date_naive().and_hms_opt(8, 0, 0).unwrap().and_utc();
    app.pass((monday - now).num_seconds() + 1);
    let mails = async || app.mail.mails();
    let mail = until(A_MOMENT, mails, |mails| !mails.is_empty()).await.remove(0).data;
    let expected = if days < 7 { "1 completed, 0 incomplete" } else { "completed, 0 incomplete" };
    assert!(mail.contains(expected) && mail.contains("The project is protected."), "{mail}");
}

async fn a_ping_url_is_told_of_each_run(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let hooks = Hooks::start().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let set_ping = async |url: &str, forget: &str| {
        let draft: PolicyDraft = partner.read("policies/draft", &json!({ "project": project, "policy": policy })).await;
        let fields = [
            ("policy", draft.form.policy.as_str()),
            ("version", &draft.form.version),
            ("name", &draft.form.name),
            ("cron_period", "custom"),
            ("cron_expression", &draft.form.cron_expression),
            ("time_zone", &draft.form.time_zone),
            ("retention", &draft.form.retention),
            ("include", &draft.form.include),
            ("ping_url", url),
            ("forget_ping", forget),
        ];
        partner.call("policies/update", &form(&fields)).await
    };
    let refused = set_ping("no address", "").await.form_errors();
    assert!(refused.message_for("ping_url").is_some(), "{refused:?}");
    assert_eq!(set_ping(&hooks.url("/ping/geheim"), "").await.status, 200);
    assert!(partner.policies(project).await[0].has_ping);
    assert!(!app.stores("geheim"), "it is sealed");

    partner.backup_now(project, policy).await;
    let arrived = async |count: usize| until(A_MOMENT, async || hooks.paths(), |paths| paths.len() == count).await;
    assert_eq!(arrived(2).await, ["/ping/geheim/start", "/ping/geheim"]);
    partner.done("credentials/lock", &form(&[("credential", "1")])).await;
    partner.backup_now(project, policy).await;
    assert_eq!(arrived(4).await[2..], ["/ping/geheim/start", "/ping/geheim/fail"]);
    assert!(hooks.received()[3].body.contains("is locked"), "the cause goes along");
    let row = partner.all_delivered(4).await.remove(0);
    assert_eq!((row.kind, row.to.as_str()), (DeliveryKind::PingFail, "Ping URL of web-shop / nightly"));

    assert_eq!(set_ping("", "on").await.status, 200);
    assert!(!partner.policies(project).await[0].has_ping);
    partner.backup_now(project, policy).await;
    assert_eq!(partner.deliveries().await.len(), 4);
}

async fn a_test_tells_its_outcome(app: &TestApp) {
    let (partner, hooks) = (app.set_up().await, Hooks::start().await);
    let channel = partner.add_channel(&webhook_form("Hook", &hooks.url("/hook"))).await;
    let sent = partner.to_channel("send_test", &channel).await;
    assert_eq!(sent.json::<model::form::Done>("send_test").message, "Test sent to Hook");
    assert_eq!(hooks.received()[0].json()["event"], json!("test"));
    hooks.answer([404, 302]);
    for words in ["The receiver answered 404 Not Found", "The receiver answered with a redirect, which is not followed"]
    {
        let refused = partner.to_channel("send_test", &channel).await;
        assert_eq!(refused.status, 409);
        assert!(refused.error().to_string().starts_with(words), "{}", refused.error());
    }
    assert_eq!(hooks.paths(), ["/hook"; 3], "nothing went where the redirect led");
    let told = partner.deliveries().await;
    let phases: Vec<_> = told.iter().map(|row| (row.phase, row.attempts)).collect();
    let failed = (DeliveryPhase::Failed, 1);
    assert_eq!(phases, [failed, failed, (DeliveryPhase::Delivered, 1)], "a test is tried once");

    let mail = [("name", "Mail"), ("kind", "email"), ("addresses", "nobody@example.com"), ("failure", "on")];
    let mail = partner.add_channel(&mail).await;
    let refused = partner.to_channel("send_test", &mail).await.error().to_string();
    assert!(refused.starts_with("The mail server refused the message: 550"), "{refused}");
}

/// One address that is gone keeps the message from nobody else, and one that is busy is tried again alone.
async fn who_can_be_reached_by_mail_is_reached(app: &TestApp) {
    let troubled = Troubled::of(app).await;
    let partner = &troubled.partner;
    let addresses = "nobody@example.com\nlater@example.com\nops@example.com";
    let mail = [("name", "Mail"), ("kind", "email"), ("addresses", addresses), ("failure", "on")];
    partner.add_channel(&mail).await;
    troubled.run(BackupPhase::Skipped).await;
    let told = |row: &DeliveryRow| row.attempts == 1 && row.phase == DeliveryPhase::Queued && row.cause.is_some();
    let first = partner.deliveries_when(|rows| rows.len() == 1 && told(&rows[0])).await.remove(0);
    let cause = first.cause.unwrap();
    assert!(cause.contains("nobody@example.com (550") && cause.contains("later@example.com (451"), "{cause}");
    let reached = || app.mail.mails().into_iter().flat_map(|mail| mail.to).collect::<Vec<_>>();
    assert_eq!(reached(), ["ops@example.com"]);

    app.pass(61);
    let second = partner.all_delivered(1).await.remove(0);
    let cause = second.cause.unwrap();
    assert!(cause.contains("nobody@example.com (550") && !cause.contains("later@"), "{cause}");
    assert_eq!(reached(), ["ops@example.com", "later@example.com"], "and nobody got it twice");
}

/// Mail servers look the name up that they are greeted with.
#[tokio::test(flavor = "multi_thread")]
async fn the_mail_server_is_greeted_with_the_public_hosts_name() {
    let public = [(Key::PublicUrl, "https://backup.example.com:8443")];
    let app = &TestApp::spawn_with(Database::Sqlite, &public).await;
    let partner = app.set_up().await;
    let mail = [("name", "Mail"), ("kind", "email"), ("addresses", "ops@example.com"), ("failure", "on")];
    let mail = partner.add_channel(&mail).await;
    assert_eq!(partner.to_channel("send_test", &mail).await.status, 200);
    assert_eq!(app.mail.mails()[0].greeting, "backup.example.com");
}

async fn tests_are_as_many_as_a_person_needs(app: &TestApp) {
    let (partner, hooks) = (app.set_up().await, Hooks::start().await);
    let channel = partner.add_channel(&webhook_form("Hook", &hooks.url("/hook"))).await;
    for _ in 0..10 {
        assert_eq!(partner.to_channel("send_test", &channel).await.status, 200);
    }
    app.pass(60);
    // Another channel in the place of the first one changes nothing.
    assert_eq!(partner.to_channel("delete_channel", &channel).await.status, 200);
    let channel = partner.add_channel(&webhook_form("Hook", &hooks.url("/hook"))).await;
    let answers = join_all((0..15).map(|_| partner.to_channel("send_test", &channel))).await;
    let sent = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((sent, hooks.received().len()), (10, 20), "also of those that are sent at once");

    let refused = partner.to_channel("send_test", &channel).await;
    assert_eq!(refused.status, 429);
    let told = refused.error().to_string();
    assert!(told.starts_with("This organization has sent 20 tests within an hour. Try again in 5"), "{told}");
    app.organization("globex").await;
    let manager = app.person(Role::Manager, "globex").await;
    let theirs = manager.add_channel(&webhook_form("Theirs", &hooks.url("/theirs"))).await;
    assert_eq!(manager.to_channel("send_test", &theirs).await.status, 200, "each organization has its own");
    app.pass(3600 - 60);
    assert_eq!(partner.to_channel("send_test", &channel).await.status, 200);
}

async fn addresses_that_are_not_allowed_are_not_dialled(app: &TestApp) {
    let (partner, hooks) = (app.set_up().await, Hooks::start().await);
    let port = hooks.port();
    for (number, host) in
        ["[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:169.254.169.254]", "0.0.0.0", "2130706433"].iter().enumerate()
    {
        let (name, url) = (format!("hook {number}"), format!("http://{host}:{port}/hook"));
        let channel = partner.add_channel(&webhook_form(&name, &url)).await;
        let outcome = partner.to_channel("send_test", &channel).await;
        if *host == "2130706433" {
            assert_eq!(outcome.status, 200, "an address in another spelling is the address that it is");
        } else {
            let refused = outcome.error().to_string();
            assert!(refused.starts_with("The address is on a network"), "{host}: {refused}");
        }
    }
    assert_eq!(hooks.received().len(), 1);
    let nowhere = partner.add_channel(&webhook_form("nowhere", "http://nothing.invalid/hook")).await;
    let refused = partner.to_channel("send_test", &nowhere).await.error().to_string();
    assert!(refused.starts_with("The name of the host is not known"), "{refused}");
}

async fn a_channel_is_changed_and_keeps_its_secrets(app: &TestApp) {
    let (partner, hooks) = (app.set_up().await, Hooks::start().await);
    let channel = partner.add_channel(&webhook_form("Hook", &hooks.url("/geheim"))).await;
    assert_eq!(channel.target, "127.0.0.1");
    let id = channel.id.to_string();
    let renamed = [("channel", id.as_str()), ("version", "1"), ("name", "On call"), ("failure", "on")];
    partner.done("notifications/update_channel", &form(&renamed)).await;
    let late = partner.call("notifications/update_channel", &form(&renamed)).await.form_errors();
    assert!(late.summary.starts_with(&format!("{PARTNER} changed this channel")), "{late:?}");
    let channel = partner.channel("On call").await;
    assert_eq!((channel.version, channel.events.len()), (2, 1));
    partner.to_channel("send_test", &channel).await;
    assert!(hooks.at("/geheim")[0].is_signed_with(SIGNING_SECRET), "what was left empty is kept");
    assert!(!app.stores("geheim") && !app.stores(SIGNING_SECRET), "and sealed");
    let page = partner.get(&format!("/notifications?dialog=update&id={id}")).await.text();
    assert!(page.contains("On call") && !page.contains("geheim"));

    let taken = partner.call("notifications/add_channel", &form(&webhook_form("ON CALL", "https://example.com"))).await;
    assert_eq!(taken.form_errors().message_for("name"), Some("This organization has a channel named ON CALL already"));
    let told =
        partner.call("notifications/add_channel", &form(&[("name", "deaf"), ("kind", "slack")])).await.form_errors();
    assert!(told.message_for("slack_url").is_some() && told.message_for("failure").is_some());
    partner.to_channel("delete_channel", &channel).await;
    assert!(partner.channels().await.is_empty() && partner.deliveries().await.is_empty());
}

/// Another Manager changes where a channel leads, and tries it.
async fn a_secret_stays_with_its_address(app: &TestApp) {
    const TOKEN: &str = "tk_0123456789";
    let (partner, own, elsewhere) = (app.set_up().await, Hooks::start().await, Hooks::start().await);
    let topic = own.url("/topic");
    let ntfy = [
        ("name", "Phone"),
        ("kind", "ntfy"),
        ("topic_url", topic.as_str()),
        ("access_token", TOKEN),
        ("failure", "on"),
    ];
    let ntfy = partner.add_channel(&ntfy).await;
    let hook = partner.add_channel(&webhook_form("Hook", &own.url("/hook"))).await;
    let manager = app.person(Role::Manager, ORGANIZATION).await;
    let change = async |channel: &ChannelRow, more: &[(&str, &str)]| {
        let (id, version) = (channel.id.to_string(), manager.channel(&channel.name).await.version.to_string());
        let mut fields =
            vec![("channel", id.as_str()), ("version", &version), ("name", &channel.name), ("failure", "on")];
        fields.extend(more);
        manager.call("notifications/update_channel", &form(&fields)).await
    };
    let topic = elsewhere.url("/topic");
    for (channel, url, secret) in [
        (&ntfy, ("topic_url", topic.as_str()), "access_token"),
        (&hook, ("webhook_url", topic.as_str()), "signing_secret"),
    ] {
        let refused = change(channel, &[url]).await.form_errors();
        assert!(refused.message_for(secret).is_some_and(|told| told.contains("another server")), "{refused:?}");
        assert_eq!(manager.channel(&channel.name).await.version, 1, "nothing is changed");
    }
    assert_eq!(change(&ntfy, &[("topic_url", &own.url("/other"))]).await.status, 200, "on the same server it stays");
    manager.to_channel("send_test", &ntfy).await;
    assert_eq!(own.at("/other")[0].header("authorization"), format!("Bearer {TOKEN}"));

    assert_eq!(change(&ntfy, &[("topic_url", &topic), ("forget_token", "on")]).await.status, 200);
    manager.to_channel("send_test", &ntfy).await;
    assert_eq!(elsewhere.at("/topic")[0].header("authorization"), "", "it was taken away");
    let secret = "another secret 0123456789";
    let hooked = elsewhere.url("/hook");
    assert_eq!(change(&hook, &[("webhook_url", &hooked), ("signing_secret", secret)]).await.status, 200);
    manager.to_channel("send_test", &hook).await;
    let [signed] = elsewhere.at("/hook").try_into().unwrap();
    assert!(signed.is_signed_with(secret) && !signed.is_signed_with(SIGNING_SECRET));
}

async fn a_paused_channel_is_told_nothing(app: &TestApp) {
    let (troubled, hooks) = (Troubled::of(app).await, Hooks::start().await);
    let partner = &troubled.partner;
    let channel = partner.add_channel(&webhook_form("Hook", &hooks.url("/hook"))).await;
    hooks.answer([500]);
    troubled.run(BackupPhase::Skipped).await;
    partner.deliveries_when(|rows| rows.iter().any(|row| row.next_attempt.is_some())).await;
    assert_eq!(partner.to_channel("pause_channel", &channel).await.status, 200);
    let again = partner.to_channel("pause_channel", &channel).await;
    assert_eq!((again.status, again.error().to_string().as_str()), (409, "Channel already paused"));
    let given_up = partner.deliveries().await.remove(0);
    assert_eq!((given_up.phase, given_up.cause.as_deref()), (DeliveryPhase::Failed, Some("The channel was paused")));
    troubled.lock(false).await;
    troubled.run(BackupPhase::Completed).await;
    assert_eq!(partner.deliveries().await.len(), 1, "not even that all is well");
    assert_eq!(partner.to_channel("resume_channel", &channel).await.status, 200);
    troubled.lock(true).await;
    troubled.run(BackupPhase::Skipped).await;
    partner.deliveries_when(|rows| rows[0].phase == DeliveryPhase::Delivered).await;
}

async fn a_manager_sees_the_own_organization_alone(app: &TestApp) {
    let partner = app.set_up().await;
    app.organization("globex").await;
    let manager = app.person(Role::Manager, "globex").await;
    partner.add_channel(&webhook_form("Hook", "https://example.com/hook")).await;
    assert!(manager.channels().await.is_empty());
    manager.add_channel(&webhook_form("Hook", "https://example.com/hook")).await;
    let names: Vec<_> = partner.channels().await.into_iter().map(|row| (row.organization, row.name)).collect();
    let both = [("acme".to_owned(), "Hook".to_owned()), ("globex".to_owned(), "Hook".to_owned())];
    assert_eq!(names, both, "a Partner sees all of the account");
    assert_eq!(manager.channels().await.len(), 1);
    let elsewhere = [
        ("organization", "1"),
        ("name", "theirs"),
        ("kind", "slack"),
        ("slack_url", "https://example.com"),
        ("failure", "on"),
    ];
    assert_eq!(manager.call("notifications/add_channel", &form(&elsewhere)).await.status, 404);
}

/// Old deliveries are looked at every minute of the real clock.
#[test]
fn what_was_told_is_forgotten_after_30_days() {
    on(Database::Sqlite, async |app| {
        let (partner, hooks) = (app.set_up().await, Hooks::start().await);
        let url = hooks.url("/hook");
        let fields = [("name", "Hook"), ("kind", "slack"), ("slack_url", &url), ("failure", "on")];
        let channel = partner.add_channel(&fields).await;
        partner.to_channel("send_test", &channel).await;
        app.pass(31 * 24 * 3600);
        let left = async || app.column("delivery", "subject").await.len();
        until(Duration::from_secs(90), left, |left| *left == 0).await;
    });
}

#[test]
fn two_nodes_send_each_message_once() {
    tell(async {
        let first = Program::on_postgres();
        let s3 = first.s3().await;
        let one = first.serve();
        let two = first.another("two").serve();
        let (partner, hooks) = (one.browser(), Hooks::start().await);
        partner.done("session/set_up", &setup_form()).await;
        let source = first.files().join("web-shop");
        files::write_sample(&source);
        let credential = partner.add_credential(&s3).await;
        let project = partner.add_project("web-shop", &source, Some(&credential)).await;
        for number in 0..30 {
            partner.add_channel(&webhook_form(&format!("hook {number}"), &hooks.url(&format!("/{number}")))).await;
        }
        let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
        partner.done("credentials/lock", &form(&[("credential", "1")])).await;
        partner.backup_now(project, policy).await;
        partner.all_delivered(30).await;
        let mut paths = hooks.paths();
        paths.sort();
        paths.dedup();
        assert_eq!((paths.len(), hooks.received().len()), (30, 30), "each once, whichever node took it");
        let elsewhere = two.browser();
        elsewhere.done("session/sign_in", &form(&[("email", PARTNER), ("password", PASSWORD)])).await;
        assert_eq!(elsewhere.deliveries().await.len(), 30);
        assert_eq!((one.terminate(), two.terminate()), (Some(0), Some(0)));
    });
}
