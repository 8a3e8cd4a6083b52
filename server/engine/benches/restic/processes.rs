//! Processes, and what they take.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{Outcome, roles};

/// What a process took.
#[derive(Clone, Copy)]
pub struct Run {
    pub took: Duration,
    /// The largest resident size, in bytes.
    pub peak: u64,
}

/// Runs a command to its end. Its peak is looked at every few milliseconds, as the kernel keeps it.
#[allow(clippy::disallowed_methods, reason = "a thread of its own that only looks and sleeps")]
pub fn measure(command: &mut Command) -> Outcome<Run> {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let watcher = thread::spawn(move || {
        let mut last = 0;
        while let Some(peak) = peak(&status) {
            last = peak;
            thread::sleep(Duration::from_millis(5));
        }
        last
    });
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut said)?;
    }
    let ended = child.wait()?;
    let took = began.elapsed();
    if !ended.success() {
        return Err(format!("{command:?} failed: {said}").into());
    }
    Ok(Run { took, peak: watcher.join().unwrap_or_default() })
}

/// None when the process has ended.
fn peak(status: &Path) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

/// The S3 server.
pub struct Server {
    process: Child,
    folder: PathBuf,
    pub endpoint: String,
}

impl Server {
    pub fn start(folder: &Path) -> Outcome<Self> {
        let folder = folder.join("s3");
        let mut process =
            roles::start("serve")?.env(roles::FOLDER, &folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().ok_or("the server says nothing")?;
        let mut endpoint = String::new();
        BufReader::new(output).read_line(&mut endpoint)?;
        Ok(Self { process, folder, endpoint: endpoint.trim().to_owned() })
    }

    /// Where the objects of a bucket are.
    pub fn bucket(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Its input's end is its own.
    pub fn stop(mut self) -> Outcome {
        drop(self.process.stdin.take());
        self.process.wait()?;
        Ok(())
    }
}
