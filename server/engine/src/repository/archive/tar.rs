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
/// Modes of what was stored without one.
const FOLDER_MODE: u32 = 0o755;
const FILE_MODE: u32 = 0o644;
const LINK_MODE: u32 = 0o777;

pub(super) struct TarGz(Builder<GzEncoder<Pipe>>);

impl TarGz {
    pub(super) fn new(pipe: Pipe) -> Self {
        // Who downloads waits for this thread more often than for the network.
        Self(Builder::new(GzEncoder::new(pipe, Compression::fast())))
    }
}

impl Archive for TarGz {
    fn name(&self, name: &OsStr) -> OsString {
        name.to_owned()
    }

    fn folder(&mut self, path: &Path, metadata: &Metadata) -> io::Result<()> {
        let mut header = header(EntryType::Directory, metadata, FOLDER_MODE);
        let mut named = path.as_os_str().to_owned();
        named.push("/");
        self.0.append_data(&mut header, PathBuf::from(named), io::empty())
    }

    fn file(&mut self, path: &Path, metadata: &Metadata, content: Content<'_>) -> io::Result<()> {
        let mut header = header(EntryType::Regular, metadata, FILE_MODE);
        header.set_size(content.size);
        self.0.append_data(&mut header, path, content)
    }

    fn link(&mut self, path: &Path, metadata: &Metadata, target: &Path) -> io::Result<()> {
        let mut header = header(EntryType::Symlink, metadata, LINK_MODE);
        if target.as_os_str().len() > SHORT_LINK {
            return self.0.append_link(&mut header, path, target);
        }
        // As it is: the other way leaves out what does not change where it leads.
        header.set_link_name_literal(target.as_os_str().as_bytes())?;
        self.0.append_data(&mut header, path, io::empty())
    }

    fn note(&mut self, path: &Path, text: &str) -> io::Result<()> {
        let mut header = header(EntryType::Regular, &Metadata::default(), FILE_MODE);
        header.set_size(text.len() as u64);
        self.0.append_data(&mut header, path, text.as_bytes())
    }

    fn has_room(&self, _path: &Path) -> bool {
        true
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
    let seconds = metadata.mtime.map(Timestamp::as_second).unwrap_or_default();
    // The format has no time before 1970.
    header.set_mtime(seconds.try_into().unwrap_or_default());
    header
}
