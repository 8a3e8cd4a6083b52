//! A folder of a snapshot as one archive, packed while it is downloaded.
//!
//! A thread walks the folder and writes the archive into a short channel, so that memory stays bounded however slowly
//! the other end reads. (A zip ends with the list of its entries, which is kept until then, and bounded.)

mod content;
mod names;
mod pipe;
mod tar;
mod walk;
mod zip;

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
    sync::Arc,
};

use rustic_core::{TreeId, repofile::Metadata};
use tokio::{runtime::Handle, sync::mpsc};

use self::{content::Content, pipe::Pipe, walk::Walk};
use super::{
    FileStream, Inner, RepositoryError, Result,
    reader::{Reader, names},
};

/// Parts of an archive that wait for a slow client, each of 64 KiB.
const WAITING: usize = 16;

/// The kind of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveFormat {
    /// tar, compressed with gzip: names, modes, owners, times, attributes and links as they were. Holes are zeros.
    TarGz,
    /// zip: names as any system can write them, modes, times and links for those that read them.
    Zip,
}

/// A folder that is being packed.
pub struct FolderDownload {
    /// The folder's name, which is also the name of the archive's top folder.
    pub name: String,
    /// The archive. Its size is not known before its end.
    pub stream: FileStream,
}

/// Finds the folder at `path` and its name; the root has none. Blocks.
pub(super) fn find(reader: &Reader, root: TreeId, path: &str) -> Result<(TreeId, Option<String>)> {
    let tree = reader.folder(root, path)?;
    Ok((tree, names(path).next_back().map(str::to_owned)))
}

/// Starts to pack the folder `tree` under the name `top`.
pub(super) fn start(
    repository: Arc<Inner>,
    reader: Arc<Reader>,
    tree: TreeId,
    top: String,
    format: ArchiveFormat,
) -> FileStream {
    let (sender, receiver) = mpsc::channel(WAITING);
    let (runtime, span) = (Handle::current(), tracing::Span::current());
    tokio::task::spawn_blocking(move || {
        let _span = span.entered();
        let pipe = Pipe::new(sender.clone());
        let walk = Walk::new(&repository, &reader, runtime);
        let packed = match format {
            ArchiveFormat::TarGz => walk.run(tree, &top, tar::TarGz::new(pipe)),
            ArchiveFormat::Zip => walk.run(tree, &top, zip::Zip::new(pipe)),
        };
        if let Err(error) = packed {
            // Without it the archive would look as if it had ended. Nobody listens any more when this fails.
            let _ = sender.blocking_send(Err(error));
        }
    });
    FileStream::new(receiver)
}

/// What an archive takes. A `path` begins with the top folder's name and has only plain names in it.
trait Archive {
    /// A node's name as this format can write it.
    fn name(&self, name: &OsStr) -> OsString;
    fn folder(&mut self, path: &Path, metadata: &Metadata) -> io::Result<()>;
    fn file(&mut self, path: &Path, metadata: &Metadata, content: Content<'_>) -> io::Result<()>;
    fn link(&mut self, path: &Path, metadata: &Metadata, target: &Path) -> io::Result<()>;
    /// Whether names that differ in letter case alone are two names wherever this is unpacked.
    const CASE_COUNTS: bool;
    /// Whether a file can have further names.
    const HARD_LINKS: bool;
    /// One more name of what is at `target` in the archive.
    fn hard_link(&mut self, path: &Path, metadata: &Metadata, target: &Path) -> io::Result<()>;
    /// A text file of our own.
    fn note(&mut self, path: &Path, text: &str) -> io::Result<()>;
    /// Why the archive has no room for an entry at `path`, if it has none.
    fn refuses(&self, path: &Path) -> Option<String>;
    /// Writes the archive's end.
    fn finish(self) -> io::Result<()>;
}

/// An error of a reader or writer as ours, which it is in most cases.
fn ours(error: io::Error) -> RepositoryError {
    match error.downcast() {
        Ok(error) => error,
        Err(error) => RepositoryError::Internal { detail: error.to_string() },
    }
}
