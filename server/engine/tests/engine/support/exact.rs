//! A tree with everything that a file system keeps of a file, and eyes that see all of it.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsString,
    fs::{self, File, Permissions},
    os::unix::fs::{FileExt, MetadataExt, PermissionsExt, chown, lchown, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};

use super::files::noise;

/// An access control list as the kernel has it: the owner, user 1234, the group, the mask and all others.
pub fn access_list(of_user: u8, mask: u8) -> Vec<u8> {
    let entries =
        [(0x01, 7, u32::MAX), (0x02, of_user, 1234), (0x04, 4, u32::MAX), (0x10, mask, u32::MAX), (0x20, 0, u32::MAX)];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        list.extend([tag, 0, permissions, 0]);
        list.extend(id.to_le_bytes());
    }
    list
}

/// `cap_net_bind_service=ep`, as the kernel has it.
pub const CAPABILITY: [u8; 20] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

pub fn set_time(path: &Path, seconds: i64, nanoseconds: i64) {
    let time = || Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
    let times = Timestamps { last_access: time(), last_modification: time() };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}

/// Files with attributes, lists, capabilities, owners, modes, further names, holes and times. Needs root.
pub fn make(root: &Path) {
    let at = |name: &str| root.join(name);
    fs::create_dir_all(at("folder/deeper")).unwrap();
    fs::create_dir(at("listed")).unwrap();
    let plain = [
        "attributes",
        "listed/file",
        "program",
        "folder/first name",
        "old",
        "older",
        "shut",
        "of somebody",
        "of daemon",
    ];
    for name in plain {
        fs::write(at(name), name).unwrap();
    }
    attributes(root);
    fs::hard_link(at("folder/first name"), at("folder/deeper/second name")).unwrap();
    fs::hard_link(at("folder/first name"), at("third name")).unwrap();
    fs::write(at("folder/large"), noise(5, 20 << 20)).unwrap();
    fs::hard_link(at("folder/large"), at("large too")).unwrap();
    holes(root);
    symlink("nowhere", at("link")).unwrap();
    assert!(Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
    chown(at("of somebody"), Some(123_456), Some(654_321)).unwrap();
    chown(at("of daemon"), Some(1), Some(1)).unwrap();
    chown(at("fifo"), Some(1), Some(2)).unwrap();
    lchown(at("link"), Some(1234), Some(5678)).unwrap();
    let modes = [
        ("program", 0o4755),
        ("of daemon", 0o6711),
        ("shut", 0),
        ("folder", 0o2775),
        ("folder/deeper", 0o1777),
        ("fifo", 0o626),
    ];
    for (name, mode) in modes {
        fs::set_permissions(at(name), Permissions::from_mode(mode)).unwrap();
    }
    xattr::set(at("program"), "security.capability", &CAPABILITY).unwrap();
    times(root);
}

fn attributes(root: &Path) {
    let set = |name: &str, attribute: &str, value: &[u8]| xattr::set(root.join(name), attribute, value).unwrap();
    set("attributes", "user.text", b"some text");
    set("attributes", "user.binary", &[0, 255, 10, b'=']);
    set("attributes", "user.empty", b"");
    set("attributes", "user.odd = 100%", b"odd");
    set("attributes", "trusted.root", b"of root alone");
    set("folder", "user.folder", b"of a folder");
    set("listed", "system.posix_acl_access", &access_list(5, 7));
    set("listed", "system.posix_acl_default", &access_list(6, 6));
    set("listed/file", "system.posix_acl_access", &access_list(4, 4));
    // What is made in a folder with a default list inherits one; this has none any more.
    fs::write(root.join("listed/unlisted"), "x").unwrap();
    xattr::remove(root.join("listed/unlisted"), "system.posix_acl_access").unwrap();
}

/// Holes at the begin, in the middle, at the end, of pieces' sizes and of others, and nothing but a hole.
fn holes(root: &Path) {
    File::create(root.join("nothing but a hole")).unwrap().set_len(40 << 20).unwrap();
    let file = File::create(root.join("holes")).unwrap();
    file.set_len(90 << 20).unwrap();
    for (number, offset) in [(0, 3 << 20), (1, (30 << 20) + 77), (2, 31 << 20), (3, (60 << 20) - 1)] {
        file.write_all_at(&noise(number, 10_000), offset).unwrap();
    }
}

fn times(root: &Path) {
    let times = [
        ("old", -1, 500_000_000),
        ("older", -2_000_000_000, 123_456_789),
        ("attributes", 0, 1),
        ("link", -86_400, 7),
        ("fifo", 1_600_000_000, 999_999_999),
        ("listed", 4_000_000_000, 5),
        ("folder/deeper", -3, 3),
        ("folder", 1_500_000_000, 123),
    ];
    for (name, seconds, nanoseconds) in times {
        set_time(&root.join(name), seconds, nanoseconds);
    }
}

/// Everything about a file that must come back.
#[derive(Debug, PartialEq, Eq)]
pub struct Exact {
    pub mode: u32,
    pub owner: (u32, u32),
    pub modified: (i64, i64),
    pub attributes: BTreeMap<OsString, Vec<u8>>,
    pub target: Option<PathBuf>,
    /// The name of this file that comes first.
    pub first_name: PathBuf,
    /// Bytes on the disk.
    pub taken: u64,
    pub content: Option<Vec<u8>>,
}

/// All that is below `root`, by path.
pub fn look(root: &Path) -> BTreeMap<PathBuf, Exact> {
    let mut paths = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            }
            paths.push(entry.path());
        }
    }
    paths.sort();
    let (mut seen, mut names) = (BTreeMap::new(), HashMap::new());
    for path in paths {
        let name = path.strip_prefix(root).unwrap().to_path_buf();
        let metadata = path.symlink_metadata().unwrap();
        let first = names.entry((metadata.dev(), metadata.ino())).or_insert_with(|| name.clone());
        let exact = Exact {
            mode: metadata.mode(),
            owner: (metadata.uid(), metadata.gid()),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            attributes: attributes_of(&path),
            target: metadata.is_symlink().then(|| path.read_link().unwrap()),
            first_name: first.clone(),
            taken: metadata.blocks() * 512,
            content: metadata.is_file().then(|| fs::read(&path).unwrap()),
        };
        seen.insert(name, exact);
    }
    seen
}

pub fn attributes_of(path: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let names = xattr::list(path).unwrap();
    names.map(|name| (name.clone(), xattr::get(path, &name).unwrap().unwrap())).collect()
}

/// Fails with the first difference. Holes are compared where `holes` says so: as many as there were, or more.
pub fn assert_same(left: &Path, right: &Path, holes: bool) {
    let (left, right) = (look(left), look(right));
    assert_eq!(left.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>(), "the same names");
    for (path, seen) in &left {
        let (other, path) = (&right[path], path.display());
        assert!(seen.content == other.content, "{path} has other content");
        assert_eq!(seen.attributes, other.attributes, "{path}");
        let rest =
            |exact: &Exact| (exact.mode, exact.owner, exact.modified, exact.target.clone(), exact.first_name.clone());
        assert_eq!(rest(seen), rest(other), "{path}");
        // Some room for how a file system lays files out.
        let most = seen.taken + (512 << 10);
        assert!(!holes || other.taken <= most, "{path} takes {} in place of {} bytes", other.taken, seen.taken);
    }
}
