//! A program that runs beside us.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The last lines of the error output that are kept: they tell why it ended.
const KEPT: usize = 400;
/// Errors that are kept: the first ones. Each may be followed by a statement of any length.
const MOST_ERRORS: usize = 200;
/// Longest line that is kept, in bytes.
const LONGEST: usize = 1000;
/// Bytes of memory of its own that a program may take. libpq holds one row at a time, however long the server makes it;
/// PostgreSQL's longest has 1 GiB.
const MOST_MEMORY: u64 = 3 << 30;
/// How much sooner than us the kernel ends it where memory is short, from -1000 to 1000
/// (<https://man7.org/linux/man-pages/man5/proc_pid_oom_score_adj.5.html>).
const OUT_OF_MEMORY_SCORE: &str = "700";

/// What `pg_restore` says of the schema that every new database has, where a dump has it too, as one of `public.*` does.
/// The words between depend on the server's language; the name does not.
const THERE_ALREADY: (&str, &str) = ("could not execute query: ", "public");
const MAKES_PUBLIC: &str = "Command was: CREATE SCHEMA public;";

/// When a program is to be ended.
pub(crate) struct Stop {
    pub(crate) token: CancellationToken,
    pub(crate) runtime: Handle,
}

/// What a program wrote to its error output.
#[derive(Default)]
pub(super) struct Said {
    /// The first of its lines `pg_…: error: `, without these words.
    pub(super) errors: Vec<String>,
    /// How many more there were that are none: the schema `public` was there already.
    pub(super) harmless: u64,
    /// The last of all lines.
    pub(super) last: VecDeque<String>,
}

/// A running program. It is killed when it is dropped, when the run is stopped, or when it makes us wait for too long.
pub(super) struct Program {
    child: Arc<Mutex<Child>>,
    errors: Option<JoinHandle<Said>>,
    waiting: Waiting,
    late: Arc<AtomicBool>,
    _watch: DropGuard,
}

