//! A database as a source for the archiver: the output of `pg_dump` as one file.

use std::{
    io::{self, Read},
    path::Path,
    process::{ChildStdout, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustic_core::{
    jiff::Timestamp,
    repofile::{Metadata, Node, NodeType},
};

use super::{
    PostgresDatabase, PostgresError, PostgresTools, Tool,
    child::{Program, Said, Stop},
    connection::{Connection, in_time},
    filter::Filter,
    matches::{Relation, Selection},
    program::command,
    properties::Properties,
};
use crate::{RepositoryError, Unreadable, source::mode_to_go};

/// Connecting for a run may take longer than for a person who waits.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A lock that is not had in 5 minutes is told, rather than waited for until somebody wonders.
const LOCK_PATIENCE: &str = "--lock-wait-timeout=300000";
/// `pg_dump` that writes nothing for so long hangs: the longest silence is while it locks the tables of a large schema.
const SILENCE: Duration = Duration::from_mins(30);
/// Only the owner may read a dump.
const MODE: u32 = 0o100_600;

/// The file's name in the backup.
pub(crate) fn file_name(database: &str) -> String {
    let plain: String = database.chars().map(|c| if c == '/' || c.is_control() { '_' } else { c }).collect();
    plain + SUFFIX
}

/// How the names of dumps end.
pub(crate) const SUFFIX: &str = ".dump";

/// The name of the file with the database's properties beside a dump. In the order of names it comes after the dump.
pub(crate) fn properties_name(dump: &str) -> String {
    format!("{}.json", dump.strip_suffix(SUFFIX).unwrap_or(dump))
}

/// A dump that has been started.
pub(crate) struct DumpReader {
    name: String,
    output: Mutex<Option<DumpOutput>>,
    end: Arc<Mutex<End>>,
    properties: Option<Properties>,
    selection: Selection,
}

/// How the dump has ended.
#[derive(Default)]
enum End {
    /// It has not, or nobody has read it to its end.
    #[default]
    Open,
    /// Well, after so many bytes.
    Whole(u64),
    Failed(PostgresError),
}

impl DumpReader {
    /// Connects, and starts `pg_dump`. Without compression, so that what has not changed is found again.
    pub(crate) async fn start(
        database: &PostgresDatabase,
        tools: &PostgresTools,
        (include, exclude): (&[String], &[String]),
        stop: &Stop,
    ) -> Result<Self, RepositoryError> {
        let filter = Filter::new(include, exclude)?;
        let (program, address, selection, properties) = in_time(database, TIMEOUT, async {
            let mut connection = Connection::open(database).await?;
            let found = tools.find(Tool::PgDump, connection.version).await?;
            let selection = connection.select(&filter).await?;
            let properties = connection.properties(&database.database).await?;
            let address = connection.address;
            connection.close().await;
            Ok((found, address, selection, properties))
        })
        .await?;
        let mut command = command(&program, database, address);
        command.args(["--format=custom", "--compress=0", LOCK_PATIENCE]).args(filter.options(&selection.relatives));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let failed = |error: io::Error| PostgresError::Failed { tool: Tool::PgDump, detail: error.to_string() };
        let program = Program::start(&mut command, stop, SILENCE).map_err(failed)?;
        let end = Arc::<Mutex<End>>::default();
        let stdout = program.stdout().ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        let output = DumpOutput { stdout, program, bytes: 0, user: database.user.clone(), end: end.clone() };
        let output = Mutex::new(Some(output));
        Ok(Self { name: file_name(&database.database), output, end, properties, selection })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The file it becomes in the backup, without its size, which nobody knows before it is read.
    pub(crate) fn node(&self) -> Node {
        Node::new_node(Path::new(&self.name).as_os_str(), NodeType::File, metadata())
    }

    /// The file beside it, and what is in it; none where the server does not tell.
    pub(crate) fn properties(&self) -> Option<(Node, Vec<u8>)> {
        let name = properties_name(&self.name);
        let node = Node::new_node(Path::new(&name).as_os_str(), NodeType::File, metadata());
        self.properties.as_ref().map(|properties| (node, properties.to_json()))
    }

    /// Partitions of tables that are dumped, which are missing from it.
    pub(crate) fn missing(&self) -> Vec<Unreadable> {
        let outside = self.selection.relatives.outside.iter();
        let missing = |one: &Relation| {
            let cause = tr!("belongs to a table that is included, and its schema is not: include that too");
            Unreadable { path: format!("{}.{}", one.schema, one.name), cause }
        };
        outside.map(missing).collect()
    }

    /// Patterns of Exclude that match nothing.
    pub(crate) fn unmatched_exclude(&self) -> Vec<String> {
        self.selection.unmatched_exclude.clone()
    }

    /// What `pg_dump` writes; once.
    pub(crate) fn output(&self) -> Option<DumpOutput> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The dump's size, where all of it was read and `pg_dump` ended well.
    pub(crate) fn size(&self) -> Result<u64, PostgresError> {
        match &*self.end.lock().unwrap_or_else(PoisonError::into_inner) {
            End::Whole(bytes) => Ok(*bytes),
            End::Failed(error) => Err(error.clone()),
            End::Open => {
                let detail = tr!("its output was not read to the end");
                Err(PostgresError::Failed { tool: Tool::PgDump, detail })
            }
        }
    }
}

fn metadata() -> Metadata {
    let now = Some(Timestamp::now());
    Metadata { mode: Some(mode_to_go(MODE)), mtime: now, atime: now, ctime: now, links: 1, ..Metadata::default() }
}

/// The output of a running `pg_dump`. Its end is the file's end only where the program ended well.
pub(crate) struct DumpOutput {
    stdout: ChildStdout,
    program: Program,
    bytes: u64,
    user: String,
    end: Arc<Mutex<End>>,
}

impl DumpOutput {
    fn ended(&mut self) -> Result<(), PostgresError> {
        let waited = self.program.wait();
        let (status, said) =
            waited.map_err(|error| PostgresError::Failed { tool: Tool::PgDump, detail: error.to_string() })?;
        if self.program.was_late() {
            let detail = tr!(
                "it wrote nothing for {} minutes and was ended. Look at the database server's log.",
                SILENCE.as_secs() / 60
            );
            return Err(PostgresError::Failed { tool: Tool::PgDump, detail });
        }
        if status.success() { Ok(()) } else { Err(explained(&said, &self.user)) }
    }
}

impl Read for DumpOutput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.program.waiting().during(|| self.stdout.read(buffer))?;
        if count > 0 || buffer.is_empty() {
            self.bytes += count as u64;
            return Ok(count);
        }
        let ended = self.ended();
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        match ended {
            Ok(()) => {
                *end = End::Whole(self.bytes);
                Ok(0)
            }
            Err(error) => {
                *end = End::Failed(error);
                Err(io::Error::other("the dump failed"))
            }
        }
    }
}

/// What a server says that cannot hold so many locks.
pub(super) const NO_MORE_LOCKS: &str = "out of shared memory";

/// Why `pg_dump` failed, in words, with what to do where that is known.
fn explained(Said { errors, last, .. }: &Said, user: &str) -> PostgresError {
    let said = |text: &str| errors.iter().chain(last).find(|line| line.contains(text));
    let silent = || tr!("it ended without saying why");
    let error = errors.first().map_or_else(silent, |error| error.trim_end_matches('.').to_owned());
    let tool = Tool::PgDump;
    if let Some(line) = said("permission denied for ") {
        let object = line.rsplit("permission denied for ").next().unwrap_or_default();
        return PostgresError::MissingRights {
            user: user.into(),
            objects: tr!("object of a database" => "the {}", object),
        };
    }
    if let Some(line) = said("row-level security policy for table ") {
        let table = line.rsplit("for table ").next().unwrap_or_default();
        return PostgresError::RowSecurity { user: user.into(), objects: table.into() };
    }
    let advice = if said("statement timeout").is_some() {
        tr!("A table was locked for 5 minutes. Try again when nothing changes the schema.")
    } else if said("no matching").is_some() {
        tr!("Nothing in the database fits the policy's Include. Check its patterns.")
    } else if said(NO_MORE_LOCKS).is_some() {
        tr!(
            "The server cannot lock all tables at once. Raise max_locks_per_transaction in its postgresql.conf and restart it."
        )
    } else if said("terminating connection").is_some() || said("server closed the connection").is_some() {
        tr!("The connection broke. Try again, and look at the database server's log.")
    } else {
        tr!("Look at the database server's log.")
    };
    PostgresError::Failed { tool, detail: format!("{error}. {advice}") }
}

#[cfg(test)]
mod tests {
    use super::{PostgresError, Said, explained, file_name, properties_name};

    fn said(errors: &[&str]) -> Said {
        Said { errors: errors.iter().map(ToString::to_string).collect(), ..Said::default() }
    }

    #[test]
    fn a_databases_name_makes_a_file_name() {
        assert_eq!(file_name("web shop"), "web shop.dump");
        assert_eq!(file_name("../etc"), ".._etc.dump");
        assert_eq!(properties_name(&file_name("web.dump shop")), "web.dump shop.json");
    }

    #[test]
    fn missing_rights_are_told_from_what_pg_dump_says() {
        let error = explained(&said(&["query failed: ERROR:  permission denied for table orders"]), "reader");
        assert!(
            matches!(&error, PostgresError::MissingRights { objects, .. } if objects == "the table orders"),
            "{error}"
        );
    }

    #[test]
    fn any_other_failure_says_what_pg_dump_said() {
        let error = explained(&said(&["no matching tables were found"]), "reader").to_string();
        assert!(error.contains("no matching tables were found") && error.contains("Include"), "{error}");
        let error = explained(&said(&["query failed: ERROR:  out of shared memory"]), "reader").to_string();
        assert!(error.contains("max_locks_per_transaction"), "{error}");
        assert!(explained(&said(&[]), "reader").to_string().contains("without saying why"));
    }
}
