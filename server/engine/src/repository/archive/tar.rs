//! A tar archive, compressed with gzip.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Write},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use rustic_core::{jiff::Timestamp, repofile::Metadata};
use tar::{Builder, EntryType, Header};

use super::{Archive, content::Content, pipe::Pipe};
use crate::source::mode_from_go;

/// Bytes of a link's target that the header itself has room for.
const SHORT_LINK: usize = 100;
/// Modes of what was stored without one. restic leaves that of a file out where it is 0.
const FOLDER_MODE: u32 = 0o755;
const FILE_MODE: u32 = 0;
/// The mode of a file of our own.
const NOTE_MODE: u32 = 0o644;
const LINK_MODE: u32 = 0o777;

pub(super) struct TarGz(Builder<GzEncoder<Pipe>>);

impl TarGz {
    pub(super) fn new(pipe: Pipe) -> Self {
        // Who downloads waits for this thread more often than for the network.
        Self(Builder::new(GzEncoder::new(pipe, Compression::fast())))
    }
}

impl TarGz {
    /// Writes what a header has no room for before it: POSIX's extended header, with attributes named as GNU tar, bsdtar
    /// and star name them.
    fn extend(&mut self, metadata: &Metadata) -> io::Result<()> {
        let time = metadata.mtime.and_then(exact_time);
        let time = time.as_ref().map(|time| ("mtime".to_owned(), time.as_bytes()));
        let attributes = metadata.extended_attributes.iter().map(|attribute| {
            // The name of a record ends with "=".
            let name = attribute.name.replace('%', "%25").replace('=', "%3D");
            (format!("SCHILY.xattr.{name}"), attribute.value.as_deref().unwrap_or_default())
        });
        let records: Vec<_> = time.into_iter().chain(attributes).collect();
        self.0.append_pax_extensions(records.iter().map(|(name, value)| (name.as_str(), *value)))
    }
}

/// A time that is no whole number of seconds since 1970.
fn exact_time(time: Timestamp) -> Option<String> {
    const SECOND: u128 = 1_000_000_000;
    let (nanoseconds, is_negative) = (time.as_nanosecond().unsigned_abs(), time.as_nanosecond() < 0);
    if !is_negative && nanoseconds.is_multiple_of(SECOND) {
        return None;
    }
    let sign = if is_negative { "-" } else { "" };
    Some(format!("{sign}{}.{:09}", nanoseconds / SECOND, nanoseconds % SECOND))
}

impl Archive for TarGz {
    fn name(&self, name: &OsStr) -> OsString {
        name.to_owned()
    }

    fn folder(&mut self, path: &Path, metadata: &Metadata) -> io::Result<()> {
        self.extend(metadata)?;
        let mut header = header(EntryType::Directory, metadata, FOLDER_MODE);
        let mut named = path.as_os_str().to_owned();
        named.push("/");
        self.0.append_data(&mut header, PathBuf::from(named), io::empty())
    }

    fn file(&mut self, path: &Path, metadata: &Metadata, content: Content<'_>) -> io::Result<()> {
        self.extend(metadata)?;
        let mut header = header(EntryType::Regular, metadata, FILE_MODE);
        header.set_size(content.size);
        self.0.append_data(&mut header, path, content)
    }

    fn link(&mut self, path: &Path, metadata: &Metadata, target: &Path) -> io::Result<()> {
        self.extend(metadata)?;
        let mut header = header(EntryType::Symlink, metadata, LINK_MODE);
        if target.as_os_str().len() > SHORT_LINK {
            return self.0.append_link(&mut header, path, target);
        }
        // As it is: the other way leaves out what does not change where it leads.
        header.set_link_name_literal(target.as_os_str().as_bytes())?;
        self.0.append_data(&mut header, path, io::empty())
    }

    const CASE_COUNTS: bool = true;
    const HARD_LINKS: bool = true;

    fn hard_link(&mut self, path: &Path, metadata: &Metadata, target: &Path) -> io::Result<()> {
        self.0.append_link(&mut header(EntryType::Link, metadata, FILE_MODE), path, target)
    }

    fn note(&mut self, path: &Path, text: &str) -> io::Result<()> {
        let mut header = header(EntryType::Regular, &Metadata::default(), NOTE_MODE);
        header.set_size(text.len() as u64);
        self.0.append_data(&mut header, path, text.as_bytes())
    }

    fn refuses(&self, _path: &Path) -> Option<String> {
        None
    }

    fn finish(self) -> io::Result<()> {
        self.0.into_inner()?.finish()?.flush()
    }
}

fn header(kind: EntryType, metadata: &Metadata, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(0);
    header.set_mode(metadata.mode.map_or(mode, mode_from_go));
    header.set_uid(metadata.uid.unwrap_or_default().into());
    header.set_gid(metadata.gid.unwrap_or_default().into());
    set_names(&mut header, metadata);
    let seconds = metadata.mtime.map(Timestamp::as_second).unwrap_or_default();
    // A time before 1970 is in the extended header alone.
    header.set_mtime(seconds.try_into().unwrap_or_default());
    header
}

/// Names of owners that the header has no room for are left out: they have their numbers.
fn set_names(header: &mut Header, metadata: &Metadata) {
    if let Some(user) = &metadata.user {
        let _ = header.set_username(user);
    }
    if let Some(group) = &metadata.group {
        let _ = header.set_groupname(group);
    }
}

#[cfg(test)]
mod tests {
    use super::exact_time;

    #[test]
    fn times_are_written_to_the_nanosecond() {
        let cases = [
            ("1970-01-01T00:00:00Z", None),
            ("2020-09-13T12:26:40.000000001Z", Some("1600000000.000000001")),
            ("1969-12-31T23:59:59.5Z", Some("-0.500000000")),
            ("1969-12-31T00:00:00Z", Some("-86400.000000000")),
        ];
        for (time, text) in cases {
            assert_eq!(exact_time(time.parse().unwrap()).as_deref(), text, "{time}");
        }
    }
}
