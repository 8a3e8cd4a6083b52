//! The binary itself, as an operator runs it.

use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use embedded_s3::{EmbeddedS3, EmbeddedS3Config};
use server::config::{Config, Settings};
use tempfile::TempDir;

use super::{
    Browser,
    app::{ACCESS_KEY, ORGANIZATION, SECRET_KEY},
};

/// A folder of its own, from which the binary is run with settings from the environment.
pub struct Program {
    folder: TempDir,
    settings: Vec<(&'static str, String)>,
}

impl Program {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("files")).unwrap();
        let settings = vec![
            ("HOLDFAST_LISTEN", "127.0.0.1:0".to_owned()),
            ("HOLDFAST_DATA_DIR", folder.path().join("data").display().to_string()),
            ("HOLDFAST_SOURCE_ROOTS", format!("{ORGANIZATION}={}", folder.path().join("files").display())),
            ("HOLDFAST_S3_ALLOW_NETWORKS", "127.0.0.0/8".to_owned()),
            ("HOLDFAST_POSTGRES_ALLOW_NETWORKS", "127.0.0.0/8".to_owned()),
            ("HOLDFAST_NOTIFY_ALLOW_NETWORKS", "127.0.0.0/8".to_owned()),
        ];
        Self { folder, settings }
    }

    /// A setting, which takes the place of an earlier one.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.retain(|(earlier, _)| *earlier != name);
        self.settings.push((name, value.to_owned()));
        self
    }

    /// A node on a new, empty PostgreSQL database.
    pub fn on_postgres() -> Self {
        let program = Self::new();
        let key = program.folder().join("master.key");
        std::fs::write(&key, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n").unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        program
            .with("HOLDFAST_DATABASE_URL", &test_postgres::new_database())
            .with("HOLDFAST_MASTER_KEY_FILE", &key.display().to_string())
    }

    /// Another node on the same database, with the same directories and a folder of its own.
    pub fn another(&self, node: &str) -> Self {
        let other = Self::new();
        let own = ["HOLDFAST_LISTEN", "HOLDFAST_DATA_DIR"];
        let shared = self.settings.iter().filter(|(name, _)| !own.contains(name));
        let other = shared.fold(other, |other, (name, value)| other.with(name, value));
        other.with("HOLDFAST_NODE", node)
    }

    /// What the binary makes of its settings.
    pub fn config(&self) -> Config {
        let variables = self.settings.iter().map(|(name, value)| ((*name).into(), value.into()));
        Config::from_settings(&Settings::from_environment(variables).unwrap()).unwrap()
    }

    /// The value of a setting.
    pub fn setting(&self, name: &str) -> &str {
        self.settings.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// An S3 server over a folder of the program's.
    pub async fn s3(&self) -> EmbeddedS3 {
        let config = EmbeddedS3Config {
            folder: self.folder().join("s3"),
            access_key_id: ACCESS_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        EmbeddedS3::start(config).await.unwrap()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("HOLDFAST_")) {
            command.env_remove(name);
        }
        command.args(words).current_dir(self.folder()).envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end, with `input` on its standard input.
    pub fn run(&self, words: &[&str], input: &str) -> Output {
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Starts the server, and returns as soon as it says where it listens.
    pub fn serve(&self) -> Running {
        self.serve_logging_to(Stdio::null())
    }

    /// The same with its log somewhere.
    pub fn serve_logging_to(&self, log: Stdio) -> Running {
        let (child, address) = self.start(&["serve"], "Holdfast listens on http://", log);
        Running { child, address: address.parse().unwrap() }
    }

    /// Starts a node that serves no pages, and returns as soon as it says so.
    pub fn work(&self) -> Running {
        let (child, _) = self.start(&["serve", "--no-web"], "Holdfast works as ", Stdio::null());
        Running { child, address: SocketAddr::from(([0, 0, 0, 0], 0)) }
    }

    /// Starts the program; what it says after `sign` tells that it is up.
    fn start(&self, words: &[&str], sign: &str, log: Stdio) -> (Child, String) {
        let mut child = self.command(words).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.map_while(Result::ok).find_map(|line| line.strip_prefix(sign).map(str::to_owned));
        (child, said.expect("the server did not start"))
    }
}

/// A server that is killed where it is dropped.
pub struct Running {
    child: Child,
    pub address: SocketAddr,
}

impl Running {
    /// On this machine, whatever else the server listens on.
    pub fn browser(&self) -> Browser {
        Browser::new(SocketAddr::from(([127, 0, 0, 1], self.address.port())))
    }

    /// As `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As a supervisor does; returns the exit code.
    pub fn terminate(mut self) -> Option<i32> {
        self.signal("-TERM");
        self.child.wait().unwrap().code()
    }

    /// Stands still, as in a debugger or on a machine that is out of memory.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Goes on after a pause.
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
