//! Mail: what people write into it, and a mail server that does what it should not.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::json;
use server::config::Key;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::support::{
    Answer, Browser, Database, TestApp, deeds::until, form, on, on_both_databases, receivers::TestMailServer, tell,
};

on_both_databases!(an_address_is_one_address, a_name_is_shown_as_it_was_typed);

fn mail_to<'a>(name: &'a str, addresses: &'a str) -> [(&'a str, &'a str); 4] {
    [("name", name), ("kind", "email"), ("addresses", addresses), ("failure", "on")]
}

async fn try_channel(partner: &Browser, name: &str) -> Answer {
    let id = partner.channel(name).await.id.to_string();
    partner.call("notifications/send_test", &form(&[("channel", &id)])).await
}

async fn an_address_is_one_address(app: &TestApp) {
    let partner = app.set_up().await;
    let eleven = (0..11).map(|number| format!("a{number}@example.com")).collect::<Vec<_>>().join("\n");
    for hostile in [
        "a@example.com\r\nRCPT TO:<x@example.com>",
        "a@example.com\nBcc: x@example.com",
        "a@example.com\rRCPT TO:<x@example.com>",
        "a@example.com> SIZE=1 <b@example.com",
        "<a@example.com>",
        "Ann <a@example.com>",
        "\"a\r\nb\"@example.com",
        "\"a> NOTIFY=NEVER\"@example.com",
        "a@example.com\u{0}",
        "a b@example.com",
        "@example.com:a@example.org",
        "a@example.com;b@example.com",
        "a@b@example.com",
        "a%b@c@example.com",
        "a@example.com\u{2028}b",
        &eleven,
    ] {
        let refused = partner.call("notifications/add_channel", &form(&mail_to("Mail", hostile))).await;
        assert_eq!(refused.status, 422, "{hostile:?}: {}", refused.text());
        assert!(refused.form_errors().message_for("addresses").is_some(), "{hostile:?}");
    }
    partner.add_channel(&mail_to("Mail", "a@example.com, b@example.com\nA@example.com")).await;
    assert_eq!(try_channel(&partner, "Mail").await.status, 200);
    let mail = app.mail.mails().remove(0);
    assert_eq!(mail.to, ["a@example.com", "b@example.com"]);
    assert_eq!(mail.from, "backups@holdfast.example", "nobody writes in another's name");
}

/// The lines of a header, unfolded.
fn header<'a>(data: &'a str, name: &str) -> Vec<&'a str> {
    let head = data.split_once("\r\n\r\n").map_or(data, |(head, _)| head);
    head.split("\r\n").filter(|line| line.to_lowercase().starts_with(&format!("{}:", name.to_lowercase()))).collect()
}

async fn a_name_is_shown_as_it_was_typed(app: &TestApp) {
    let partner = app.set_up().await;
    // RFC 2047: what a mail program would decode into other words than were typed.
    for (number, name) in
        ["=?utf-8?Q?Bank=0D=0AX:_1?=", "=?utf-8?B?QmFuaw==?= ok", "a =?us-ascii?q?b?="].iter().enumerate()
    {
        partner.add_channel(&mail_to(name, "a@example.com")).await;
        assert_eq!(try_channel(&partner, name).await.status, 200);
        let data = app.mail.mails().remove(number).data;
        let [subject] = header(&data, "subject")[..] else { panic!("{data}") };
        let typed = name.split(' ').find(|word| word.contains("=?")).unwrap();
        assert!(!subject.contains(typed), "{subject}");
    }
    for name in ["Mail\r\nBcc: x@example.com", "Mail\nx", "Mail\u{0}x", "Mail\u{85}x"] {
        let refused = partner.call("notifications/add_channel", &form(&mail_to(name, "a@example.com"))).await;
        assert!(refused.form_errors().message_for("name").is_some(), "{name:?}");
    }
}

