//! Packs and their indexes, put together and looked into here where the library has no call for it, as restic's design
//! document says (<https://github.com/restic/restic/blob/master/doc/design.rst>, "Pack Format", "Indexing").

use bytes::Bytes;
use rustic_core::{
    Id,
    repofile::{BlobType, MasterKey},
};
use serde_json::{Value, json};

use super::{
    RepositoryError, Result,
    crypt::{hash, seal},
};

/// A blob as it lies in a pack: sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PackedBlob {
    pub(super) kind: BlobType,
    pub(super) id: Id,
    pub(super) sealed: Bytes,
    /// Bytes before compression; `None` where it is not compressed.
    pub(super) uncompressed: Option<u32>,
}

/// A pack and what an index says of it.
pub(super) struct NewPack {
    pub(super) id: Id,
    pub(super) content: Bytes,
    /// The index's file, sealed.
    pub(super) index: Bytes,
    pub(super) index_id: Id,
}

/// Puts blobs of one kind into a pack: the blobs, the sealed header, and the header's length.
pub(super) fn pack(key: &MasterKey, blobs: &[PackedBlob]) -> Result<NewPack> {
    let mut content = Vec::new();
    let mut header = Vec::new();
    let mut listed = Vec::new();
    for blob in blobs {
        listed.push(entry(blob, size(content.len())?)?);
        header.extend(header_entry(blob)?);
        content.extend_from_slice(&blob.sealed);
    }
    let header = seal(key, &header)?;
    content.extend_from_slice(&header);
    content.extend_from_slice(&size(header.len())?.to_le_bytes());
    let id = hash(&content)?;
    let index = json!({ "packs": [{ "id": id.to_hex().as_str(), "blobs": listed }] });
    let index = seal(key, index.to_string().as_bytes())?;
    Ok(NewPack { id, content: content.into(), index_id: hash(&index)?, index: index.into() })
}

/// The index's entry of a blob.
fn entry(blob: &PackedBlob, offset: u32) -> Result<Value> {
    let kind = match blob.kind {
        BlobType::Tree => "tree",
        BlobType::Data => "data",
    };
    let mut entry = json!({
        "id": blob.id.to_hex().as_str(), "type": kind, "offset": offset, "length": size(blob.sealed.len())?,
    });
    if let Some(uncompressed) = blob.uncompressed {
        entry["uncompressed_length"] = uncompressed.into();
    }
    Ok(entry)
}

/// The header's entry of a blob: kind, length, length before compression, id.
fn header_entry(blob: &PackedBlob) -> Result<Vec<u8>> {
    let kind = match (blob.kind, blob.uncompressed) {
        (BlobType::Data, None) => 0_u8,
        (BlobType::Tree, None) => 1,
        (BlobType::Data, Some(_)) => 2,
        (BlobType::Tree, Some(_)) => 3,
    };
    let length = size(blob.sealed.len())?.to_le_bytes();
    let uncompressed = blob.uncompressed.map(u32::to_le_bytes);
    Ok([&[kind][..], &length, uncompressed.as_ref().map_or(&[], |bytes| &bytes[..]), &digest(&blob.id)].concat())
}

/// The 32 bytes of an id, which the library gives as hexadecimal digits only.
fn digest(id: &Id) -> Vec<u8> {
    let hex = id.to_hex();
    let pairs = hex.as_str().as_bytes().chunks(2).filter_map(|pair| str::from_utf8(pair).ok());
    pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

fn size(bytes: usize) -> Result<u32> {
    u32::try_from(bytes).map_err(|_| RepositoryError::Internal { detail: "a pack is too large".into() })
}
