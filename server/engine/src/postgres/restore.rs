//! Restoring a dump with `pg_restore`.

use std::{
    io::{self, Write},
    process::Stdio,
    time::Duration,
};

use super::{
    PostgresDatabase, PostgresError, PostgresTools, Result, Tool,
    child::{Program, Said, Stop},
    connection::{Connection, TIMEOUT, in_even_time, in_time, refused},
    dump::NO_MORE_LOCKS,
    program::command,
    properties::Properties,
    quoted,
};
use crate::translation::msgid;

/// Databases that one can connect to in order to make another one: the first two are there on almost every server.
const MAINTENANCE: [&str; 2] = ["postgres", "template1"];
/// Making a database copies a template; dropping one waits for the disk.
const SLOW: Duration = Duration::from_mins(2);
/// `pg_restore` that takes nothing for so long hangs: the longest pause is while an index of a large table is made.
const SILENCE: Duration = Duration::from_hours(12);

/// Backups of earlier versions hold the dump alone.
const UNKNOWN: &str = msgid(
    "The backup does not tell how the database sorted text, nor its settings, comment, owner and rights, and the original database is gone: the new one has what the server gives to any",
);

/// Where a dump is restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseTarget {
    /// Into a database that must not be there yet.
    New {
        /// Its name.
        name: String,
        /// Its name while it is incomplete. One that an earlier try has left is replaced.
        draft: String,
    },
    /// Over the database that the dump is of, which must have no other sessions.
    Original,
}

impl PostgresDatabase {
    /// Whether a database `name` can be made beside this one. Takes 10 seconds at most.
    pub async fn check_new(&self, tools: &PostgresTools, name: &str) -> Result<()> {
        let work = async {
            let mut connection = self.maintenance().await?;
            tools.find(Tool::PgRestore, connection.version).await?;
            connection.check_free(name).await?;
            let creates: bool = sqlx::query_scalar(
                "SELECT rolsuper OR rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = current_user",
            )
            .fetch_one(&mut connection.session)
            .await
            .map_err(refused)?;
            connection.close().await;
            if creates { Ok(()) } else { Err(PostgresError::MayNotCreate { user: self.user.clone() }) }
        };
        in_even_time(self, Box::pin(work)).await
    }

    /// A connection to the server that does not need this database to be there.
    async fn maintenance(&self) -> Result<Connection> {
        for name in MAINTENANCE {
            match Connection::open(&self.named(name)).await {
                Err(
                    PostgresError::NoDatabase { .. }
                    | PostgresError::NotAdmitted { .. }
                    | PostgresError::Refused { .. },
                ) => {}
                opened => return opened,
            }
        }
        Connection::open(self).await
    }
}

impl Connection {
    async fn check_free(&mut self, name: &str) -> Result<()> {
        let taken: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1)")
            .bind(name)
            .fetch_one(&mut self.session)
            .await
            .map_err(refused)?;
        if taken { Err(PostgresError::DatabaseExists { database: name.into() }) } else { Ok(()) }
    }

    /// Refuses while other people have sessions in the connection's own database.
    async fn check_unused(&mut self, database: &str) -> Result<()> {
        let others: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_catalog.pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL",
        )
        .fetch_one(&mut self.session)
        .await
        .map_err(refused)?;
        if others == 0 {
            return Ok(());
        }
        let detail = tr!(
            "{n} other session(s) use the database \"{}\". Stop what uses it, or restore into a new database"
                | "{n} other session(s) use the database \"{}\". Stop what uses it, or restore into a new database"
                    % others.unsigned_abs(),
            database
        );
        Err(PostgresError::Busy { detail })
    }

    /// Makes an empty database `draft`, in place of one that an earlier try has left.
    async fn prepare(&mut self, draft: &str, properties: Option<Properties>, original: &str) -> Result<Prepared> {
        self.run(format!("DROP DATABASE IF EXISTS {}", quoted(draft))).await?;
        let properties = match properties {
            Some(properties) => Some(properties),
            None => self.properties(original).await?,
        };
        let mut warnings = self.create(draft, properties.as_ref()).await?;
        if properties.is_none() {
            warnings.push(tr!(UNKNOWN));
        }
        Ok(Prepared { properties, warnings })
    }

    async fn is_superuser(&mut self) -> Result<bool> {
        sqlx::query_scalar("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user")
            .fetch_one(&mut self.session)
            .await
            .map_err(refused)
    }
}

