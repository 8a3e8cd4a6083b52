//! What answers a webhook or the sign-in provider's client without end takes neither memory nor time without end.

use std::{
    fs,
    future::Future,
    io::Write as _,
    process::Command,
    time::{Duration, Instant},
};

use engine::{NetworkPolicy, Secret};
use ipnet::IpNet;
use model::notification::DeliveryKind;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{Message, Parcel, Sender, Target};
use crate::provider::{OpenIdSettings, Provider};

const MIB: u64 = 1 << 20;
const MOST_RISE: u64 = 100 * MIB;
/// The deadlines of both are 10 seconds.
const SOON: Duration = Duration::from_secs(11);
const ROLE: &str = "HOLDFAST_TEST_BOUNDS";

/// In a process of its own: memory is measured for the whole of it, and other tests run beside this one.
#[test]
fn answers_without_end_take_little_memory_and_time() {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let child = child.args(["--exact", "sender::bounds::role", "--nocapture"]).env(ROLE, "1").output().unwrap();
    // Straight to the terminal: the harness keeps what a test that passes prints.
    std::io::stderr().write_all(&child.stderr).unwrap();
    assert!(child.status.success() && child.stderr.starts_with(b"a webhook"), "{child:?}");
}

/// Not a test of its own: what this program does when it was started with a role.
#[tokio::test(flavor = "multi_thread")]
async fn role() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    for (what, head) in HEADS {
        let sender = Sender::new(loopback(), None).unwrap();
        let url = Secret::new(endless(head).await);
        let message = message();
        let parcel = Parcel { delivery: 1, kind: DeliveryKind::Failure, timestamp: 0, message: &message };
        let target = Target::Slack { url };
        measured(&format!("a webhook, {what}"), async {
            let _ = sender.send(&target, parcel).await;
        })
        .await;
        let provider = Provider::new(settings(&endless(head).await)).unwrap();
        let discovery = Box::pin(async {
            assert!(provider.depart("https://holdfast.example/callback").await.is_err());
        });
        measured(&format!("discovery of a provider, {what}"), discovery).await;
    }
}

const HEADS: [(&str, &str); 3] = [
    ("200", "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"),
    ("500", "HTTP/1.1 500 No\r\n\r\n"),
    ("a head without end", "HTTP/1.1 200 OK\r\nx-a: "),
];

fn loopback() -> NetworkPolicy {
    NetworkPolicy::allowing(networks())
}

fn networks() -> Vec<IpNet> {
    vec!["127.0.0.0/8".parse().unwrap()]
}

fn message() -> Message {
    serde_json::from_value(serde_json::json!({
        "subject": "s", "text": "t", "at": "2026-11-25T02:52:10Z", "organization": "acme",
    }))
    .unwrap()
}

fn settings(issuer: &str) -> OpenIdSettings {
    OpenIdSettings {
        issuer: issuer.parse().unwrap(),
        client_id: "holdfast".into(),
        client_secret: None,
        name: "tests".into(),
        scopes: vec!["email".into()],
        claim: "groups".into(),
        grants: Vec::new(),
        networks: networks(),
    }
}

async fn measured(name: &str, work: impl Future<Output = ()>) {
    // The peak so far is forgotten (proc_pid_clear_refs(5)).
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let (before, began) = (memory("VmRSS:"), Instant::now());
    tokio::time::timeout(SOON, work).await.unwrap();
    let rise = memory("VmHWM:").saturating_sub(before);
    eprintln!("{name}: +{} MiB, {:.1} s", rise / MIB, began.elapsed().as_secs_f64());
    assert!(rise < MOST_RISE, "{name}: {} MiB", rise / MIB);
}

fn memory(figure: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(figure)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Answers every request with `head` and what has no end.
async fn endless(head: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 8192];
                let _ = client.read(&mut request).await;
                let (mut next, more) = (head.as_bytes(), vec![b'x'; 64 << 10]);
                while client.write_all(next).await.is_ok() {
                    next = &more;
                }
            });
        }
    });
    format!("http://{address}")
}