impl Program {
    /// Starts it. It is killed once a single read, write or wait of ours has lasted for `patience`.
    pub(super) fn start(command: &mut Command, stop: &Stop, patience: Duration) -> io::Result<Self> {
        let mut child = command.spawn()?;
        restrain(&child);
        let errors = child.stderr.take().map(|stderr| thread::spawn(move || listen(stderr)));
        let child = Arc::new(Mutex::new(child));
        let (ended, waiting, late) = (CancellationToken::new(), Waiting::default(), Arc::<AtomicBool>::default());
        let (watched, over, token) = (child.clone(), ended.clone(), stop.token.clone());
        let (watched_wait, told) = (waiting.clone(), late.clone());
        stop.runtime.spawn(async move {
            tokio::select! {
                () = token.cancelled() => kill(&watched),
                () = watched_wait.lasts(patience) => {
                    told.store(true, Ordering::Relaxed);
                    kill(&watched);
                }
                () = over.cancelled() => {}
            }
        });
        Ok(Self { child, errors, waiting, late, _watch: ended.drop_guard() })
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

    /// For what waits for the program: its reads and writes.
    pub(super) fn waiting(&self) -> Waiting {
        self.waiting.clone()
    }

    /// Whether it was killed because it made us wait for too long.
    pub(super) fn was_late(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }

    /// How it ended, and what it wrote to its error output. Blocks.
    pub(super) fn wait(&mut self) -> io::Result<(ExitStatus, Said)> {
        let (errors, child) = (self.errors.take(), &self.child);
        self.waiting.during(|| {
            // Its error output ends when it does. Until then the lock stays free: a stop must be able to kill it.
            let said = errors.and_then(|errors| errors.join().ok()).unwrap_or_default();
            let status = lock(child).wait()?;
            Ok((status, said))
        })
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

/// Since when the program makes us wait, if it does.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<Mutex<Option<Instant>>>);

impl Waiting {
    /// Notes that `work` waits for the program.
    pub(super) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.set(Some(Instant::now()));
        let done = work();
        self.set(None);
        done
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// Ends once one wait has lasted for `patience`.
    async fn lasts(&self, patience: Duration) {
        loop {
            let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let left = since.map_or(patience, |since| patience.saturating_sub(since.elapsed()));
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }
}

/// Bounds the program's memory, and lets the kernel end it rather than us. Where the system allows neither, the run goes
/// on: both only help when a server means harm.
fn restrain(child: &Child) {
    let most = Rlimit { current: Some(MOST_MEMORY), maximum: Some(MOST_MEMORY) };
    let limited = prlimit(Some(Pid::from_child(child)), Resource::Data, most);
    let scored = std::fs::write(format!("/proc/{}/oom_score_adj", child.id()), OUT_OF_MEMORY_SCORE);
    if let Err(error) = limited.map_err(io::Error::from).and(scored) {
        tracing::debug!(%error, "the memory of a program of PostgreSQL's is not bounded");
    }
}

fn kill(child: &Mutex<Child>) {
    // One that has ended already cannot be killed, and need not be.
    let _ = lock(child).kill();
}

fn lock(child: &Mutex<Child>) -> std::sync::MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen(stderr: impl Read) -> Said {
    let (mut said, mut input) = (Said::default(), BufReader::new(stderr));
    while let Some(line) = next_line(&mut input) {
        if said.errors.len() < MOST_ERRORS {
            said.errors.extend(error(&line).map(str::to_owned));
        }
        if line == MAKES_PUBLIC
            && let Some(told) = said.last.back().and_then(|line| error(line)).filter(|error| is_there_already(error))
        {
            said.errors.pop_if(|error| error == told);
            said.harmless += 1;
        }
        if said.last.len() == KEPT {
            said.last.pop_front();
        }
        said.last.push_back(line);
    }
    said
}

/// What follows `pg_restore: error: ` and the like.
fn error(line: &str) -> Option<&str> {
    let (program, error) = line.split_once(": error: ")?;
    matches!(program, "pg_dump" | "pg_restore").then_some(error)
}

fn is_there_already(error: &str) -> bool {
    let (begin, name) = THERE_ALREADY;
    error.strip_prefix(begin).is_some_and(|rest| rest.contains(name))
}

/// The next line, cut after [`LONGEST`] bytes, with a word on what was cut. None at the end.
fn next_line(input: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    let read = input.take(LONGEST as u64).read_until(b'\n', &mut line).ok()?;
    if read == 0 {
        return None;
    }
    let text = String::from_utf8_lossy(&line).trim_end().to_owned();
    let cut = if line.ends_with(b"\n") { 0 } else { skip_line(input) };
    Some(if cut == 0 { text } else { tr!("{}… ({n} more bytes)" | "{}… ({n} more bytes)" % cut, text) })
}

/// Passes over the rest of a line, and says how long it was.
fn skip_line(input: &mut impl BufRead) -> u64 {
    let mut passed = 0;
    loop {
        let Ok(buffer) = input.fill_buf() else { return passed };
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(buffer.len(), |end| end + 1);
        passed += end.unwrap_or(length) as u64;
        input.consume(length);
        if end.is_some() || length == 0 {
            return passed;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufReader, Read, Write},
        process::{Command, Stdio},
        time::{Duration, Instant},
    };

    use super::{CancellationToken, Handle, KEPT, LONGEST, MOST_ERRORS, Program, Stop, listen, next_line};

    #[test]
    fn a_long_line_is_cut_and_its_length_told() {
        let text = [vec![b'a'; LONGEST + 5], b"\nshort\r\n\n".to_vec(), vec![b'b'; LONGEST]].concat();
        let mut input = BufReader::with_capacity(64, text.as_slice());
        let lines: Vec<String> = std::iter::from_fn(|| next_line(&mut input)).collect();
        let cut = format!("{}… (5 more bytes)", "a".repeat(LONGEST));
        assert_eq!(lines, [cut, "short".into(), String::new(), "b".repeat(LONGEST)]);
    }

    #[test]
    fn errors_are_kept_however_long_the_statements_between_them() {
        let statement = "Command was: CREATE VIEW v AS\n".to_owned() + &"  SELECT 1,\n".repeat(500);
        let one = format!("pg_restore: error: could not execute query: ERROR:  oh\n{statement}");
        let said = listen((one.repeat(300) + "pg_restore: warning: errors ignored on restore: 300\n").as_bytes());
        assert_eq!(said.errors, vec!["could not execute query: ERROR:  oh"; MOST_ERRORS]);
        assert_eq!(said.last.len(), KEPT);
        assert_eq!(said.last.back().unwrap(), "pg_restore: warning: errors ignored on restore: 300");
    }

    #[test]
    fn that_the_schema_public_is_there_is_no_error() {
        let error = |error: &str, command: &str| {
            format!("pg_restore: error: could not execute query: {error}\nCommand was: {command}\n\n\n")
        };
        let english = error("ERROR:  schema \"public\" already exists", "CREATE SCHEMA public;");
        let german = error("FEHLER:  Schema »public« existiert bereits", "CREATE SCHEMA public;");
        let other = error("ERROR:  schema \"shop\" already exists", "CREATE SCHEMA shop;");
        let denied = error("ERROR:  permission denied for database shop", "CREATE SCHEMA public;");
        let said = listen((english + &german + &other + &denied).as_bytes());
        let left = ["ERROR:  schema \"shop\" already exists", "ERROR:  permission denied for database shop"];
        assert_eq!(said.errors, left.map(|error| format!("could not execute query: {error}")));
        assert_eq!(said.harmless, 2);
    }

    fn shell(script: &str, patience: Duration) -> Program {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let stop = Stop { token: CancellationToken::new(), runtime: Handle::current() };
        Program::start(&mut command, &stop, patience).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_program_that_hangs_is_killed() {
        let mut program = shell("echo first; exec sleep 600", Duration::from_millis(300));
        let began = Instant::now();
        let (waiting, mut stdout) = (program.waiting(), program.stdout().unwrap());
        let read = tokio::task::spawn_blocking(move || {
            let mut output = String::new();
            waiting.during(|| stdout.read_to_string(&mut output)).unwrap();
            assert_eq!(output, "first\n");
            (program.wait().unwrap(), program.was_late())
        });
        let ((status, _), late) = read.await.unwrap();
        assert!(!status.success() && late && began.elapsed() < Duration::from_mins(1), "{status}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_program_cannot_take_all_memory() {
        let mut program = shell("read go; ulimit -d; cat /proc/self/oom_score_adj", Duration::from_mins(1));
        program.stdin().unwrap().write_all(b"go\n").unwrap();
        let mut stdout = program.stdout().unwrap();
        let output = tokio::task::spawn_blocking(move || {
            let mut output = String::new();
            stdout.read_to_string(&mut output).unwrap();
            program.wait().unwrap();
            output
        });
        assert_eq!(output.await.unwrap(), format!("{}\n{}\n", super::MOST_MEMORY >> 10, super::OUT_OF_MEMORY_SCORE));
    }
}
