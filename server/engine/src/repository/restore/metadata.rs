//! Owners, modes and times of restored files.

use std::{ffi::OsStr, io, os::fd::AsFd};

use rustic_core::{jiff::Timestamp, repofile::Metadata};
use rustix::{
    fs::{AtFlags, Gid, Mode, Timespec, Timestamps, Uid, chownat, fchmod, fchown, futimens, utimensat},
    io::Errno,
};

use super::folder::Folder;
use crate::source::mode_from_go;

/// Set-user and set-group bits. Without the owner they were meant for they would lend our own rights.
const LENDING_BITS: u32 = 0o6000;

/// Gives an open file or folder its owner, where we may, its mode and its times.
pub(super) fn apply(file: impl AsFd, metadata: &Metadata) -> io::Result<()> {
    let (owner, group) = owner(metadata);
    // Before the mode: changing the owner clears bits of it.
    let owned = allowed(fchown(&file, owner, group))?;
    if let Some(mode) = metadata.mode {
        let mode = mode_from_go(mode);
        let mode = if owned { mode } else { mode & !LENDING_BITS };
        fchmod(&file, Mode::from_raw_mode(mode))?;
    }
    if let Some(times) = times(metadata) {
        futimens(&file, &times)?;
    }
    Ok(())
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
