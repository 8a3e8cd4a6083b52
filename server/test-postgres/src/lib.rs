//! A private PostgreSQL cluster in a temporary folder, for the tests: it is gone as soon as their process is.
//!
//! Over its socket everybody is let in, as over a socket of one's own. Over TCP, on loopback, passwords are asked for.

#![allow(clippy::missing_panics_doc, reason = "a test that cannot go on panics")]

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// The cluster's superuser, and the password that it is asked for over TCP.
pub const USER: &str = "tests";
pub const PASSWORD: &str = "pass/word of the t#sts";

/// Makes the cluster, says when it is up, and removes it as soon as standard input ends: that happens when the tests'
/// process ends, however it ends.
const LIFE: &str = r#"
set -eu
bin=$1; port=$2; place=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-pg-XXXXXX")
trap 'rm -rf "$place"' EXIT
printf '%s' "$3" >"$place/password"
"$bin/initdb" --auth-local=trust --auth-host=scram-sha-256 --username=tests --pwfile="$place/password" --encoding=UTF8 --no-locale --no-sync "$place/data" >"$place/log" 2>&1 || { cat "$place/log" >&2; exit 1; }
"$bin/pg_ctl" --silent --wait --log="$place/log" -D "$place/data" start -o "-k $place -p $port -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off -c max_connections=400" >/dev/null || { cat "$place/log" >&2; exit 1; }
echo "$place"
read -r _ || true
"$bin/pg_ctl" --silent --wait -D "$place/data" stop -m immediate
"#;

/// A running cluster.
pub struct Cluster {
    socket: PathBuf,
    port: u16,
    bin: PathBuf,
    /// Its standard input is closed when the process ends.
    _life: Child,
}

/// The cluster of this process, started when it is first asked for.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

/// The address of a new, empty database, over the socket.
pub fn new_database() -> String {
    cluster().new_database().socket_url()
}

/// All rows of a database as texts; binary values in hexadecimal digits.
pub fn dump(url: &str) -> Vec<u8> {
    let dump = Command::new(programs().join("pg_dump")).args(["--data-only", url]).output().unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    dump.stdout
}

/// Statements that make a database's tables and rows anew, in any database and under any owner.
pub fn script(url: &str) -> String {
    let mut dump = Command::new(programs().join("pg_dump"));
    let dump = dump.args(["--no-owner", "--no-privileges", "--inserts", url]).output().unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    let script = String::from_utf8(dump.stdout).unwrap();
    // Newer patch releases frame it with commands that older ones of psql do not know.
    let lines = script.lines().filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
    lines.fold(String::new(), |script, line| script + line + "\n")
}

/// Runs such statements in a database.
pub fn run_script(url: &str, script: &str) {
    let mut psql = Command::new(programs().join("psql"));
    psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-", "--dbname", url]);
    let mut psql = psql.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    psql.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = psql.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A database of the cluster.
#[derive(Clone, Debug)]
pub struct Database {
    cluster: &'static Cluster,
    pub name: String,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cluster({})", self.port)
    }
}

impl Cluster {
    fn start() -> Self {
        let bin = programs();
        // Free at this moment; nobody else takes one that the system has just given out.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut life = as_nobody_special(&bin, port).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(life.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let socket = PathBuf::from(line.trim());
        assert!(socket.is_absolute(), "PostgreSQL did not start; its message is above");
        Self { socket, port, bin, _life: life }
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn new_database(&'static self) -> Database {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.database("postgres").sql(&format!("CREATE DATABASE {name}"));
        self.database(&name)
    }

    /// The database of that name, whether it exists or not.
    pub fn database(&'static self, name: &str) -> Database {
        Database { cluster: self, name: name.to_owned() }
    }
}

impl Database {
    /// Over the socket, where no password is asked for.
    pub fn socket_url(&self) -> String {
        let Cluster { socket, port, .. } = self.cluster;
        format!("postgres://{USER}@localhost:{port}/{}?host={}", self.name, socket.display())
    }

    /// Over TCP, as the superuser.
    pub fn url(&self) -> String {
        self.url_of(USER, PASSWORD)
    }

    /// Over TCP, as somebody.
    pub fn url_of(&self, user: &str, password: &str) -> String {
        let password = password.replace('/', "%2F").replace('#', "%23").replace(' ', "%20");
        format!("postgresql://{user}:{password}@127.0.0.1:{}/{}", self.cluster.port, self.name)
    }

    /// Runs statements, each for itself, and returns what they print: a row a line, columns with `|` between.
    pub fn sql(&self, statements: &str) -> String {
        let output = self.psql(statements);
        assert!(output.status.success(), "{statements}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Somebody who is connected and does nothing, until killed.
    pub fn session(&self) -> Child {
        let mut psql = Command::new(self.cluster.bin.join("psql"));
        psql.arg(self.socket_url()).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
    }

    /// Whether there is a database of that name.
    pub fn exists(&self) -> bool {
        let found = format!("SELECT count(*) FROM pg_database WHERE datname = '{}'", self.name);
        self.cluster_database("postgres").sql(&found).trim() == "1"
    }

    fn cluster_database(&self, name: &str) -> Self {
        Self { cluster: self.cluster, name: name.to_owned() }
    }

    fn psql(&self, statements: &str) -> Output {
        let mut psql = Command::new(self.cluster.bin.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        psql.arg(format!("--command={statements}")).arg(self.socket_url()).output().unwrap()
    }
}

/// The server's programs refuse to run as root.
fn as_nobody_special(bin: &Path, port: u16) -> Command {
    let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let mut command = if root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    command.args(["-c", LIFE, "postgres"]).arg(bin).arg(port.to_string()).arg(PASSWORD).current_dir("/");
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
