//! A file's properties as restic's trees keep them.

use std::{ffi::OsStr, io, os::unix::ffi::OsStrExt, path::Path};

use rustic_core::{
    jiff::Timestamp,
    repofile::{Metadata, Node, NodeType},
};
use rustix::fs::{FileType, Stat, readlinkat};

use super::{owners::OwnerNames, walk::Found};

/// restic reads years of four digits, and takes the first or the last of them for others. This is the first one's begin.
const EARLIEST: Timestamp = Timestamp::constant(-62_167_219_200, 0);

/// The node of a walked entry, without its content.
pub(super) fn node(found: &Found, names: &OwnerNames) -> io::Result<Node> {
    let stat = &found.stat;
    let kind = match found.file_type() {
        FileType::Directory => NodeType::Dir,
        FileType::Symlink => {
            let target = readlinkat(found.parent()?, found.path.name(), Vec::new())?;
            NodeType::from_link(Path::new(OsStr::from_bytes(target.as_bytes())))
        }
        FileType::Fifo => NodeType::Fifo,
        FileType::Socket => NodeType::Socket,
        FileType::BlockDevice => NodeType::Dev { device: stat.st_rdev },
        FileType::CharacterDevice => NodeType::Chardev { device: stat.st_rdev },
        _ => NodeType::File,
    };
    let metadata = Metadata {
        user: names.user(stat.st_uid),
        group: names.group(stat.st_gid),
        extended_attributes: found.attributes.stored()?,
        ..metadata(stat)
    };
    Ok(Node::new_node(found.path.name(), kind, metadata))
}

/// The size of a regular file; 0 for everything else.
pub(super) fn file_size(stat: &Stat) -> u64 {
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    if is_file { u64::try_from(stat.st_size).unwrap_or_default() } else { 0 }
}

#[allow(clippy::useless_conversion, reason = "the number of links is narrower on other processors")]
fn metadata(stat: &Stat) -> Metadata {
    let is_folder = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    let is_hard_link = stat.st_nlink > 1 && !is_folder;
    let modified = Some(timestamp(stat.st_mtime, stat.st_mtime_nsec));
    Metadata {
        mode: Some(mode_to_go(stat.st_mode)),
        mtime: modified,
        // The access time changes with every backup and would make every tree a new one.
        atime: modified,
        ctime: Some(timestamp(stat.st_ctime, stat.st_ctime_nsec)),
        uid: Some(stat.st_uid),
        gid: Some(stat.st_gid),
        user: None,
        group: None,
        inode: stat.st_ino,
        // Device numbers change between boots; only hard links need them.
        device_id: if is_hard_link { stat.st_dev } else { 0 },
        size: file_size(stat),
        links: if is_folder { 0 } else { stat.st_nlink.into() },
        extended_attributes: Vec::new(),
    }
}

/// A time, or the nearest one that every program can read.
fn timestamp(seconds: i64, nanoseconds: u64) -> Timestamp {
    if seconds < EARLIEST.as_second() {
        return EARLIEST;
    }
    Timestamp::new(seconds, i32::try_from(nanoseconds).unwrap_or_default()).unwrap_or(Timestamp::MAX)
}

const PERMISSIONS: u32 = 0o777;
/// Unix's bits beside Go's: restic stores Go's `os.FileMode` (<https://pkg.go.dev/io/fs#FileMode>).
const SPECIAL_BITS: [(u32, u32); 3] = [(0o4000, 1 << 23), (0o2000, 1 << 22), (0o1000, 1 << 20)];
const GO_DIRECTORY: u32 = 1 << 31;
const GO_SYMLINK: u32 = 1 << 27;
const GO_DEVICE: u32 = 1 << 26;
const GO_FIFO: u32 = 1 << 25;
const GO_SOCKET: u32 = 1 << 24;
const GO_CHARACTER_DEVICE: u32 = 1 << 21;

pub(crate) fn mode_to_go(mode: u32) -> u32 {
    let kind = match FileType::from_raw_mode(mode) {
        FileType::Directory => GO_DIRECTORY,
        FileType::Symlink => GO_SYMLINK,
        FileType::BlockDevice => GO_DEVICE,
        FileType::CharacterDevice => GO_DEVICE | GO_CHARACTER_DEVICE,
        FileType::Fifo => GO_FIFO,
        FileType::Socket => GO_SOCKET,
        _ => 0,
    };
    let special = SPECIAL_BITS.iter().filter(|(unix, _)| mode & unix != 0).map(|(_, go)| go).sum::<u32>();
    (mode & PERMISSIONS) | kind | special
}

/// Unix's permission and special bits of a mode that restic stored.
pub(crate) fn mode_from_go(mode: u32) -> u32 {
    let special = SPECIAL_BITS.iter().filter(|(_, go)| mode & go != 0).map(|(unix, _)| unix).sum::<u32>();
    (mode & PERMISSIONS) | special
}

#[cfg(test)]
mod tests {
    use super::{mode_from_go, mode_to_go, timestamp};

    #[test]
    fn every_time_has_a_year_of_four_digits() {
        let cases = [
            ((0, 1), "1970-01-01T00:00:00.000000001Z"),
            ((-1, 500_000_000), "1969-12-31T23:59:59.5Z"),
            ((-62_167_219_200, 7), "0000-01-01T00:00:00.000000007Z"),
            ((-62_167_219_201, 999_999_999), "0000-01-01T00:00:00Z"),
            ((i64::MIN, 0), "0000-01-01T00:00:00Z"),
            ((i64::MAX, 0), "9999-12-30T22:00:00.999999999Z"),
        ];
        for ((seconds, nanoseconds), text) in cases {
            assert_eq!(timestamp(seconds, nanoseconds).to_string(), text);
        }
    }

    #[test]
    fn modes_survive_the_way_through_go() {
        assert_eq!(mode_to_go(0o040_755), 0x8000_01ed);
        assert_eq!(mode_to_go(0o100_644), 0o644);
        for mode in [0o644, 0o4755, 0o2775, 0o1777, 0o7000] {
            assert_eq!(mode_from_go(mode_to_go(0o100_000 | mode)), mode);
        }
    }
}
