//! A private PostgreSQL cluster in a temporary folder, started once for all tests of the process.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// Makes the cluster, says when it is up, and removes it as soon as standard input ends: that happens when the tests'
/// process ends, however it ends.
const LIFE: &str = r#"
set -eu
bin=$1; place=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-pg-XXXXXX")
trap 'rm -rf "$place"' EXIT
"$bin/initdb" --auth=trust --username=tests --encoding=UTF8 --no-locale --no-sync "$place/data" >"$place/log" 2>&1 || { cat "$place/log" >&2; exit 1; }
"$bin/pg_ctl" --silent --wait --log="$place/log" -D "$place/data" start -o "-k $place -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=400" >/dev/null
echo "$place"
read -r _ || true
"$bin/pg_ctl" --silent --wait -D "$place/data" stop -m immediate
"#;

struct Cluster {
    socket: PathBuf,
    bin: PathBuf,
    /// Its standard input is closed when the process ends.
    _life: Child,
}

/// The address of a new, empty database.
pub fn new_database() -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let cluster = CLUSTER.get_or_init(start);
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let made = Command::new(cluster.bin.join("createdb"))
        .args(["--username=tests", "--host"])
        .arg(&cluster.socket)
        .arg(&name)
        .status()
        .unwrap();
    assert!(made.success(), "createdb {name} failed");
    format!("postgres://tests@localhost/{name}?host={}", cluster.socket.display())
}

/// All rows of a database as texts; binary values in hexadecimal digits.
pub fn dump(url: &str) -> Vec<u8> {
    let dump = Command::new(programs().join("pg_dump")).args(["--data-only", url]).output().unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    dump.stdout
}

fn start() -> Cluster {
    let bin = programs();
    let mut child = as_nobody_special(&bin).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let socket = PathBuf::from(line.trim());
    assert!(socket.is_absolute(), "PostgreSQL did not start; its message is above");
    Cluster { socket, bin, _life: child }
}

/// The server's programs refuse to run as root.
fn as_nobody_special(bin: &Path) -> Command {
    let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let mut command = if root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    command.args(["-c", LIFE, "postgres"]).arg(bin).current_dir("/");
    command
}

/// The folder of `initdb`: on PATH, or where Debian keeps the versions.
fn programs() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).filter_map(|folder| folder.join("initdb").canonicalize().ok());
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = debian.map(|version| version.path().join("bin/initdb"));
    let mut found: Vec<_> = on_path.chain(debian).filter(|program| program.exists()).collect();
    found.sort();
    let initdb = found.pop().expect("PostgreSQL's server programs are not installed (Debian: apt install postgresql)");
    initdb.parent().expect("a program lies in a folder").to_owned()
}
