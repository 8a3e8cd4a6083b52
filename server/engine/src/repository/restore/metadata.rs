//! Owners, modes, attributes and times of restored files.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    io,
    os::fd::{AsFd, AsRawFd},
    path::{Path, PathBuf},
};

use rustic_core::{jiff::Timestamp, repofile::Metadata};
use rustix::{
    fs::{
        AtFlags, FileType, Gid, Mode, OFlags, Stat, Timespec, Timestamps, Uid, XattrFlags, chmod, chownat, fchmod,
        fchown, fstat, futimens, openat, removexattr, setxattr, utimensat,
    },
    io::Errno,
};

use super::{super::Property, Job, folder::Folder};
use crate::source::{OwnerNumbers, TreePath, mode_from_go, words};

/// Set-user and set-group bits.
const SET_USER: u32 = 0o4000;
const SET_GROUP: u32 = 0o2000;
/// The attributes that lend a program single rights of root's (`capabilities(7)`), or another label than its starter's
/// (`smack` in the kernel's documentation).
const LENDING: [&str; 2] = ["security.capability", "security.SMACK64EXEC"];
/// Access control lists as attributes, one for the file itself and one for what is made in a folder (`acl(5)`).
const ACCESS_LISTS: [&str; 2] = ["system.posix_acl_access", "system.posix_acl_default"];
/// The folder in which the system has names for open files.
const OPEN_FILES: &str = "/proc/self/fd";

/// What a file was not given, and why.
type Unset = BTreeSet<(Property, String)>;

/// Gives an open file or folder its owner, where we may, its mode, its attributes and its times. What cannot or may not
/// be set is told.
pub(super) fn apply(job: &Job<'_>, file: impl AsFd, path: &TreePath, metadata: &Metadata) {
    let mut unset = Unset::new();
    if let Err(error) = set_permissions(job, &file, path, metadata, &mut unset) {
        job.warn(path, tr!("its owner or mode could not be set: {}", words(&error)));
    }
    set_access_lists(&file, metadata, &mut unset);
    let timed = times(metadata).map_or(Ok(()), |times| Ok(futimens(&file, &times)?));
    tell_times(timed.and_then(|()| Ok(fstat(&file)?)), metadata, &mut unset);
    job.unset(path, unset);
}

/// Sets owner, attributes and mode, in this order: a change of the owner takes capabilities and bits of the mode, and
/// attributes may not be set where the mode forbids writing.
fn set_permissions(
    job: &Job<'_>,
    file: &impl AsFd,
    path: &TreePath,
    metadata: &Metadata,
    unset: &mut Unset,
) -> io::Result<()> {
    let (owner, group) = owner(job.owners.as_ref(), metadata);
    let owned = allowed(fchown(file, owner, group), unset)?;
    set_attributes(job, file, path, metadata, unset);
    if set_mode(file, metadata.mode, owned, job.lending_bits)? == Lent::Less {
        job.warn(
            path,
            tr!("it would have run with the rights of the system; its set-user or set-group bit was not restored"),
        );
    }
    Ok(())
}

/// Ids below are those of the system and its services (Debian's policy, section 9.2.2).
const FIRST_PERSON: u32 = 1000;

/// Whether the bits that lend rights are as they were.
#[derive(PartialEq, Eq)]
enum Lent {
    All,
    Less,
}

fn set_mode(file: &impl AsFd, mode: Option<u32>, owned: bool, lends_root: bool) -> io::Result<Lent> {
    let stat = fstat(file)?;
    let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    // restic leaves a mode of 0 out, which a folder's is not, since it has Go's bit for folders.
    let Some(mode) = mode.or((!is_folder).then_some(0)).map(mode_from_go) else { return Ok(Lent::All) };
    // Without the owner they were meant for they would lend our own rights.
    let wanted = if owned { mode } else { mode & !(SET_USER | SET_GROUP) };
    let mut kept = wanted;
    // Whose it has become counts, not what the snapshot says. In folders these bits lend nothing.
    if !lends_root && !is_folder {
        let of_owner = match stat.st_uid {
            0 => SET_USER | SET_GROUP,
            1..FIRST_PERSON => SET_USER,
            _ => 0,
        };
        // Such as `disk` and `shadow`, which are as good as root's.
        let of_group = if stat.st_gid < FIRST_PERSON { SET_GROUP } else { 0 };
        kept &= !(of_owner | of_group);
    }
    fchmod(file, Mode::from_raw_mode(kept))?;
    Ok(if kept == wanted { Lent::All } else { Lent::Less })
}

