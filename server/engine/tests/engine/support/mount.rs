//! File systems that are mounted for a test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A file system in memory. It goes when this is dropped.
pub struct Mount(PathBuf);

impl Mount {
    /// None, which is told, where we may not mount.
    pub fn new(kind: &str, options: &str, at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(["-t", kind, "-o", options, kind]).arg(at).output().unwrap();
        if mounted.status.success() {
            return Some(Self(at.to_path_buf()));
        }
        eprintln!("left out, for nothing can be mounted here: {}", String::from_utf8_lossy(&mounted.stderr));
        None
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
