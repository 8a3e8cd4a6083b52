//! The files that a site is made of.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// So many bytes of the hash tell two builds apart, in a name that fits a line.
const SHOWN: usize = 10;

/// A hash, in hexadecimal, of names and contents of all files at the paths, and of this tool's version.
pub fn hash(paths: &[&PathBuf]) -> Result<String> {
    let mut hash = Sha256::new_with_prefix(env!("CARGO_PKG_VERSION"));
    for root in paths {
        for file in files(root)? {
            let name = file.strip_prefix(root)?.as_os_str().as_encoded_bytes();
            let content = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            for part in [name, &content] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
    }
    Ok(hash.finalize()[..SHOWN].iter().map(|byte| format!("{byte:02x}")).collect())
}

/// All files at the path, which may be a file itself, in the order of their names.
pub fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("{} cannot be read", path.display()))? {
        found.extend(files(&entry?.path())?);
    }
    found.sort();
    Ok(found)
}

/// Copies all files of a folder into another one.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    for file in files(from)? {
        let target = to.join(file.strip_prefix(from)?);
        fs::create_dir_all(target.parent().unwrap_or(to))?;
        fs::copy(&file, &target).with_context(|| format!("{} cannot be copied", file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_follows_names_and_contents() {
        let folder = env_folder("hash");
        let one = |name: &str, content: &str| {
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(folder.join("inner")).unwrap();
            fs::write(folder.join("inner").join(name), content).unwrap();
            hash(&[&folder]).unwrap()
        };
        let first = one("a", "b");
        assert_eq!(first.len(), 2 * SHOWN);
        assert_eq!(first, one("a", "b"));
        assert_ne!(first, one("a", "c"));
        assert_ne!(first, one("ab", ""));
        fs::remove_dir_all(folder).unwrap();
    }

    fn env_folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("bundle-{name}-{}", std::process::id()))
    }
}
