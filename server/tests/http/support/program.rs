//! The binary itself, as an operator runs it.

use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;

use super::Browser;

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
            ("HOLDFAST_SOURCE_ROOTS", folder.path().join("files").display().to_string()),
            ("HOLDFAST_S3_ALLOW_NETWORKS", "127.0.0.0/8".to_owned()),
        ];
        Self { folder, settings }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn files(&self) -> PathBuf {
        self.folder.path().join("files")
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
        let mut child = self.command(&["serve"]).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("Holdfast listens on http://").map(|address| address.parse().unwrap()));
        Running { child, address: address.expect("the server did not start") }
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
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
