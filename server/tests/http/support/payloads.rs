//! What attackers send.

/// Every field that some form has.
pub const FIELDS: [&str; 73] = [
    "account_name",
    "organization",
    "email",
    "password",
    "setup_code",
    "next",
    "current_password",
    "new_password",
    "session",
    "token",
    "code",
    "account",
    "partners_need_second_factor",
    "role",
    "user",
    "name",
    "time_zone",
    "s3_name",
    "access_key_id",
    "secret_key",
    "endpoint",
    "region",
    "credential",
    "version",
    "project",
    "project_name",
    "source",
    "directory",
    "connection_url",
    "backup.enable_backup",
    "backup.credential",
    "backup.bucket",
    "backup.bucket_name",
    "backup.prefix",
    "backup.storage_class",
    "backup.encryption",
    "backup.kms_key",
    "confirm_name",
    "delete_backups",
    "policy",
    "cron_period",
    "cron_expression",
    "compose.minute",
    "compose.weekday",
    "keep.daily",
    "retention",
    "include",
    "exclude",
    "backup",
    "restore",
    "restore_name",
    "paths",
    "target",
    "target_directory",
    "on_conflict",
    "maintenance",
    "whole",
    "channel",
    "kind",
    "addresses",
    "webhook_url",
    "signing_secret",
    "slack_url",
    "topic_url",
    "access_token",
    "forget_token",
    "failure",
    "recovery",
    "overdue",
    "damage",
    "digest",
    "ping_url",
    "forget_ping",
];

const SEEDS: [&str; 40] = [
    // Markup and scripts.
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "\"><img src=x onerror=alert(3)>",
    "' onmouseover='alert(4)",
    "<svg/onload=alert(5)>",
    "javascript:alert(6)",
    "data:text/html,<script>alert(7)</script>",
    "--><!-- <b>",
    "]]><x:script xmlns:x=\"http://www.w3.org/1999/xhtml\">alert(8)</x:script>",
    // Templates and formats.
    "{{7*7}}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "%s%s%s%n%n%x",
    "${jndi:ldap://127.0.0.1/a}",
    // SQL and its kin.
    "' OR '1'='1",
    "1; DROP TABLE users; --",
    "\" UNION SELECT password_hash FROM users --",
    "1' AND SLEEP(5) --",
    "%' ESCAPE '\\",
    "_%_%\\",
    "{\"$ne\": null}",
    // Paths.
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "....//....//etc/passwd",
    "/proc/self/environ",
    "\\\\host\\share",
    "file:///etc/passwd",
    // Headers and lines.
    "a\r\nX-Injected: yes",
    "a\nSet-Cookie: holdfast=x",
    "%0d%0aX-Injected:%20yes",
    // Shells and hosts.
    "; cat /etc/passwd",
    "$(id)",
    "`id`",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]:1/",
    // Text that is hard to handle.
    "\u{0}",
    "\u{202e}gnp.exe",
    "\u{feff}\u{200b}\u{301}",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
];

/// Each seed as it is, and dressed up as attackers do to get past checks.
pub fn hostile_texts() -> Vec<String> {
    let dressed =
        |seed: &str| [seed.to_owned(), format!("\u{0}{seed}"), format!("abc{seed}"), format!("{seed}\r\n\r\n{seed}")];
    let numbers = ["0", "-1", "9223372036854775807", "9223372036854775808", "1e309", "NaN", "0x1f", "1.5", "٣", ""];
    let long = ["a".repeat(4_000), "💾".repeat(400), "(".repeat(1_500), "*/".repeat(1_000), "**/".repeat(1_000)];
    let dates = ["2026-13-45", "99999-01-01", "0000-00-00", "-262144-01-01", "* * * * * * *", "@yearly", "*/0 * * * *"];
    SEEDS
        .iter()
        .flat_map(|seed| dressed(seed))
        .chain(numbers.into_iter().chain(dates).map(str::to_owned))
        .chain(long)
        .collect()
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// Bodies that are no form and no JSON of ours, with their content types.
pub fn broken_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let mut bodies = broken_json();
    bodies.extend(broken_forms());
    bodies.extend(wrong_kinds());
    bodies
}

