//! Directories to back up, and their comparison.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt, symlink},
    },
    path::Path,
};

/// A small tree with what is easily lost: odd names, an empty file, an empty folder, a link, modes.
pub fn write_sample(folder: &Path) {
    fs::create_dir_all(folder.join("letters/2026/empty")).unwrap();
    fs::write(folder.join("README.md"), "# Sample\n").unwrap();
    fs::write(folder.join("letters/an \"odd\" näme + 100%.txt"), "odd\n").unwrap();
    fs::write(folder.join("letters/empty.txt"), "").unwrap();
    fs::write(folder.join("letters/2026/numbers.bin"), numbers(300_000)).unwrap();
    fs::write(folder.join("run.sh"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(folder.join("run.sh"), fs::Permissions::from_mode(0o750)).unwrap();
    symlink("README.md", folder.join("link.md")).unwrap();
}

/// Bytes that do not compress and are the same each time (a linear congruential generator, Knuth's MMIX).
pub fn numbers(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(count)
    .collect()
}

/// What a comparison sees of one entry.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    File { bytes: Vec<u8>, mode: u32, modified: i64 },
    Folder { mode: u32 },
    Link { to: Vec<u8> },
}

/// All entries below a folder, by their path in it.
pub fn tree(folder: &Path) -> BTreeMap<Vec<u8>, Entry> {
    let mut found = BTreeMap::new();
    collect(folder, folder, &mut found);
    found
}

fn collect(top: &Path, folder: &Path, found: &mut BTreeMap<Vec<u8>, Entry>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let status = path.symlink_metadata().unwrap();
        let (mode, modified) = (status.mode() & 0o7777, status.mtime());
        let what = if status.is_symlink() {
            Entry::Link { to: fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec() }
        } else if status.is_dir() {
            collect(top, &path, found);
            Entry::Folder { mode }
        } else {
            Entry::File { bytes: fs::read(&path).unwrap(), mode, modified }
        };
        found.insert(path.strip_prefix(top).unwrap().as_os_str().as_bytes().to_vec(), what);
    }
}

/// A file that takes a backup some seconds: what it holds can neither be compressed nor left out as a hole.
pub fn write_large(path: &Path, mebibytes: usize) {
    let mut file = fs::File::create(path).unwrap();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..mebibytes {
        let words = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_ne_bytes()
        });
        let mebibyte: Vec<u8> = words.take(1 << 17).flatten().collect();
        std::io::Write::write_all(&mut file, &mebibyte).unwrap();
    }
}
