//! Extended attributes (`xattr(7)`): those of users, access control lists, capabilities and the labels of security
//! modules, as the system gives them.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io,
    os::fd::{AsRawFd, OwnedFd},
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use rustix::io::Errno;
use serde::{Serialize, de::DeserializeOwned};

use super::report::{shown, words};

/// Bytes of names and values that are stored of one file.
const MOST: usize = 1 << 20;
/// Names that are told for one reason.
const MOST_NAMED: usize = 3;

/// Where the system has names for open files.
const OPEN_FILES: &str = "/proc/self/fd";

/// A file's extended attributes.
#[derive(Default)]
pub(super) struct Attributes {
    /// In the order of their names, so that a folder that has not changed reads the same.
    stored: Vec<Attribute>,
    /// Those that are not stored, by the reason.
    missing: BTreeMap<String, Names>,
}

/// One of them, as restic stores it.
#[derive(Serialize)]
struct Attribute {
    name: String,
    /// In base64.
    value: String,
}

#[derive(Default)]
struct Names {
    first: Vec<String>,
    count: usize,
}

impl Attributes {
    /// Reads those of `name` in `folder`; of a link its own. A file system without attributes has none.
    pub(super) fn read(folder: &OwnedFd, name: &OsStr) -> Self {
        let mut attributes = Self::default();
        let path = path(folder, name);
        let mut names: Vec<OsString> = match xattr::list(&path) {
            Ok(names) => names.collect(),
            Err(error) if has_none(&error) => return attributes,
            Err(error) => {
                attributes.missing.insert(words(&error), Names::default());
                return attributes;
            }
        };
        names.sort_unstable();
        let mut room = MOST;
        for name in names {
            match xattr::get(&path, &name) {
                Ok(Some(value)) => attributes.take(&name, &value, &mut room),
                // It was removed meanwhile.
                Ok(None) => {}
                Err(error) => attributes.miss(&name, words(&error)),
            }
        }
        attributes
    }

    fn take(&mut self, name: &OsStr, value: &[u8], room: &mut usize) {
        let Some(text) = name.to_str() else {
            return self.miss(name, tr!("their names have to be UTF-8 to be stored"));
        };
        match room.checked_sub(text.len() + value.len()) {
            Some(left) => {
                *room = left;
                self.stored.push(Attribute { name: text.into(), value: BASE64_STANDARD.encode(value) });
            }
            None => self.miss(name, tr!("of one file up to 1 MiB of attributes are stored")),
        }
    }

    /// Those that are stored, as the library keeps them in a node. It gives its type no name, so that one is made by
    /// reading it.
    pub(super) fn stored<T: Default + DeserializeOwned>(&self) -> io::Result<T> {
        if self.stored.is_empty() {
            return Ok(T::default());
        }
        Ok(serde_json::from_slice(&serde_json::to_vec(&self.stored)?)?)
    }

    fn miss(&mut self, name: &OsStr, cause: String) {
        let names = self.missing.entry(cause).or_default();
        names.count += 1;
        if names.first.len() < MOST_NAMED {
            names.first.push(format!("\"{}\"", shown(name)));
        }
    }

    /// What is not stored and why, in some words for each reason.
    pub(super) fn missing(&self) -> impl Iterator<Item = String> {
        self.missing.iter().map(|(cause, names)| match names.shown() {
            Some(names) => tr!("without its extended attributes {}: {}", names, cause),
            None => tr!("without its extended attributes: {}", cause),
        })
    }
}

impl Names {
    /// None where there are no names.
    fn shown(&self) -> Option<String> {
        let named = self.first.join(", ");
        match self.count - self.first.len() {
            _ if named.is_empty() => None,
            0 => Some(named),
            more => Some(tr!("{} and {n} more" | "{} and {n} more" % more, named)),
        }
    }
}

/// The system reads attributes by path. This one begins at the folder that is open, and its last name is not followed
/// when it is a link.
fn path(folder: &OwnedFd, name: &OsStr) -> PathBuf {
    Path::new(OPEN_FILES).join(folder.as_raw_fd().to_string()).join(name)
}

/// A file that vanished has none either, which is told when it is read. Without `/proc` nothing could be said of any.
fn has_none(error: &io::Error) -> bool {
    let vanished = error.kind() == io::ErrorKind::NotFound && Path::new(OPEN_FILES).exists();
    vanished || Errno::from_io_error(error) == Some(Errno::OPNOTSUPP)
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    use super::{Attributes, MOST};

    #[test]
    fn what_is_too_much_or_no_text_is_named() {
        let (mut attributes, mut room) = (Attributes::default(), MOST);
        attributes.take(OsStr::new("user.a"), &vec![0; MOST - 100], &mut room);
        for number in 0..5 {
            attributes.take(OsStr::new(&format!("user.large {number}")), &[0; 1000], &mut room);
        }
        attributes.take(OsStr::new("user.z"), &[], &mut room);
        attributes.take(OsStr::from_bytes(b"user.\xff"), &[], &mut room);
        let stored: Vec<_> = attributes.stored.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(stored, ["user.a", "user.z"]);
        let told: Vec<_> = attributes.missing().collect();
        assert_eq!(
            told,
            [
                "without its extended attributes \"user.large 0\", \"user.large 1\", \"user.large 2\" and 2 more: of \
                 one file up to 1 MiB of attributes are stored",
                "without its extended attributes \"user.\\xff\": their names have to be UTF-8 to be stored",
            ]
        );
    }
}
