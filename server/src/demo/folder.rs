//! The demo's folder, and what is remembered in it from one start to the next.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use model::people::Role;
use serde::{Deserialize, Serialize};

use super::{DemoError, S3_PORT, sample};

/// What is remembered. Made at random, because the demo may listen beyond loopback.
#[derive(Serialize, Deserialize)]
pub struct Secrets {
    /// Whether the first start came to its end.
    pub seeded: bool,
    pub s3_port: u16,
    pub access_key_id: String,
    pub secret_key: String,
    pub passwords: Passwords,
}

#[derive(Serialize, Deserialize)]
pub struct Passwords {
    partner: String,
    manager: String,
    user: String,
}

impl Passwords {
    pub fn of(&self, role: Role) -> &str {
        match role {
            Role::Partner => &self.partner,
            Role::Manager => &self.manager,
            Role::User => &self.user,
        }
    }
}

impl Secrets {
    fn new() -> Self {
        Self {
            seeded: false,
            s3_port: S3_PORT,
            access_key_id: format!("DEMO{}", random(12).to_uppercase()),
            secret_key: random(40),
            passwords: Passwords { partner: random(16), manager: random(16), user: random(16) },
        }
    }
}

/// Letters and digits that are not taken for each other.
fn random(length: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    (0..length).map(|_| char::from(LETTERS[rand::random_range(0..LETTERS.len())])).collect()
}

pub struct DemoFolder {
    path: PathBuf,
    secrets: Secrets,
}

impl DemoFolder {
    /// Makes the folder with its sample files, or reads what an earlier start left. What an unfinished first start
    /// left of database and buckets is removed.
    pub fn open(path: &Path) -> Result<Self, DemoError> {
        let unusable = |cause| DemoError::Folder { folder: path.into(), cause };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unusable)?;
        let path = path.canonicalize().map_err(unusable)?;
        let file = path.join("demo.json");
        match fs::read(&file) {
            Ok(text) => {
                let secrets = serde_json::from_slice(&text).map_err(|cause| DemoError::Damaged { file, cause })?;
                let folder = Self { path, secrets };
                if !folder.secrets.seeded {
                    folder.clear().and_then(|()| sample::write(&folder.sample())).map_err(unusable)?;
                }
                Ok(folder)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = Self { path, secrets: Secrets::new() };
                if folder.parts().iter().any(|part| part.exists()) {
                    return Err(DemoError::NotADemo(folder.path));
                }
                folder.save().and_then(|()| sample::write(&folder.sample())).map_err(unusable)?;
                Ok(folder)
            }
            Err(cause) => Err(unusable(cause)),
        }
    }

    fn clear(&self) -> io::Result<()> {
        self.parts().iter().try_for_each(|part| match fs::remove_dir_all(part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
    }

    /// What a start makes in the folder.
    fn parts(&self) -> [PathBuf; 3] {
        [self.data(), self.s3(), self.files()]
    }

    /// Notes that the first start came to its end.
    pub fn set_seeded(&mut self) -> Result<(), DemoError> {
        self.secrets.seeded = true;
        self.save().map_err(|cause| DemoError::Folder { folder: self.path.clone(), cause })
    }

    /// Kept with the next save.
    pub fn set_s3_port(&mut self, port: u16) {
        self.secrets.s3_port = port;
    }

    fn save(&self) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(&self.secrets)?;
        let (new, file) = (self.path.join("demo.json.new"), self.path.join("demo.json"));
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?.write_all(&text)?;
        fs::rename(new, file)
    }

    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    pub fn s3(&self) -> PathBuf {
        self.path.join("s3")
    }

    /// The one directory that projects may back up and restore to.
    pub fn files(&self) -> PathBuf {
        self.path.join("files")
    }

    /// What the demo's project backs up.
    pub fn sample(&self) -> PathBuf {
        self.files().join(super::seed::PROJECT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_start_finds_what_the_first_one_made() {
        let place = tempfile::tempdir().unwrap();
        let mut first = DemoFolder::open(&place.path().join("demo")).unwrap();
        first.set_s3_port(4711);
        first.set_seeded().unwrap();
        fs::write(first.sample().join("mine.txt"), "kept").unwrap();
        let second = DemoFolder::open(&place.path().join("demo")).unwrap();
        assert!(second.secrets().seeded && second.secrets().s3_port == 4711);
        assert_eq!(second.secrets().passwords.of(Role::User), first.secrets().passwords.of(Role::User));
        assert!(second.sample().join("mine.txt").exists());
    }

    #[test]
    fn an_unfinished_first_start_begins_again() {
        let place = tempfile::tempdir().unwrap();
        let first = DemoFolder::open(place.path()).unwrap();
        fs::create_dir(first.data()).unwrap();
        assert!(!DemoFolder::open(place.path()).unwrap().data().exists());
    }

    #[test]
    fn nobody_elses_data_is_touched() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("data")).unwrap();
        assert!(matches!(DemoFolder::open(place.path()), Err(DemoError::NotADemo(_))));
        assert!(place.path().join("data").exists());
    }

    #[test]
    fn a_damaged_folder_is_told_and_left_alone() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("demo.json"), "{").unwrap();
        assert!(matches!(DemoFolder::open(place.path()), Err(DemoError::Damaged { .. })));
    }
}
