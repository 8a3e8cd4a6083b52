//! Copies of indexes, snapshots and folders on the local disk, so that a run does not read them from the bucket again.
//!
//! A file's name is the hash of its content, in restic's format, so a copy proves itself: one that was damaged or put
//! there by somebody else is thrown away. Files' contents are never kept here. Copies that were not used for the longest
//! time make room for new ones.

use std::{
    fs::{self, File, FileTimes},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use bytes::Bytes;
use rustic_core::{FileType, Id};

use super::seal::hash;

/// Bytes of all copies on this machine, of all repositories together.
const MOST: u64 = 2 << 30;
/// How much is left after room was made.
const LEFT: u64 = MOST / 10 * 9;
/// Looked after again when one run has added so much.
const OFTEN: u64 = MOST / 8;
/// Tells programs that make copies of disks to pass over the folder (<https://bford.info/cachedir/>).
const TAG: (&str, &str) = ("CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# Made by Holdfast.\n");

/// A folder of copies. Troubles with it cost time alone, and are told in the log.
pub(super) struct Cache {
    folder: PathBuf,
    most: u64,
    added: AtomicU64,
}

impl Cache {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), most: MOST, added: AtomicU64::new(0) }
    }

    fn path(&self, kind: FileType, id: &Id) -> PathBuf {
        let hex = id.to_hex();
        self.folder.join("files").join(kind.dirname()).join(&hex.as_str()[..2]).join(hex.as_str())
    }

    /// The copy of a file, where there is a true one.
    pub(super) fn get(&self, kind: FileType, id: &Id) -> Option<Bytes> {
        let path = self.path(kind, id);
        let content = fs::read(&path).ok()?;
        if hash(&content) == *id {
            let _ = touch(&path);
            return Some(content.into());
        }
        tracing::warn!(path = %path.display(), "a cached file was damaged and is thrown away");
        self.remove(kind, id);
        None
    }

    /// Keeps a copy.
    pub(super) fn put(&self, kind: FileType, id: &Id, content: &[u8]) {
        if let Err(error) = self.try_put(kind, id, content) {
            tracing::warn!(%error, folder = %self.folder.display(), "a file could not be cached");
        }
        let added = self.added.fetch_add(content.len() as u64, Ordering::Relaxed) + content.len() as u64;
        if added >= OFTEN {
            self.added.store(0, Ordering::Relaxed);
            self.make_room();
        }
    }

    fn try_put(&self, kind: FileType, id: &Id, content: &[u8]) -> io::Result<()> {
        let path = self.path(kind, id);
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder)?;
        // Several runs may write the same file, and each of them may be killed.
        let temporary = folder.join(format!("{:016x}.tmp", rand::random::<u64>()));
        let written = File::create(&temporary).and_then(|mut file| file.write_all(content));
        let placed = written.and_then(|()| fs::rename(&temporary, &path));
        if placed.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        placed
    }

    pub(super) fn remove(&self, kind: FileType, id: &Id) {
        let _ = fs::remove_file(self.path(kind, id));
    }

    /// Removes what was not used for the longest time until the rest is small enough.
    pub(super) fn make_room(&self) {
        let tag = self.folder.join(TAG.0);
        if !tag.exists() {
            let _ = fs::write(tag, TAG.1);
        }
        let mut files = Vec::new();
        list(&self.folder, &mut files);
        let mut size: u64 = files.iter().map(|file| file.size).sum();
        if size <= self.most {
            return;
        }
        files.sort_by_key(|file| file.used);
        for file in files {
            if size <= LEFT.min(self.most) {
                break;
            }
            if fs::remove_file(&file.path).is_ok() {
                size -= file.size;
            }
        }
    }
}

impl Drop for Cache {
    /// At a run's end, where it has added anything.
    fn drop(&mut self) {
        if *self.added.get_mut() > 0 {
            self.make_room();
        }
    }
}

struct Copy {
    path: PathBuf,
    used: SystemTime,
    size: u64,
}

fn touch(path: &Path) -> io::Result<()> {
    let file = File::options().append(true).open(path)?;
    file.set_times(FileTimes::new().set_modified(SystemTime::now()))
}

fn list(folder: &Path, files: &mut Vec<Copy>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(seen) = entry.metadata() else { continue };
        if seen.is_dir() {
            list(&entry.path(), files);
        } else if let Ok(used) = seen.modified() {
            files.push(Copy { path: entry.path(), used, size: seen.len() });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File, FileTimes},
        time::{Duration, SystemTime},
    };

    use rustic_core::FileType;

    use super::{Cache, hash};

    #[test]
    fn a_copy_is_given_back_only_while_it_is_true() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        let id = hash(b"an index");
        assert!(cache.get(FileType::Index, &id).is_none());
        cache.put(FileType::Index, &id, b"an index");
        assert_eq!(cache.get(FileType::Index, &id).unwrap(), b"an index".as_slice());
        fs::write(cache.path(FileType::Index, &id), b"an indEx").unwrap();
        assert!(cache.get(FileType::Index, &id).is_none());
        assert!(!cache.path(FileType::Index, &id).exists());
    }

    #[test]
    fn what_was_not_used_for_the_longest_time_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::new(folder.path());
        cache.most = 2500;
        let contents = [1, 2, 3].map(|byte| vec![byte; 1000]);
        for (age, content) in contents.iter().enumerate() {
            let id = hash(content);
            cache.put(FileType::Index, &id, content);
            let used = SystemTime::now() - Duration::from_secs(1000 - age as u64);
            let file = File::options().append(true).open(cache.path(FileType::Index, &id)).unwrap();
            file.set_times(FileTimes::new().set_modified(used)).unwrap();
        }
        // The oldest one is used again.
        assert!(cache.get(FileType::Index, &hash(&contents[0])).is_some());
        cache.make_room();
        let kept = contents.each_ref().map(|content| cache.get(FileType::Index, &hash(content)).is_some());
        assert_eq!(kept, [true, false, true]);
    }
}
