//! The file with the master key: 32 bytes in base64 on a line. While the key is changed there are several lines, the
//! newest key first: it seals, and all of them open.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::VaultError;

pub const KEY_BYTES: usize = 32;

pub type MasterKey = Zeroizing<[u8; KEY_BYTES]>;

/// The keys in the file, newest first; at least one. A file that others may read is refused.
pub fn read(path: &Path) -> Result<Vec<MasterKey>, VaultError> {
    let unreadable = |source| VaultError::Read { path: path.to_owned(), source };
    let mut file = fs::File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if is_open(metadata.mode(), metadata.uid() == rustix::process::geteuid().as_raw()) {
        return Err(VaultError::Open { path: path.to_owned(), mode: metadata.mode() & 0o777 });
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(unreadable)?;
    let keys: Option<Vec<_>> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(key).collect();
    keys.filter(|keys| !keys.is_empty()).ok_or_else(|| VaultError::Malformed { path: path.to_owned() })
}

/// Whether others than the server's user may read the file, or change it. One that belongs to another user, as container
/// platforms hand out secrets, can be read through its group alone.
fn is_open(mode: u32, is_ours: bool) -> bool {
    let private = if is_ours { 0o700 } else { 0o740 };
    mode & 0o777 & !private != 0
}

fn key(line: &str) -> Option<MasterKey> {
    let bytes = STANDARD.decode(line).map(Zeroizing::new).ok()?;
    <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new)
}

pub fn new_key() -> MasterKey {
    Zeroizing::new(rand::random())
}

/// Makes the file with a new key, unless there is one. Of processes that start at once all have the key of the first.
pub fn make(path: &Path) -> Result<(), VaultError> {
    let made = || {
        let side = write_beside(path, &[new_key()])?;
        let linked = match fs::hard_link(&side, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        };
        fs::remove_file(&side)?;
        linked?;
        sync_folder(path)
    };
    made().map_err(|source| VaultError::Make { path: path.to_owned(), source })
}

/// Writes the keys in place of those that are there.
pub fn write(path: &Path, keys: &[MasterKey]) -> Result<(), VaultError> {
    let written = || {
        fs::rename(write_beside(path, keys)?, path)?;
        sync_folder(path)
    };
    written().map_err(|source| VaultError::Make { path: path.to_owned(), source })
}

/// Writes to the side first, so that no half file is ever found, with the mode 0600. Answers where.
fn write_beside(path: &Path, keys: &[MasterKey]) -> io::Result<PathBuf> {
    let side = beside(path, &format!("{:016x}", rand::random::<u64>()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&side)?;
    write_lines(&mut file, keys)?;
    Ok(side)
}

/// The folder's entry has to be on the disk before anything is sealed under a new key.
fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(folder(path))?.sync_all()
}

/// Adds keys that seal nothing any more to the file beside, for copies of the database from before.
pub fn retire(path: &Path, keys: &[MasterKey]) -> Result<PathBuf, VaultError> {
    let retired = beside(path, "retired");
    let written = || {
        let mut file = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(&retired)?;
        write_lines(&mut file, keys)
    };
    written().map_err(|source| VaultError::Make { path: retired.clone(), source })?;
    Ok(retired)
}

fn write_lines(file: &mut fs::File, keys: &[MasterKey]) -> io::Result<()> {
    for key in keys {
        writeln!(file, "{}", Zeroizing::new(STANDARD.encode(**key)).as_str())?;
    }
    file.sync_all()
}

/// `master.key` and `retired` are `master.key.retired`.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        make(&path).unwrap();
        assert!(read(&path).is_ok());
        for open in [0o644, 0o640, 0o604, 0o660, 0o602] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
            let refused = read(&path).unwrap_err();
            assert!(matches!(refused, VaultError::Open { mode, .. } if mode == open), "{open:o}: {refused}");
        }
    }

    #[test]
    fn another_users_file_may_be_read_through_its_group() {
        assert!(!is_open(0o440, false) && is_open(0o440, true));
        assert!(is_open(0o444, false) && is_open(0o460, false));
        assert!(!is_open(0o600, true) && !is_open(0o400, true));
    }
}