/// Whatever stands in a message: causes hold names of files, and what an S3 service or a database said.
#[test]
fn a_message_stays_one_message() {
    on(Database::Postgres, async |app| {
        let partner = app.set_up().await;
        partner.add_channel(&mail_to("Mail", "a@example.com")).await;
        let hostile = "x\r\n.\r\nMAIL FROM:<evil@example.com>\r\n\n.\n\r.\rRSET\r\n.\n";
        let payload = json!({
            "subject": format!("[acme] {hostile}Bcc: x@example.com\r\n\r\nbody"), "text": hostile,
            "at": "2026-11-29T00:00:00Z", "organization": "acme",
        });
        let row = format!(
            "INSERT INTO delivery (organization_id, channel_id, kind, event_key, subject, payload, phase, attempts, repeats, \
             not_before, created_at) SELECT organization_id, id, 'failure', 'hostile', 'x', '{}'::jsonb, 'Queued', 0, 0, \
             now(), now() FROM notification_channel",
            payload.to_string().replace('\'', "''")
        );
        app.execute(&row).await;
        let ended = |rows: &Vec<model::notification::DeliveryRow>| {
            rows.iter().all(|row| row.phase == model::notification::DeliveryPhase::Delivered)
        };
        until(Duration::from_secs(30), async || partner.deliveries().await, ended).await;
        let mails = app.mail.mails();
        let [mail] = &mails[..] else { panic!("{mails:?}") };
        assert_eq!((mail.from.as_str(), mail.to.len()), ("backups@holdfast.example", 1));
        let bare = mail.data.replace("\r\n", "");
        assert!(!bare.contains(['\r', '\n']), "a line ends in one way alone: {:?}", mail.data);
        assert!(header(&mail.data, "bcc").is_empty() && header(&mail.data, "subject").len() == 1, "{}", mail.data);
    });
}

#[test]
fn who_asks_for_tls_sends_nothing_without() {
    tell(async {
        let plain = TestMailServer::start().await;
        let url = format!("{}?tls=required", plain.url().replace("smtp://", "smtp://user:geheim@"));
        let app = TestApp::spawn_with(Database::Sqlite, &[(Key::SmtpUrl, &url)]).await;
        let partner = app.set_up().await;
        partner.add_channel(&mail_to("Mail", "a@example.com")).await;
        let refused = try_channel(&partner, "Mail").await;
        assert_ne!(refused.status, 200);
        assert!(refused.error().to_string().starts_with("The mail server could not be reached"), "{}", refused.text());
        assert!(plain.mails().is_empty());
        app.stop().await;
    });
}

/// What a mail server does.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// A greeting of more and more lines.
    EndlessGreeting,
    /// The same in answer to EHLO.
    EndlessExtensions,
    /// A byte each 100 ms.
    Drips,
    Silent,
}

async fn hostile_server(manner: Arc<Mutex<Manner>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let manner = *manner.lock().unwrap();
            tokio::spawn(behave(client, manner));
        }
    });
    format!("smtp://{address}")
}

async fn behave(client: TcpStream, manner: Manner) -> std::io::Result<()> {
    let mut client = BufReader::new(client);
    let mut line = String::new();
    match manner {
        Manner::EndlessGreeting => loop {
            client.write_all(b"220-welcome\r\n").await?;
        },
        Manner::EndlessExtensions => {
            client.write_all(b"220 ready\r\n").await?;
            client.read_line(&mut line).await?;
            loop {
                client.write_all(b"250-X-MORE\r\n").await?;
            }
        }
        Manner::Drips => loop {
            client.write_all(b"2").await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        },
        Manner::Silent => std::future::pending().await,
    }
}

#[test]
fn a_mail_server_that_does_not_come_to_an_end_holds_nobody_up() {
    tell(async {
        let manner = Arc::new(Mutex::new(Manner::Silent));
        let url = hostile_server(manner.clone()).await;
        let app = TestApp::spawn_with(Database::Sqlite, &[(Key::SmtpUrl, &url)]).await;
        let partner = app.set_up().await;
        partner.add_channel(&mail_to("Mail", "a@example.com")).await;
        for now in [Manner::EndlessGreeting, Manner::EndlessExtensions, Manner::Drips, Manner::Silent] {
            *manner.lock().unwrap() = now;
            let began = Instant::now();
            let (refused, health) = tokio::join!(try_channel(&partner, "Mail"), async {
                let began = Instant::now();
                (app.browser().get("/healthz").await.status, began.elapsed())
            });
            println!("{now:?}: {:.1} s, {}", began.elapsed().as_secs_f64(), refused.text());
            // The deadline is ten seconds.
            assert!(began.elapsed() < Duration::from_secs(25), "{now:?}: {:?}", began.elapsed());
            assert!((400..504).contains(&refused.status), "{now:?}: {}", refused.status);
            assert!(health.0 == 200 && health.1 < Duration::from_secs(20), "{now:?}: {health:?}");
        }
        app.stop().await;
    });
}
