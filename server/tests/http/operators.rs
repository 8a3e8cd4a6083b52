//! What operators get beside the binary: logs with ids, and the files in `server/packaging`.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    path::Path,
    process::Stdio,
};

use reqwest::Method;
use serde_json::Value;

use crate::support::{
    Answer, TestApp,
    app::{PARTNER, PASSWORD, SECRET_KEY, setup_form},
    deeds::credential_form,
    files, form, on_both_databases,
    program::Program,
    tell,
};

on_both_databases!(dashboard_and_alerts_ask_for_what_there_is);

/// Every metric that the dashboard and the alert rules name is told by `/metrics`.
async fn dashboard_and_alerts_ask_for_what_there_is(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    partner.backup_now(project, policy).await;
    let metrics = app.metrics().await.text();
    let told: BTreeSet<_> = metrics.lines().filter_map(|line| line.split(['{', ' ']).next()).collect();
    let dashboard: Value = serde_json::from_str(&packaged("grafana.json")).unwrap();
    let expressions = expressions(&dashboard);
    assert!(expressions.len() > 10, "{expressions:?}");
    for text in expressions.into_iter().chain([packaged("alerts.yaml")]) {
        let named = named_metrics(&text);
        for name in &named {
            assert!(told.contains(name.as_str()), "{name} is no metric: {metrics}");
        }
        assert!(!named.is_empty(), "{text}");
    }
}

#[test]
fn the_example_of_settings_is_one() {
    let program = Program::new();
    // With every example taken.
    let example = packaged("holdfast.toml");
    let settings: Vec<_> = example.lines().map(uncommented).collect();
    fs::write(program.folder().join("holdfast.toml"), settings.join("\n")).unwrap();
    fs::create_dir(program.folder().join("etc")).unwrap();
    let token = program.folder().join("token");
    fs::write(&token, "0123456789abcdef0123456789abcdef\n").unwrap();
    let output = program.with("HOLDFAST_METRICS_TOKEN_FILE", token.to_str().unwrap()).run(&["check-config"], "");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("HOLDFAST_LOG_FORMAT=json"));
}

#[test]
fn lines_of_the_log_tell_which_request_or_run_they_belong_to() {
    tell(async {
        let program = Program::new().with("HOLDFAST_LOG_FORMAT", "json").with("HOLDFAST_LOG", "debug");
        // Behind a proxy the first account would need the code.
        let without_proxies = program.serve();
        without_proxies.browser().done("session/set_up", &setup_form()).await;
        without_proxies.terminate();
        let program = program.with("HOLDFAST_TRUSTED_PROXIES", "127.0.0.0/8");
        let path = program.folder().join("server.log");
        let s3 = program.s3().await;
        let running = program.serve_logging_to(Stdio::from(File::create(&path).unwrap()));
        let partner = running.browser();
        let own = partner.call("session/sign_in", &form(&[("email", PARTNER), ("password", PASSWORD)])).await;
        let through = |id: &'static str| Answer::of(partner.request(Method::GET, "/login").header("x-request-id", id));
        assert_eq!(through("proxy-4711.a").await.header("x-request-id"), "proxy-4711.a");
        let hostile = through("4711\" level=\"error").await.header("x-request-id").to_owned();
        assert!(hostile.len() == 16 && hostile.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hostile}");
        let refused = form(&credential_form("http://127.0.0.1:1", SECRET_KEY));
        partner.call("credentials/add", &refused).await;
        let credential = partner.add_credential(&s3).await;
        let source = program.files().join("web-shop");
        files::write_sample(&source);
        let project = partner.add_project("web-shop", &source, Some(&credential)).await;
        let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
        let backup = partner.backup_now(project, policy).await;
        partner.restore(project, backup.id, "", &program.files().join("restored")).await;
        assert_eq!(running.terminate(), Some(0));

        let log = fs::read_to_string(&path).unwrap();
        let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        let of = |span: &str, key: &str, value: &Value| {
            let has = |line: &&Value| {
                let spans = line["spans"].as_array().into_iter().flatten();
                spans.into_iter().any(|known| known["name"] == *span && known[key] == *value)
            };
            lines.iter().filter(has).collect::<Vec<_>>()
        };
        for id in [own.header("x-request-id"), "proxy-4711.a", &hostile] {
            let lines = of("request", "id", &id.into());
            assert!(lines.iter().any(|line| line["fields"]["message"] == "answered"), "{id}: {lines:?}");
        }
        for kind in ["backup", "restore"] {
            let lines = of("run", "kind", &kind.into());
            assert!(lines.iter().any(|line| line["fields"]["message"] == "run ended"), "{kind}: {lines:?}");
            assert!(lines.iter().all(|line| line["span"]["id"].is_number()), "{lines:?}");
        }
    });
}

#[test]
fn only_a_trusted_proxy_gives_requests_their_ids() {
    tell(async {
        let running = Program::new().serve();
        let browser = running.browser();
        let answer = Answer::of(browser.request(Method::GET, "/login").header("x-request-id", "mine")).await;
        assert_eq!(answer.header("x-request-id").len(), 16);
    });
}

fn packaged(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name)).unwrap()
}

/// All that panels and variables ask Prometheus for.
fn expressions(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let own = fields.iter().filter(|(name, _)| ["expr", "definition"].contains(&name.as_str()));
            let own = own.filter_map(|(_, value)| value.as_str().map(str::to_owned));
            own.chain(fields.values().flat_map(expressions)).collect()
        }
        Value::Array(values) => values.iter().flat_map(expressions).collect(),
        _ => Vec::new(),
    }
}

fn named_metrics(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("holdfast_")).map(str::to_owned).collect()
}

/// A setting that is only shown, as if it were made. The token's file is not there.
fn uncommented(line: &str) -> &str {
    match line.strip_prefix("# ") {
        Some(setting) if setting.contains(" = ") && !setting.contains("metrics_token_file") => setting,
        _ => line,
    }
}
