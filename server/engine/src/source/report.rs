//! What went wrong with single files, collected from several threads.

use std::{
    ffi::OsStr,
    io,
    path::Path,
    sync::{Mutex, PoisonError},
};

use crate::Unreadable;

/// More lines than this help nobody and would fill the memory.
const MOST: usize = 10_000;

/// Files that are missing from a snapshot, or were written to while they were read.
#[derive(Default)]
pub(crate) struct SourceReport(Mutex<Found>);

#[derive(Default)]
struct Found {
    unreadable: Vec<Unreadable>,
    more: usize,
    changed: Vec<String>,
}

impl SourceReport {
    fn unreadable(&self, path: &Path, cause: &str) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if found.unreadable.len() == MOST {
            found.more += 1;
            return;
        }
        found.unreadable.push(Unreadable { path: shown(path.as_os_str()), cause: cause.into() });
    }

    pub(super) fn failed(&self, path: &Path, error: &io::Error) {
        match error.kind() {
            io::ErrorKind::NotFound => self.unreadable(path, "it vanished while the backup ran"),
            _ => self.unreadable(path, &words(error)),
        }
    }

    pub(super) fn changed(&self, path: &Path) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if found.changed.len() < MOST {
            found.changed.push(shown(path.as_os_str()));
        }
    }

    /// What was collected: the unreadable ones and the changed ones, each by path.
    pub(crate) fn take(&self) -> (Vec<Unreadable>, Vec<String>) {
        let found = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let Found { mut unreadable, more, mut changed } = found;
        unreadable.sort_by(|a, b| a.path.cmp(&b.path));
        changed.sort();
        if more > 0 {
            unreadable.push(Unreadable { path: String::new(), cause: format!("{more} more could not be read") });
        }
        (unreadable, changed)
    }
}

/// An operating system's error in a few words.
pub(crate) fn words(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::PermissionDenied {
        return "permission denied".into();
    }
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// A path for people; bytes that are no UTF-8 become `\xe9` and the like.
pub(crate) fn shown(path: &OsStr) -> String {
    use std::{fmt::Write, os::unix::ffi::OsStrExt};
    let mut text = String::new();
    for chunk in path.as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing into a string cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}