/// The same for a link or a FIFO under a temporary name. A link has no mode.
pub(super) fn apply_to_special(
    job: &Job<'_>,
    (folder, name): (&Folder, &OsStr),
    path: &TreePath,
    metadata: &Metadata,
) -> io::Result<()> {
    let mut unset = Unset::new();
    let (owner, group) = owner(job.owners.as_ref(), metadata);
    allowed(chownat(folder, name, owner, group, AtFlags::SYMLINK_NOFOLLOW), &mut unset)?;
    let special = openat(folder, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    set_attributes(job, &special, path, metadata, &mut unset);
    let is_fifo = FileType::from_raw_mode(fstat(&special)?.st_mode) == FileType::Fifo;
    if let Some(mode) = metadata.mode.filter(|_| is_fifo) {
        chmod(open_file(&special), Mode::from_raw_mode(mode_from_go(mode)))?;
        set_access_lists(&special, metadata, &mut unset);
    }
    if let Some(times) = times(metadata) {
        utimensat(folder, name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    tell_times(Ok(fstat(&special)?), metadata, &mut unset);
    job.unset(path, unset);
    Ok(())
}

/// Only root may give files away; everybody else keeps what is restored.
fn allowed(changed: Result<(), Errno>, unset: &mut Unset) -> io::Result<bool> {
    match changed {
        Ok(()) => Ok(true),
        Err(error @ (Errno::PERM | Errno::INVAL | Errno::OPNOTSUPP)) => {
            unset.insert((Property::Owner, words(&error.into())));
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// By name where that is asked for and the name is known here, else by number.
fn owner(by_name: Option<&OwnerNumbers>, metadata: &Metadata) -> (Option<Uid>, Option<Gid>) {
    let user = by_name.and_then(|numbers| numbers.user(metadata.user.as_ref()?)).or(metadata.uid);
    let group = by_name.and_then(|numbers| numbers.group(metadata.group.as_ref()?)).or(metadata.gid);
    // The highest number means "unchanged" to the system.
    let known = |id: &u32| *id != u32::MAX;
    (user.filter(known).map(Uid::from_raw), group.filter(known).map(Gid::from_raw))
}

/// Where the system has a name for an open file, also for one that is open for its properties alone.
fn open_file(file: &impl AsFd) -> PathBuf {
    Path::new(OPEN_FILES).join(file.as_fd().as_raw_fd().to_string())
}

/// Sets the attributes that do not belong to the mode.
fn set_attributes(job: &Job<'_>, file: &impl AsFd, path: &TreePath, metadata: &Metadata, unset: &mut Unset) {
    let attributes = metadata.extended_attributes.iter();
    for attribute in attributes.filter(|attribute| !ACCESS_LISTS.contains(&attribute.name.as_str())) {
        if !job.lending_bits && LENDING.contains(&attribute.name.as_str()) {
            let cause = tr!("it would have run with some of root's rights; its capabilities were not restored");
            job.warn(path, cause);
        } else {
            set_attribute(file, &attribute.name, attribute.value.as_deref(), unset);
        }
    }
}

/// Sets the access control lists, of which the mode is a part. One that the file had not is inherited from a folder here.
fn set_access_lists(file: &impl AsFd, metadata: &Metadata, unset: &mut Unset) {
    for list in ACCESS_LISTS {
        if let Some(attribute) = metadata.extended_attributes.iter().find(|attribute| attribute.name == list) {
            set_attribute(file, &attribute.name, attribute.value.as_deref(), unset);
        } else if let Err(error @ (Errno::PERM | Errno::ACCESS)) = removexattr(open_file(file), list) {
            // Most files have none, and many file systems none at all, which is right.
            unset.insert((Property::AccessControlList, words(&error.into())));
        }
    }
}

fn set_attribute(file: &impl AsFd, name: &str, value: Option<&[u8]>, unset: &mut Unset) {
    if let Err(error) = setxattr(open_file(file), name, value.unwrap_or_default(), XattrFlags::empty()) {
        unset.insert((property(name), attribute_cause(error)));
    }
}

fn property(name: &str) -> Property {
    if ACCESS_LISTS.contains(&name) {
        Property::AccessControlList
    } else if LENDING.contains(&name) {
        Property::Capabilities
    } else {
        Property::ExtendedAttributes
    }
}

/// "No space left" is said of a file's attributes too, of which some file systems store a few kilobytes.
fn attribute_cause(error: Errno) -> String {
    match error {
        Errno::NOSPC | Errno::DQUOT | Errno::TOOBIG | Errno::RANGE => tr!("the file system has no room for it"),
        Errno::OPNOTSUPP => tr!("the file system has none such"),
        error => words(&error.into()),
    }
}

fn times(metadata: &Metadata) -> Option<Timestamps> {
    let modified = metadata.mtime?;
    let accessed = metadata.atime.unwrap_or(modified);
    Some(Timestamps { last_access: timespec(accessed)?, last_modification: timespec(modified)? })
}

/// A file system that has no such time takes the nearest one that it has, and says nothing.
fn tell_times(now: io::Result<Stat>, metadata: &Metadata, unset: &mut Unset) {
    let cause = match now {
        Ok(now) => {
            let seconds_and_rest = |time: Timespec| (time.tv_sec, u64::try_from(time.tv_nsec).unwrap_or_default());
            let wanted = metadata.mtime.and_then(timespec).map(seconds_and_rest);
            if wanted.is_none_or(|wanted| wanted == (now.st_mtime, now.st_mtime_nsec)) {
                return;
            }
            tr!("the file system has no such time")
        }
        Err(error) => words(&error),
    };
    unset.insert((Property::Times, cause));
}

fn timespec(time: Timestamp) -> Option<Timespec> {
    let nanoseconds = time.as_nanosecond();
    let tv_sec = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()?;
    let tv_nsec = i64::try_from(nanoseconds.rem_euclid(1_000_000_000)).ok()?;
    Some(Timespec { tv_sec, tv_nsec })
}
