//! Files that are for the server's user alone: the data folder, the database, the master key.

use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::Mode;

/// What group and others may do.
const OF_OTHERS: u32 = 0o077;
/// What SQLite puts beside a database.
const BESIDE_A_DATABASE: [&str; 3] = ["", "-wal", "-shm"];

/// Makes every file of the process private from now on, whatever the shell that started it had set.
pub fn by_default() {
    rustix::process::umask(Mode::from_raw_mode(OF_OTHERS));
}

/// Makes the folder where it is missing. One that was there already is taken from the others.
pub fn folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    take_from_others(path)
}

/// Takes the files of a SQLite database from the others, as far as they are there.
pub fn database(file: &Path) -> io::Result<()> {
    for suffix in BESIDE_A_DATABASE {
        let mut path = OsString::from(file);
        path.push(suffix);
        match take_from_others(&PathBuf::from(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// What belongs to another user stays as it is: only that user or root could change it.
fn take_from_others(path: &Path) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    let mode = metadata.mode() & 0o7777;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    if mode & OF_OTHERS == 0 || !is_ours {
        return Ok(());
    }
    tracing::warn!(path = %path.display(), mode = format!("{mode:o}"), "others could read this; it is private now");
    fs::set_permissions(path, fs::Permissions::from_mode(mode & !OF_OTHERS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn what_was_open_to_others_is_private_afterwards() {
        let place = tempfile::tempdir().unwrap();
        let (data, database_file) = (place.path().join("a/data"), place.path().join("a/data/holdfast.db"));
        folder(&data).unwrap();
        assert_eq!(mode(&data), 0o700);
        fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
        for suffix in ["", "-wal"] {
            let path = format!("{}{suffix}", database_file.display());
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        }
        folder(&data).unwrap();
        database(&database_file).unwrap();
        assert_eq!((mode(&data), mode(&database_file), mode(&data.join("holdfast.db-wal"))), (0o700, 0o600, 0o600));
    }

    #[test]
    fn a_database_that_is_not_there_yet_is_no_fault() {
        let place = tempfile::tempdir().unwrap();
        database(&place.path().join("none.db")).unwrap();
    }
}