/// A restore that is prepared: the database is there, and what is written to it goes into `pg_restore`.
pub(crate) struct Restoring {
    database: PostgresDatabase,
    target: DatabaseTarget,
    program: Program,
    prepared: Prepared,
}

/// What a new database is like; nothing for the original one, which stays as it is.
#[derive(Default)]
struct Prepared {
    properties: Option<Properties>,
    warnings: Vec<String>,
}

/// What became of a dump.
#[derive(Debug, Default)]
pub(crate) struct Restored {
    /// What could not be restored as it was. Of many errors of `pg_restore`, the first ones.
    pub(crate) warnings: Vec<String>,
    /// The errors that `pg_restore` has passed over, as it counts them.
    pub(crate) ignored_errors: u64,
}

impl Restored {
    /// Versions before 12 begin the lines of errors otherwise, but count them all the same.
    fn with_errors(mut warnings: Vec<String>, ignored_errors: u64) -> Self {
        if warnings.is_empty() && ignored_errors > 0 {
            let told =
                tr!("pg_restore has passed over {n} error(s)"
                    | "pg_restore has passed over {n} error(s)" % ignored_errors);
            warnings.push(told);
        }
        Self { warnings, ignored_errors }
    }
}

/// Makes the new database, or looks whether the original one can be replaced, and starts `pg_restore`. A new database is
/// like the one that the backup is of: with the `properties` in the backup, or else with those that the original database
/// has today.
pub(crate) async fn restore_from(
    database: &PostgresDatabase,
    (target, properties): (DatabaseTarget, Option<Properties>),
    tools: &PostgresTools,
    stop: &Stop,
) -> Result<Restoring> {
    in_time(database, SLOW, async {
        let mut connection = match &target {
            DatabaseTarget::New { .. } => database.maintenance().await?,
            DatabaseTarget::Original => Connection::open(database).await?,
        };
        let program = tools.find(Tool::PgRestore, connection.version).await?;
        let (into, prepared) = match &target {
            DatabaseTarget::New { name, draft } => {
                connection.check_free(name).await?;
                (database.named(draft), connection.prepare(draft, properties, &database.database).await?)
            }
            DatabaseTarget::Original => {
                connection.check_unused(&database.database).await?;
                (database.clone(), Prepared::default())
            }
        };
        let mut command = command(&program, &into, connection.address);
        if !connection.is_superuser().await? {
            // Nobody else may give objects away.
            command.arg("--no-owner");
        }
        connection.close().await;
        if target == DatabaseTarget::Original {
            command.args(["--clean", "--if-exists", "--single-transaction"]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let program = Program::start(&mut command, stop, SILENCE).map_err(|error| failed(&error))?;
        Ok(Restoring { database: database.clone(), target, program, prepared })
    })
    .await
}

fn failed(error: &io::Error) -> PostgresError {
    PostgresError::Failed { tool: Tool::PgRestore, detail: error.to_string() }
}

impl Restoring {
    /// Hands a part of the dump over. False when `pg_restore` takes no more; [`Restoring::finish`] tells why. Blocks.
    pub(crate) fn feeder(&self) -> impl FnMut(&[u8]) -> bool + use<> {
        let (mut stdin, waiting) = (self.program.stdin(), self.program.waiting());
        move |part| stdin.as_mut().is_some_and(|stdin| waiting.during(|| stdin.write_all(part)).is_ok())
    }

    /// Waits for the end, after the feeder was dropped: what could not be restored as it was. Blocks.
    pub(crate) fn wait(&mut self) -> Result<Restored> {
        let (status, said) = self.program.wait().map_err(|error| failed(&error))?;
        let ignored =
            said.last.back().and_then(|line| ignored(line)).map(|ignored| ignored.saturating_sub(said.harmless));
        match (status.code(), ignored) {
            (Some(0), _) => Ok(Restored { ignored_errors: said.errors.len() as u64, warnings: said.errors }),
            (Some(1), Some(ignored_errors)) => Ok(Restored::with_errors(said.errors, ignored_errors)),
            _ => Err(self.explained(&said)),
        }
    }

    /// Why `pg_restore` failed, in words, with what to do.
    fn explained(&self, Said { errors, last, .. }: &Said) -> PostgresError {
        let silent = || {
            if self.program.was_late() { tr!("it hung and was ended") } else { tr!("it ended without saying why") }
        };
        let error = errors.first().map_or_else(silent, |error| error.trim_end_matches('.').to_owned());
        let no_more_locks = errors.iter().chain(last).any(|line| line.contains(NO_MORE_LOCKS));
        let advice = match self.target {
            DatabaseTarget::New { .. } if no_more_locks => {
                tr!("Raise max_locks_per_transaction in the server's postgresql.conf and restart it.")
            }
            DatabaseTarget::New { .. } => tr!("Look at the database server's log."),
            DatabaseTarget::Original if no_more_locks => {
                tr!(
                    "The database is as it was before. To replace so many objects at once, the server must hold a lock for each: raise max_locks_per_transaction in its postgresql.conf and restart it, or restore into a new database."
                )
            }
            DatabaseTarget::Original => {
                tr!("The database is as it was before. Restore into a new database, or remove what is in the way.")
            }
        };
        PostgresError::Failed { tool: Tool::PgRestore, detail: format!("{error}. {advice}") }
    }

    /// Makes a complete new database like the original one, and gives it its name. Returns what could not be done.
    pub(crate) async fn complete(&self) -> Result<Vec<String>> {
        let DatabaseTarget::New { name, draft } = &self.target else { return Ok(Vec::new()) };
        let Prepared { properties, warnings } = &self.prepared;
        in_time(&self.database, SLOW, async {
            let mut connection = self.database.maintenance().await?;
            connection.check_free(name).await?;
            let mut warnings = warnings.clone();
            warnings.extend(connection.apply(properties.as_ref(), draft).await?);
            connection.run(format!("ALTER DATABASE {} RENAME TO {}", quoted(draft), quoted(name))).await?;
            // Last, for whoever has given it away may not rename it.
            if let Some(properties) = properties {
                warnings.extend(connection.give(properties, name, &self.database.user).await);
            }
            connection.close().await;
            Ok(warnings)
        })
        .await
    }

    /// Ends `pg_restore` and removes a new database that has not become complete. That it could not be removed is not
    /// worth another error; the next try removes it.
    pub(crate) async fn abandon(self) {
        self.program.kill();
        let Self { database, target, program, .. } = self;
        let _ = tokio::task::spawn_blocking(move || drop(program)).await;
        let DatabaseTarget::New { draft, .. } = target else { return };
        let dropped = in_time(&database, TIMEOUT, async {
            let mut connection = database.maintenance().await?;
            connection.run(format!("DROP DATABASE IF EXISTS {}", quoted(&draft))).await?;
            connection.close().await;
            Ok(())
        });
        if let Err(error) = dropped.await {
            tracing::warn!(%error, draft, "an incomplete database could not be removed");
        }
    }
}

/// The errors that `pg_restore` has passed over, in the last line that it writes then. Older versions write it in capital
/// letters.
fn ignored(line: &str) -> Option<u64> {
    let (head, count) = line.split_once("errors ignored on restore: ")?;
    let count = count.parse().ok()?;
    matches!(head, "pg_restore: warning: " | "WARNING: ").then_some(count)
}

#[cfg(test)]
mod tests {
    use super::{Restored, ignored};

    #[test]
    fn errors_are_counted_as_pg_restore_counts_them() {
        assert_eq!(ignored("pg_restore: warning: errors ignored on restore: 1234"), Some(1234));
        assert_eq!(ignored("WARNING: errors ignored on restore: 2"), Some(2));
        assert_eq!(ignored("-- pg_restore: warning: errors ignored on restore: 2"), None);
        assert_eq!(ignored("pg_restore: warning: errors ignored on restore: many"), None);
        assert_eq!(Restored::with_errors(Vec::new(), 3).warnings, ["pg_restore has passed over 3 error(s)"]);
    }
}
