//! Restoring a dump with `pg_restore`.

use std::{
    io::{self, Write},
    process::Stdio,
    time::Duration,
};

use sqlx::{AssertSqlSafe, Row};

use super::{
    PostgresDatabase, PostgresError, PostgresTools, Result, Tool,
    child::{Program, Stop},
    connection::{Connection, PATIENCE, in_even_time, in_time, refused},
    program::command,
    quoted,
};

/// Databases that one can connect to in order to make another one: the first two are there on almost every server.
const MAINTENANCE: [&str; 2] = ["postgres", "template1"];
/// Making a database copies a template; dropping one waits for the disk.
const SLOW: Duration = Duration::from_mins(2);
/// `pg_restore` that takes nothing for so long hangs: the longest pause is while an index of a large table is made.
const SILENCE: Duration = Duration::from_hours(12);

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

    async fn run(&mut self, statement: String) -> Result<()> {
        // Names in it are quoted; these statements take no parameters.
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut self.session).await.map(drop).map_err(refused)
    }

    /// How the original database writes and sorts text, for the new one to do the same.
    async fn locale(&mut self, original: &str) -> Result<String> {
        let found = sqlx::query(
            "SELECT pg_encoding_to_char(encoding) AS encoding, datcollate::text, datctype::text
             FROM pg_catalog.pg_database WHERE datname = $1",
        )
        .bind(original)
        .fetch_optional(&mut self.session)
        .await
        .map_err(refused)?;
        let Some(row) = found else { return Ok(String::new()) };
        let literal = |column: &str| -> Result<String> {
            let text: String = row.try_get(column).map_err(refused)?;
            Ok(format!("'{}'", text.replace('\'', "''")))
        };
        Ok(format!(
            " ENCODING {} LC_COLLATE {} LC_CTYPE {}",
            literal("encoding")?,
            literal("datcollate")?,
            literal("datctype")?
        ))
    }

    /// Other people's sessions in the connection's own database.
    async fn other_sessions(&mut self) -> Result<i64> {
        sqlx::query_scalar(
            "SELECT count(*) FROM pg_catalog.pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL",
        )
        .fetch_one(&mut self.session)
        .await
        .map_err(refused)
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
}

/// Makes the new database, or looks whether the original one can be replaced, and starts `pg_restore`.
pub(crate) async fn restore_from(
    database: &PostgresDatabase,
    target: DatabaseTarget,
    tools: &PostgresTools,
    stop: &Stop,
) -> Result<Restoring> {
    in_time(database, SLOW, async {
        let mut connection = match &target {
            DatabaseTarget::New { .. } => database.maintenance().await?,
            DatabaseTarget::Original => Connection::open(database).await?,
        };
        let program = tools.find(Tool::PgRestore, connection.version).await?;
        let into = match &target {
            DatabaseTarget::New { name, draft } => {
                connection.check_free(name).await?;
                connection.run(format!("DROP DATABASE IF EXISTS {}", quoted(draft))).await?;
                let locale = connection.locale(&database.database).await?;
                connection.run(format!("CREATE DATABASE {} TEMPLATE template0{locale}", quoted(draft))).await?;
                database.named(draft)
            }
            DatabaseTarget::Original => {
                let others = connection.other_sessions().await?;
                if others > 0 {
                    return Err(PostgresError::Busy {
                        detail: format!(
                            "{others} other session(s) use the database \"{}\". Stop what uses it, or restore into a new database",
                            database.database
                        ),
                    });
                }
                database.clone()
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
        Ok(Restoring { database: database.clone(), target, program })
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
    pub(crate) fn wait(&mut self) -> Result<Vec<String>> {
        let (status, lines) = self.program.wait().map_err(|error| failed(&error))?;
        let errors: Vec<String> =
            lines.iter().filter_map(|line| line.strip_prefix("pg_restore: error: ")).map(str::to_owned).collect();
        let went_on = lines.iter().any(|line| line.contains("errors ignored on restore"));
        if status.success() || went_on {
            return Ok(errors);
        }
        let silent = || if self.program.was_late() { "it hung and was ended" } else { "it ended without saying why" };
        let error = errors.first().map_or_else(silent, |error| error.trim_end_matches('.'));
        let advice = match self.target {
            DatabaseTarget::New { .. } => "Look at the database server's log",
            DatabaseTarget::Original => {
                "The database is as it was before. Restore into a new database, or remove what is in the way"
            }
        };
        Err(PostgresError::Failed { tool: Tool::PgRestore, detail: format!("{error}. {advice}.") })
    }

    /// Gives a complete new database its name.
    pub(crate) async fn complete(&self) -> Result<()> {
        let DatabaseTarget::New { name, draft } = &self.target else { return Ok(()) };
        in_time(&self.database, SLOW, async {
            let mut connection = self.database.maintenance().await?;
            connection.check_free(name).await?;
            connection.run(format!("ALTER DATABASE {} RENAME TO {}", quoted(draft), quoted(name))).await?;
            connection.close().await;
            Ok(())
        })
        .await
    }

    /// Ends `pg_restore` and removes a new database that has not become complete. That it could not be removed is not
    /// worth another error; the next try removes it.
    pub(crate) async fn abandon(self) {
        self.program.kill();
        let Self { database, target, program } = self;
        let _ = tokio::task::spawn_blocking(move || drop(program)).await;
        let DatabaseTarget::New { draft, .. } = target else { return };
        let dropped = in_time(&database, PATIENCE, async {
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
