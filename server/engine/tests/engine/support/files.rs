//! Folders of files, made and compared.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, File, FileTimes, Permissions},
    io::Write,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rand::{RngCore, SeedableRng, rngs::SmallRng};

/// Pseudo-random bytes: the same for the same seed, and not to be compressed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    SmallRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

/// Files with everything that tends to get lost: odd names, modes, times, links, empty and sparse ones.
pub fn odd_files(root: &Path) {
    fs::create_dir_all(root.join("a folder/deeper/still deeper")).unwrap();
    fs::create_dir(root.join("empty folder")).unwrap();
    write(&root.join("plain.txt"), b"plain text\n", 0o644, 1_600_000_000, 123_456_789);
    write(&root.join("a folder/empty"), b"", 0o600, 0, 0);
    write(&root.join("a folder/old"), b"before 1970", 0o400, -86_400, 0);
    write(&root.join("a folder/deeper/big"), &noise(1, 5 << 20), 0o640, 1_700_000_000, 1);
    write(&root.join("a folder/deeper/copy of big"), &noise(1, 5 << 20), 0o640, 1_700_000_001, 1);
    write(&root.join("a folder/deeper/still deeper/run.sh"), b"#!/bin/sh\n", 0o755, 1_650_000_000, 5);
    write(&root.join("setuid"), b"x", 0o4755, 1_650_000_000, 0);
    for name in [
        "with space",
        "ünïcödé 🦀",
        "quote\"and'",
        "back\\slash",
        "new\nline",
        "-dash",
        "*?[star]",
        ".hidden",
        "tab\t",
        "percent%20",
        "trailing ",
    ] {
        write(&root.join(name), name.as_bytes(), 0o644, 1_650_000_000, 999_999_999);
    }
    write(&root.join(OsStr::from_bytes(b"latin1-\xe9\xff")), b"not UTF-8", 0o644, 1_650_000_000, 0);
    symlink("plain.txt", root.join("link")).unwrap();
    symlink("/etc/passwd", root.join("link out")).unwrap();
    symlink("../nowhere", root.join("a folder/dangling")).unwrap();
    symlink(OsStr::from_bytes(b"to-\xe9"), root.join("odd link")).unwrap();
    let sparse = File::create(root.join("sparse")).unwrap();
    sparse.set_len(24 << 20).unwrap();
    (&sparse).write_all(b"data at the beginning").unwrap();
    fs::set_permissions(root.join("empty folder"), Permissions::from_mode(0o1770)).unwrap();
    set_time(&root.join("a folder/deeper"), 1_500_000_000, 7);
    set_time(&root.join("a folder"), 1_500_000_001, 8);
}

pub fn write(path: &Path, content: &[u8], mode: u32, seconds: i64, nanoseconds: u32) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    set_time(path, seconds, nanoseconds);
}

pub fn set_time(path: &Path, seconds: i64, nanoseconds: u32) {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let epoch = SystemTime::UNIX_EPOCH;
    let time = if seconds < 0 { epoch - whole } else { epoch + whole } + Duration::from_nanos(nanoseconds.into());
    File::open(path).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
}

/// Everything about a file that must come back.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub mode: u32,
    pub owner: (u32, u32),
    pub modified: (i64, i64),
    pub link: Option<PathBuf>,
    pub content: Option<Vec<u8>>,
}

/// All that is below `root`, by relative path. Contents are compared too.
pub fn look(root: &Path) -> BTreeMap<PathBuf, Seen> {
    let mut seen = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let is_link = metadata.is_symlink();
            if metadata.is_dir() {
                folders.push(path.clone());
            }
            let one = Seen {
                mode: metadata.mode(),
                owner: (metadata.uid(), metadata.gid()),
                modified: (metadata.mtime(), metadata.mtime_nsec()),
                link: is_link.then(|| path.read_link().unwrap()),
                content: metadata.is_file().then(|| fs::read(&path).unwrap()),
            };
            seen.insert(path.strip_prefix(root).unwrap().to_path_buf(), one);
        }
    }
    seen
}

/// Fails with the first difference between two folders.
pub fn assert_same(left: &Path, right: &Path) {
    let (left, right) = (look(left), look(right));
    let names = |seen: &BTreeMap<PathBuf, Seen>| seen.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&left), names(&right), "the same names");
    for (path, seen) in &left {
        let other = &right[path];
        let same_content = seen.content == other.content;
        assert!(same_content, "{} has other content", path.display());
        let properties = |seen: &Seen| (seen.mode, seen.owner, seen.modified, seen.link.clone());
        assert_eq!(properties(seen), properties(other), "{}", path.display());
    }
}
