//! The file with the master key: 32 bytes in base64 on a line. While the key is changed there are several lines, the
//! newest key first: it seals, and all of them open.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::VaultError;

pub const KEY_BYTES: usize = 32;

pub type MasterKey = Zeroizing<[u8; KEY_BYTES]>;

/// The keys in the file, newest first; at least one.
pub fn read(path: &Path) -> Result<Vec<MasterKey>, VaultError> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|source| VaultError::Read { path: path.to_owned(), source })?;
    let keys: Option<Vec<_>> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(key).collect();
    keys.filter(|keys| !keys.is_empty()).ok_or_else(|| VaultError::Malformed { path: path.to_owned() })
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
