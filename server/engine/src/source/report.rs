//! What went wrong with single files, collected from several threads.

use std::{
    ffi::OsStr,
    io,
    sync::{Mutex, PoisonError},
};

use super::{barrier::Barrier, path::TreePath};
use crate::{FileTotals, Unreadable};

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
    changed_files: u64,
    left_out: Vec<Unreadable>,
    too_large: FileTotals,
    unmatched: Vec<String>,
}

/// What was collected, each list by path.
pub(crate) struct Collected {
    pub(crate) unreadable: Vec<Unreadable>,
    pub(crate) changed: Vec<String>,
    pub(crate) changed_files: u64,
    pub(crate) left_out: Vec<Unreadable>,
    pub(crate) too_large: FileTotals,
    pub(crate) unmatched: Vec<String>,
}

impl SourceReport {
    fn found(&self) -> std::sync::MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something is missing from the snapshot, for a reason that needs no error.
    pub(super) fn missing(&self, path: &TreePath, cause: &str) {
        let mut found = self.found();
        if found.unreadable.len() == MOST {
            found.more += 1;
            return;
        }
        found.unreadable.push(Unreadable { path: path.shown(), cause: cause.into() });
    }

    pub(super) fn failed(&self, path: &TreePath, error: &io::Error) {
        match error.kind() {
            io::ErrorKind::NotFound => self.missing(path, &tr!("it vanished while the backup ran")),
            _ => self.missing(path, &words(error)),
        }
    }

    pub(super) fn changed(&self, path: &TreePath) {
        let mut found = self.found();
        found.changed_files += 1;
        if found.changed.len() < MOST {
            found.changed.push(path.shown());
        }
    }

    /// Something is not for this backup. It was met on purpose, so that nothing has failed.
    pub(super) fn left_out(&self, path: &TreePath, barrier: Barrier) {
        let mut found = self.found();
        if found.left_out.len() < MOST {
            found.left_out.push(Unreadable { path: path.shown(), cause: barrier.cause() });
        }
    }

    /// A file has more bytes than the backup takes of one.
    pub(super) fn too_large(&self, bytes: u64) {
        let mut found = self.found();
        found.too_large.files += 1;
        found.too_large.bytes = found.too_large.bytes.saturating_add(bytes);
    }

    /// Include patterns that have matched nothing.
    pub(super) fn unmatched(&self, patterns: Vec<String>) {
        self.found().unmatched = patterns;
    }

    /// Takes what was collected.
    pub(crate) fn take(&self) -> Collected {
        let found = std::mem::take(&mut *self.found());
        let Found { mut unreadable, more, mut changed, changed_files, mut left_out, too_large, unmatched } = found;
        unreadable.sort_by(|a, b| a.path.cmp(&b.path));
        left_out.sort_by(|a, b| a.path.cmp(&b.path));
        changed.sort();
        if more > 0 {
            let cause = tr!("{n} more could not be read" | "{n} more could not be read" % more);
            unreadable.push(Unreadable { path: String::new(), cause });
        }
        Collected { unreadable, changed, changed_files, left_out, too_large, unmatched }
    }
}

/// An operating system's error in a few words.
pub(crate) fn words(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::PermissionDenied {
        return tr!("permission denied");
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
