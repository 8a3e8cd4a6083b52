//! PostgreSQL's client programs on this machine.

use std::{env, fmt, fs, path::PathBuf, process::Command};

use super::{PostgresError, Result, Version};

/// Where Linux distributions keep several versions beside each other; `*` is the version.
const VERSIONED: [(&str, &str); 2] = [("/usr/lib/postgresql", "bin"), ("/usr", "bin")];
/// The prefix of Red Hat's folders below `/usr`.
const RED_HAT: &str = "pgsql-";

/// A program of PostgreSQL's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Writes a database into a file.
    PgDump,
    /// Reads such a file into a database.
    PgRestore,
}

impl Tool {
    const fn name(self) -> &'static str {
        match self {
            Self::PgDump => "pg_dump",
            Self::PgRestore => "pg_restore",
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The folders in which PostgreSQL's client programs are looked for.
#[derive(Clone, Debug)]
pub struct PostgresTools {
    folders: Vec<PathBuf>,
}

impl PostgresTools {
    /// Those of this machine: what is on `PATH`, and where distributions keep one folder for each version.
    pub fn installed() -> Self {
        let [(debian, inner), (usr, _)] = VERSIONED;
        let entries = |folder: &str| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let red_hat = entries(usr)
            .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(RED_HAT)));
        let versioned = entries(debian).chain(red_hat).map(|version| version.join(inner));
        let path = env::var_os("PATH").unwrap_or_default();
        Self { folders: versioned.chain(env::split_paths(&path)).collect() }
    }

    /// Those in these folders and no others.
    pub fn in_folders(folders: Vec<PathBuf>) -> Self {
        Self { folders }
    }

    /// The program in the oldest version that suits the server: a newer one may write what this server does not
    /// understand when it is restored.
    pub(super) async fn find(&self, tool: Tool, server: Version) -> Result<PathBuf> {
        let tools = self.clone();
        let found = tokio::task::spawn_blocking(move || tools.versions(tool)).await.unwrap_or_default();
        let suitable = found.iter().filter(|(version, _)| *version >= server).min_by_key(|(version, _)| *version);
        if let Some((_, program)) = suitable {
            return Ok(program.clone());
        }
        Err(match found.iter().map(|(version, _)| *version).max() {
            Some(found) => PostgresError::ToolTooOld { tool, found, server },
            None => PostgresError::ToolMissing { tool, server },
        })
    }

    fn versions(&self, tool: Tool) -> Vec<(Version, PathBuf)> {
        let programs = self.folders.iter().map(|folder| folder.join(tool.name())).filter(|program| program.is_file());
        programs.filter_map(|program| Some((version(&program)?, program))).collect()
    }
}

/// What the program says of itself: `pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
fn version(program: &PathBuf) -> Option<Version> {
    let output = Command::new(program).arg("--version").env("LC_ALL", "C").output().ok()?;
    parse(&String::from_utf8_lossy(&output.stdout))
}

fn parse(text: &str) -> Option<Version> {
    let number = text.split_once("(PostgreSQL) ")?.1;
    let major: String = number.chars().take_while(char::is_ascii_digit).collect();
    major.parse().ok().map(Version)
}

#[cfg(test)]
mod tests {
    use super::{Version, parse};

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(parse("pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(Version(15)));
        assert_eq!(parse("pg_restore (PostgreSQL) 18beta1"), Some(Version(18)));
        assert_eq!(parse("pg_dump (PostgreSQL) 9.6.24"), Some(Version(9)));
        assert_eq!(parse("something else"), None);
    }
}
