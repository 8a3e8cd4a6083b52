//! A zip archive.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Write},
    path::Path,
};

use chrono::{Datelike, Timelike};
use rustic_core::repofile::Metadata;
use zip::{
    CompressionMethod, DateTime, ZipWriter,
    result::ZipError,
    write::{FullFileOptions, StreamWriter},
};

use super::{super::browse, Archive, content::Content, names::portable, pipe::Pipe};
use crate::source::{mode_from_go, shown};

/// From this size on an entry is announced as one that may have more than 4 GiB.
const LARGE: u64 = 4_000_000_000;
/// Bytes of an entry's path, of which the format writes the number with 16 bits.
const LONGEST_PATH: usize = 0xffff;
/// What the list of entries may take in memory until it is written at the archive's end: a third of a million files whose
/// paths have a hundred bytes.
const MOST_LISTED: usize = 256 << 20;
/// An entry in that list, beside its path, which the writer keeps three times (zip 8.6).
const ENTRY: usize = 512;
/// zlib's scale goes from 1 to 9.
const LEVEL: i64 = 3;
/// Modes of what was stored without one. restic leaves that of a file out where it is 0.
const FOLDER_MODE: u32 = 0o755;
const FILE_MODE: u32 = 0;
/// The mode of a file of our own.
const NOTE_MODE: u32 = 0o644;
const LINK_MODE: u32 = 0o777;
/// The id of the extended timestamp, and its flag for the time of the last modification.
const EXTENDED_TIMESTAMP: u16 = 0x5455;
const MODIFIED: u8 = 1;

pub(super) struct Zip {
    writer: ZipWriter<StreamWriter<Pipe>>,
    /// What the list of entries takes in memory.
    listed: usize,
}

impl Zip {
    pub(super) fn new(pipe: Pipe) -> Self {
        Self { writer: ZipWriter::new_stream(pipe), listed: 0 }
    }

    /// The writer, which keeps an entry for `path` from now on.
    fn listing(&mut self, path: &Path) -> &mut ZipWriter<StreamWriter<Pipe>> {
        self.listed += cost(path);
        &mut self.writer
    }
}

fn cost(path: &Path) -> usize {
    3 * path.as_os_str().len() + ENTRY
}

impl Archive for Zip {
    /// UTF-8, and without what some systems cannot write or take for something else.
    fn name(&self, name: &OsStr) -> OsString {
        portable(&shown(name)).into()
    }

    fn folder(&mut self, path: &Path, metadata: &Metadata) -> io::Result<()> {
        // The writer's own call for folders announces a data descriptor, as every entry of a stream has one, and writes
        // none, so that `unzip` refuses the archive as overlapping (zip 8.6). An empty entry whose name ends with a
        // slash is a folder all the same.
        let options = options(metadata, FOLDER_MODE)?;
        let options = options.compression_method(CompressionMethod::Stored).compression_level(None);
        self.listing(path).start_file(format!("{}/", text(path)), options).map_err(io_error)
    }

    fn file(&mut self, path: &Path, metadata: &Metadata, mut content: Content<'_>) -> io::Result<()> {
        let options = options(metadata, FILE_MODE)?.large_file(content.size >= LARGE);
        self.listing(path).start_file(text(path), options).map_err(io_error)?;
        io::copy(&mut content, &mut self.writer).map(drop)
    }

    fn link(&mut self, path: &Path, metadata: &Metadata, target: &Path) -> io::Result<()> {
        let options = options(metadata, LINK_MODE)?;
        self.listing(path).add_symlink(text(path), shown(target.as_os_str()), options).map_err(io_error)
    }

    const CASE_COUNTS: bool = false;
    const HARD_LINKS: bool = false;

    fn hard_link(&mut self, _path: &Path, _metadata: &Metadata, _target: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn note(&mut self, path: &Path, text: &str) -> io::Result<()> {
        self.listing(path).start_file(self::text(path), options(&Metadata::default(), NOTE_MODE)?).map_err(io_error)?;
        self.writer.write_all(text.as_bytes())
    }

    fn refuses(&self, path: &Path) -> Option<String> {
        // With a slash at a folder's end.
        if path.as_os_str().len() >= LONGEST_PATH {
            return Some(tr!("its path is too long for this kind of archive"));
        }
        (self.listed + cost(path) > MOST_LISTED)
            .then(|| tr!("this kind of archive has no room for the names of so many files. A tar.gz has"))
    }

    fn finish(self) -> io::Result<()> {
        self.writer.finish().map_err(io_error)?.into_inner().flush()
    }
}

fn text(path: &Path) -> String {
    shown(path.as_os_str())
}

fn options(metadata: &Metadata, mode: u32) -> io::Result<FullFileOptions<'static>> {
    let mut options = FullFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        // Set-user and set-group bits are nothing to take home.
        .unix_permissions(metadata.mode.map_or(mode, mode_from_go) & 0o777)
        .last_modified_time(modified(metadata).unwrap_or_default());
    if let Some(field) = extended_timestamp(metadata) {
        options.add_extra_data(EXTENDED_TIMESTAMP, field, false).map_err(io_error)?;
    }
    Ok(options)
}

/// Info-ZIP's field with the seconds since 1970, which are the same everywhere: the format's own time is one of the clock
/// on the wall, and programs take it for their own zone's
/// (<https://libzip.org/specifications/extrafld.txt>, "Extended Timestamp"). It has room for 1901 to 2038.
fn extended_timestamp(metadata: &Metadata) -> Option<[u8; 5]> {
    let [a, b, c, d] = i32::try_from(metadata.mtime?.as_second()).ok()?.to_le_bytes();
    Some([MODIFIED, a, b, c, d])
}

/// In UTC. Of times before 1980 and after 2107 the format knows nothing.
fn modified(metadata: &Metadata) -> Option<DateTime> {
    let time = browse::time(metadata.mtime?)?;
    let part = |value: u32| u8::try_from(value).ok();
    DateTime::from_date_and_time(
        u16::try_from(time.year()).ok()?,
        part(time.month())?,
        part(time.day())?,
        part(time.hour())?,
        part(time.minute())?,
        part(time.second())?,
    )
    .ok()
}

fn io_error(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        other => io::Error::other(other),
    }
}
