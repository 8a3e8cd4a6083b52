//! One file of a snapshot, as a stream.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use rustic_core::{DataId, TreeId};
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tracing::Instrument as _;

use super::{
    Inner, RepositoryError, Result,
    blocking::blocking,
    browse,
    reader::{Reader, shown_name},
    segments::{Decoder, Segments, Wanted, fetch},
};

/// Blobs that wait for a slow client, each up to 8 MiB and mostly about 1 MiB.
const WAITING: usize = 2;

/// A file that is being read.
pub struct FileDownload {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its last modification, where that was recorded.
    pub modified: Option<DateTime<Utc>>,
    /// Its content.
    pub stream: FileStream,
}

/// The bytes of a file, in order and of exactly its size, or an error at the point from which on they
/// cannot be read. Memory stays bounded however slowly it is polled; dropping it ends the download.
pub struct FileStream(ReceiverStream<Result<Bytes>>);

impl FileStream {
    pub(super) fn new(receiver: mpsc::Receiver<Result<Bytes>>) -> Self {
        Self(ReceiverStream::new(receiver))
    }
}

impl Stream for FileStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(context)
    }
}

/// Finds the file at `path`. Blocks.
pub(super) fn find(reader: &Reader, root: TreeId, path: &str) -> Result<(String, Option<DateTime<Utc>>, Vec<DataId>)> {
    let node = reader.node(root, path)?;
    if !node.is_file() {
        return Err(RepositoryError::NotAFile { path: path.into() });
    }
    let name = shown_name(&node);
    let modified = node.meta.mtime.and_then(browse::time);
    Ok((name, modified, node.content.unwrap_or_default()))
}

/// The size of a file with this content.
pub(super) fn size(reader: &Reader, content: &[DataId]) -> Result<u64> {
    let length = |id: &DataId| Some(Wanted::find(&reader.library, *id, ())?.length);
    content.iter().map(|id| length(id).ok_or_else(|| missing(id))).sum()
}

/// Starts to read `content`.
pub(super) fn start(repository: Arc<Inner>, reader: Arc<Reader>, content: Vec<DataId>) -> FileStream {
    let (sender, receiver) = mpsc::channel(WAITING);
    let sending = async move {
        if let Err(error) = send_all(&repository, reader, content, &sender).await {
            // Nobody listens any more when this fails.
            let _ = sender.send(Err(error)).await;
        }
    };
    tokio::spawn(sending.in_current_span());
    FileStream::new(receiver)
}

async fn send_all(
    repository: &Inner,
    reader: Arc<Reader>,
    content: Vec<DataId>,
    sender: &mpsc::Sender<Result<Bytes>>,
) -> Result<()> {
    let index = reader.clone();
    let known = content.into_iter().map(move |id| Wanted::find(&index.library, id, ()).ok_or_else(|| missing(&id)));
    let blobs = known.collect::<Result<Vec<_>>>()?;
    for segment in Segments::new(blobs.into_iter()) {
        let piece = tokio::select! {
            () = sender.closed() => return Ok(()),
            piece = fetch(&repository.location, &segment.pack, segment.range) => piece?,
        };
        let mut last: Option<(DataId, Bytes)> = None;
        for blob in segment.blobs {
            let bytes = match &last {
                Some((id, bytes)) if *id == blob.id => bytes.clone(),
                _ => {
                    let (sealer, piece, blob) = (reader.sealer.clone(), piece.clone(), blob.clone());
                    let decode = move || Ok(Bytes::copy_from_slice(Decoder::new(sealer)?.decode(&piece, &blob)?));
                    blocking(decode).await?
                }
            };
            last = Some((blob.id, bytes.clone()));
            if sender.send(Ok(bytes)).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

pub(super) fn missing(id: &DataId) -> RepositoryError {
    RepositoryError::Damaged { detail: tr!("the blob {} is missing or larger than any", id.to_hex().as_str()) }
}
