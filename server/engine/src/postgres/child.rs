//! A program that runs beside us.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Lines of the error output that are kept: the last ones, which tell why it ended.
const KEPT: usize = 400;
/// Longest line that is kept, in bytes.
const LONGEST: usize = 1000;

/// When a program is to be ended.
pub(crate) struct Stop {
    pub(crate) token: CancellationToken,
    pub(crate) runtime: Handle,
}

/// A running program. It is killed when it is dropped, or when the run is stopped.
pub(super) struct Program {
    child: Arc<Mutex<Child>>,
    errors: Option<JoinHandle<Vec<String>>>,
    _watch: DropGuard,
}

impl Program {
    pub(super) fn start(command: &mut Command, stop: &Stop) -> io::Result<Self> {
        let mut child = command.spawn()?;
        let errors = child.stderr.take().map(|stderr| thread::spawn(move || last_lines(stderr)));
        let child = Arc::new(Mutex::new(child));
        let ended = CancellationToken::new();
        let (watched, over, token) = (child.clone(), ended.clone(), stop.token.clone());
        stop.runtime.spawn(async move {
            tokio::select! {
                () = token.cancelled() => kill(&watched),
                () = over.cancelled() => {}
            }
        });
        Ok(Self { child, errors, _watch: ended.drop_guard() })
    }

    pub(super) fn stdout(&self) -> Option<ChildStdout> {
        lock(&self.child).stdout.take()
    }

    pub(super) fn stdin(&self) -> Option<ChildStdin> {
        lock(&self.child).stdin.take()
    }

    pub(super) fn kill(&self) {
        kill(&self.child);
    }

    /// How it ended, and what it wrote to its error output. Blocks.
    pub(super) fn wait(&mut self) -> io::Result<(ExitStatus, Vec<String>)> {
        // Its error output ends when it does. Until then the lock stays free: a stop must be able to kill it.
        let lines = self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default();
        let status = lock(&self.child).wait()?;
        Ok((status, lines))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let mut child = lock(&self.child);
        if matches!(child.try_wait(), Ok(None)) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn kill(child: &Mutex<Child>) {
    // One that has ended already cannot be killed, and need not be.
    let _ = lock(child).kill();
}

fn lock(child: &Mutex<Child>) -> std::sync::MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

fn last_lines(stderr: ChildStderr) -> Vec<String> {
    let mut lines = VecDeque::with_capacity(KEPT);
    for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(String::from_utf8_lossy(&line[..line.len().min(LONGEST)]).trim_end().to_owned());
    }
    lines.into()
}
