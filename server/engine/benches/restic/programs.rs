//! The two programs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Outcome,
    processes::{Run, Server, measure},
    roles,
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Holdfast,
    Restic,
}

impl Program {
    pub const BOTH: [Self; 2] = [Self::Holdfast, Self::Restic];

    pub fn name(self) -> &'static str {
        match self {
            Self::Holdfast => "holdfast",
            Self::Restic => "restic",
        }
    }
}

pub fn restic_version() -> Outcome<String> {
    let output = Command::new("restic").arg("version").output();
    let output = output.map_err(|error| format!("the restic command is needed (apt-get install restic): {error}"))?;
    let said = String::from_utf8(output.stdout)?;
    Ok(said.split(" compiled").next().unwrap_or_default().to_owned())
}

/// A program with a repository and a cache of its own.
pub struct Place {
    pub program: Program,
    pub bucket: String,
    cache: PathBuf,
    endpoint: String,
}

impl Place {
    pub fn new(program: Program, folder: &Path, server: &Server, name: &str) -> Self {
        let bucket = format!("{}-{name}", program.name());
        Self { program, cache: folder.join("cache").join(&bucket), bucket, endpoint: server.endpoint.clone() }
    }

    fn command(&self, role: &str) -> Outcome<Command> {
        let mut command = match self.program {
            Program::Holdfast => roles::start(role)?,
            Program::Restic => {
                let mut command = Command::new("restic");
                command.args(["--quiet", "-r", &format!("s3:{}{}", self.endpoint, self.bucket)]).arg("--cache-dir");
                command.arg(&self.cache);
                command
            }
        };
        command
            .env("RESTIC_PASSWORD", roles::PASSWORD)
            .env("AWS_ACCESS_KEY_ID", roles::ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", roles::SECRET_KEY)
            .env(roles::ENDPOINT, &self.endpoint)
            .env(roles::BUCKET, &self.bucket)
            .env(roles::CACHE, &self.cache);
        Ok(command)
    }

    pub fn create(&self) -> Outcome {
        let mut command = self.command("create")?;
        if self.program == Program::Restic {
            command.args(["init", "--repository-version", "2"]);
        }
        measure(&mut command).map(drop)
    }

    pub fn backup(&self, source: &Path) -> Outcome<Run> {
        let mut command = self.command("backup")?;
        match self.program {
            Program::Holdfast => command.env(roles::FOLDER, source),
            Program::Restic => command.args(["backup", "."]).current_dir(source),
        };
        measure(&mut command)
    }

    pub fn restore(&self, target: &Path) -> Outcome<Run> {
        let mut command = self.command("restore")?;
        match self.program {
            Program::Holdfast => command.env(roles::FOLDER, target),
            Program::Restic => command.args(["restore", "latest", "--target"]).arg(target),
        };
        measure(&mut command)
    }

    pub fn remove(self, server: &Server) -> Outcome {
        fs::remove_dir_all(server.bucket(&self.bucket))?;
        fs::remove_dir_all(self.cache)?;
        Ok(())
    }
}
