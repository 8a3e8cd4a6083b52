//! What a backup of a directory leaves out beside what its patterns exclude.

use std::{ffi::OsString, io::Read, os::fd::OwnedFd, vec};

use rustix::fs::{FileType, Mode, OFlags, fstat, openat};

/// The file that marks a folder as a cache, and what it begins with (<https://bford.info/cachedir/>).
const CACHE_TAG: &str = "CACHEDIR.TAG";
const CACHE_SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// What a backup of a directory leaves out beside what its patterns exclude. By default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceOptions {
    /// Stay on the file system of the source directory. A folder that another one is mounted on is kept, empty.
    pub one_file_system: bool,
    /// Of a folder with a valid `CACHEDIR.TAG` take that file alone.
    pub exclude_caches: bool,
    /// Leave out files of more bytes than this.
    pub exclude_larger_than: Option<u64>,
}

impl SourceOptions {
    /// The names in `folder` that belong into the backup, of `names`, which are in byte order.
    pub(super) fn wanted(self, folder: &OwnedFd, names: vec::IntoIter<OsString>) -> vec::IntoIter<OsString> {
        let tag = OsString::from(CACHE_TAG);
        let has_tag = || names.as_slice().binary_search(&tag).is_ok();
        if self.exclude_caches && has_tag() && is_cache(folder) { vec![tag].into_iter() } else { names }
    }
}

/// Whether the tag in `folder` is a file with the signature. One that cannot be read is none, so that nothing is left
/// out because of it.
fn is_cache(folder: &OwnedFd) -> bool {
    // Not through a link, and not blocked by a FIFO.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let Ok(tag) = openat(folder, CACHE_TAG, flags, Mode::empty()) else { return false };
    if !fstat(&tag).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile) {
        return false;
    }
    let mut begin = [0; CACHE_SIGNATURE.len()];
    std::fs::File::from(tag).read_exact(&mut begin).is_ok() && begin == CACHE_SIGNATURE
}