fn broken_json() -> Vec<(&'static str, Vec<u8>)> {
    let nested = |open: &str, close: &str, depth: usize| format!("{}{}", open.repeat(depth), close.repeat(depth));
    let values = ["null", "true", "7", "-7", "1e999", "\"x\"", "[]", "{}", "[null]", "{\"search\":{}}", "\"\\ud800\""];
    let names = ["query", "project", "credential", "token", "expression", "time_zone", "terms", "form"];
    let mut texts = vec![
        String::new(),
        "{".to_owned(),
        "}".to_owned(),
        "nul".to_owned(),
        "{\"query\":}".to_owned(),
        "'x'".to_owned(),
        "{\"query\":{},\"query\":{}}".to_owned(),
        "[1,2".to_owned(),
        "\u{feff}{}".to_owned(),
        "{}{}".to_owned(),
        "{\"__proto__\":{\"x\":1}}".to_owned(),
        "\"\\u0000\"".to_owned(),
        "{\"project\":99999999999999999999}".to_owned(),
        nested("[", "]", 200),
        nested("[", "]", 50_000),
        nested("{\"a\":", "}", 20_000),
        "9".repeat(100_000),
        format!("{{\"query\":{{\"search\":\"{}\"}}}}", "a".repeat(200_000)),
    ];
    texts.extend(names.iter().flat_map(|name| values.iter().map(move |value| format!("{{\"{name}\":{value}}}"))));
    let mut bodies: Vec<_> = texts.into_iter().map(|text| (JSON, text.into_bytes())).collect();
    bodies.push((JSON, b"\xff\xfe\x00{}".to_vec()));
    bodies.push((JSON, b"{\"query\":\"\xc3\x28\"}".to_vec()));
    bodies
}

fn broken_forms() -> Vec<(&'static str, Vec<u8>)> {
    let mut texts: Vec<String> = [
        "",
        "&",
        "=",
        "&&==&&",
        "%",
        "%zz=%zz",
        "%00=%00",
        "form",
        "form=",
        "form=x",
        "form[",
        "form]",
        "form[]",
        "form[]=1",
        "form[[]]=1",
        "form[a][b][c]=1",
        "form[name]=1&form=2",
        "form=2&form[name]=1",
        "form[name][x]=1",
        "form[0]=a&form[1]=b",
        "form[name]=a&form[name]=b",
        "form[name]=%ff%fe",
        "form[name]=%c3%28",
        "form%5Bname%5D=%0d%0a",
        "a=1;b=2",
        "?x=1",
        "form[project]=1&form[project]=2",
        "form[__proto__]=1",
        "query[page]=1",
        "form[backup]=x",
        "form[backup][credential][x]=1",
    ]
    .map(str::to_owned)
    .to_vec();
    let fields = FIELDS.iter().map(|field| super::form::input(field));
    texts.extend(fields.flat_map(|name| [format!("{name}=1&{name}=2"), format!("{name}[x]=1"), format!("{name}[]=1")]));
    texts.extend([
        format!("form{}=1", "[a]".repeat(5_000)),
        format!("form[{}]=1", "a".repeat(100_000)),
        "a=1&".repeat(50_000),
        "form[name]=1&".repeat(10_000),
    ]);
    texts.into_iter().map(|text| (FORM, text.into_bytes())).collect()
}

fn wrong_kinds() -> Vec<(&'static str, Vec<u8>)> {
    let kinds = [
        "text/plain",
        "text/html",
        "text/xml",
        "application/xml",
        "application/octet-stream",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/x-www-form-urlencoded; charset=utf-7",
        "application/cbor",
        "x",
        "/",
        ";",
        "application/json, text/plain",
    ];
    let xml = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>";
    let part =
        "--x\r\nContent-Disposition: form-data; name=\"form[name]\"; filename=\"../../x\"\r\n\r\n<script>\r\n--x";
    let bodies = ["", "form[name]=x", "{}", xml, part, "--x--"];
    kinds.iter().flat_map(|kind| bodies.iter().map(move |body| (*kind, body.as_bytes().to_vec()))).collect()
}
