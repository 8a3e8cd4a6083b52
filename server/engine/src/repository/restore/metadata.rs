//! Owners, modes and times of restored files.

use std::{ffi::OsStr, io, os::fd::AsFd};

use rustic_core::{jiff::Timestamp, repofile::Metadata};
use rustix::{
    fs::{
        AtFlags, FileType, Gid, Mode, Timespec, Timestamps, Uid, chownat, fchmod, fchown, fstat, futimens, utimensat,
    },
    io::Errno,
};

use super::{Job, folder::Folder};
use crate::source::{TreePath, mode_from_go, words};

/// Set-user and set-group bits.
const SET_USER: u32 = 0o4000;
const SET_GROUP: u32 = 0o2000;
/// The attribute that lends a program single rights of root's (`capabilities(7)`).
const CAPABILITIES: &str = "security.capability";

/// Gives an open file or folder its owner, where we may, its mode and its times. What cannot or may not be set is a
/// warning.
pub(super) fn apply(job: &Job<'_>, file: impl AsFd, path: &TreePath, metadata: &Metadata) {
    let lent = set_owner_and_mode(&file, metadata, job.lending_bits);
    let timed = times(metadata).map_or(Ok(()), |times| Ok(futimens(&file, &times)?));
    match lent.and_then(|lent| timed.map(|()| lent)) {
        Ok(Lent::All) => {}
        Ok(Lent::Less) => {
            job.warn(path, "it would have run with root's rights; its set-user or set-group bit was not restored");
        }
        Err(error) => job.warn(path, format!("its owner, mode or time could not be set: {}", words(&error))),
    }
    if metadata.extended_attributes.iter().any(|attribute| attribute.name == CAPABILITIES) {
        job.warn(path, "it would have run with some of root's rights; its capabilities were not restored");
    }
}

/// Whether the bits that lend rights are as they were.
#[derive(PartialEq, Eq)]
enum Lent {
    All,
    Less,
}

fn set_owner_and_mode(file: &impl AsFd, metadata: &Metadata, lends_root: bool) -> io::Result<Lent> {
    let (owner, group) = owner(metadata);
    // Before the mode: changing the owner clears bits of it.
    let owned = allowed(fchown(file, owner, group))?;
    let Some(mode) = metadata.mode else { return Ok(Lent::All) };
    let mode = mode_from_go(mode);
    // Without the owner they were meant for they would lend our own rights.
    let mut kept = if owned { mode } else { mode & !(SET_USER | SET_GROUP) };
    // Whose it has become counts, not what the snapshot says. In folders these bits lend nothing.
    let stat = fstat(file)?;
    let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    let wanted = kept;
    if !lends_root && !is_folder {
        let of_root = if stat.st_uid == 0 { SET_USER | SET_GROUP } else { 0 };
        let of_group = if stat.st_gid == 0 { SET_GROUP } else { 0 };
        kept &= !(of_root | of_group);
    }
    fchmod(file, Mode::from_raw_mode(kept))?;
    Ok(if kept == wanted { Lent::All } else { Lent::Less })
}

/// The same for a link itself; it has no mode.
pub(super) fn apply_to_link(folder: &Folder, name: &OsStr, metadata: &Metadata) -> io::Result<()> {
    let (owner, group) = owner(metadata);
    allowed(chownat(folder, name, owner, group, AtFlags::SYMLINK_NOFOLLOW))?;
    if let Some(times) = times(metadata) {
        utimensat(folder, name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
}

/// Only root may give files away; everybody else keeps what is restored.
fn allowed(changed: Result<(), Errno>) -> io::Result<bool> {
    match changed {
        Ok(()) => Ok(true),
        Err(Errno::PERM | Errno::INVAL | Errno::OPNOTSUPP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn owner(metadata: &Metadata) -> (Option<Uid>, Option<Gid>) {
    // The highest number means "unchanged" to the system.
    let known = |id: &u32| *id != u32::MAX;
    (metadata.uid.filter(known).map(Uid::from_raw), metadata.gid.filter(known).map(Gid::from_raw))
}

fn times(metadata: &Metadata) -> Option<Timestamps> {
    let modified = metadata.mtime?;
    let accessed = metadata.atime.unwrap_or(modified);
    Some(Timestamps { last_access: timespec(accessed)?, last_modification: timespec(modified)? })
}

fn timespec(time: Timestamp) -> Option<Timespec> {
    let nanoseconds = time.as_nanosecond();
    let tv_sec = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()?;
    let tv_nsec = i64::try_from(nanoseconds.rem_euclid(1_000_000_000)).ok()?;
    Some(Timespec { tv_sec, tv_nsec })
}
