//! A folder's nodes, one after another, so that a folder with many names costs no more memory than one of them.

use std::{
    fmt,
    io::{BufReader, Read},
    marker::PhantomData,
    ops::ControlFlow,
};

use rustic_core::{
    TreeId,
    repofile::{Metadata, Node, NodeType},
};
use serde::{
    Deserialize,
    de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{RepositoryError, Result, reader::Reader};

/// Bytes that are decompressed at a time.
const STEP: usize = 64 << 10;

/// A folder as it is stored, decrypted.
pub(super) struct Nodes {
    content: Vec<u8>,
    /// Its length when it is decompressed, where it is compressed.
    plain: Option<u64>,
    id: TreeId,
}

/// A node without the list of a file's pieces, which may be long.
#[derive(Deserialize)]
pub(super) struct Listed {
    name: String,
    #[serde(flatten)]
    node_type: NodeType,
    #[serde(flatten)]
    meta: Metadata,
    #[serde(default, rename = "content")]
    _content: IgnoredAny,
    #[serde(default)]
    subtree: Option<TreeId>,
}

impl From<Listed> for Node {
    fn from(listed: Listed) -> Self {
        let Listed { name, node_type, meta, subtree, .. } = listed;
        Self { name, node_type, meta, content: None, subtree }
    }
}

impl Reader {
    /// Reads a folder.
    pub(super) fn nodes(&self, id: &TreeId) -> Result<Nodes> {
        let damaged = |what: &str| damaged(id, what);
        let entry = self.library.get_index_entry(id).map_err(|_| damaged("is in no index"))?;
        let place = entry.location;
        let sealed = self.storage.read_tree(&entry.pack, place.offset, place.length)?;
        let mut content = Vec::new();
        self.sealer.open(&sealed, &mut content).map_err(|_| damaged("is not genuine"))?;
        Ok(Nodes { content, plain: place.uncompressed_length.map(|length| u64::from(length.get())), id: *id })
    }
}

impl Nodes {
    /// Looks at each node until `look` breaks.
    pub(super) fn each<N: DeserializeOwned>(&self, look: impl FnMut(N) -> ControlFlow<()>) -> Result<()> {
        let unreadable = |_| damaged(&self.id, "cannot be understood");
        let Some(plain) = self.plain else {
            return each(self.content.as_slice(), look).map_err(unreadable);
        };
        let decoder = zstd::stream::read::Decoder::new(self.content.as_slice());
        let decoder = decoder.map_err(|_| damaged(&self.id, "cannot be decompressed"))?;
        each(BufReader::with_capacity(STEP, decoder.take(plain)), look).map_err(unreadable)
    }

    /// Looks at each node, without the lists of files' pieces.
    pub(super) fn each_listed(&self, mut look: impl FnMut(Node)) -> Result<()> {
        self.each(|listed: Listed| {
            look(listed.into());
            ControlFlow::Continue(())
        })
    }
}

fn damaged(id: &TreeId, what: &str) -> RepositoryError {
    RepositoryError::Damaged { detail: format!("the folder {} {what}", id.to_hex().as_str()) }
}

fn each<N: DeserializeOwned>(content: impl Read, mut look: impl FnMut(N) -> ControlFlow<()>) -> serde_json::Result<()> {
    let mut broken = false;
    let look = |node| {
        broken = look(node).is_break();
        broken
    };
    let read = Folder(look, PhantomData).deserialize(&mut serde_json::Deserializer::from_reader(content));
    if broken { Ok(()) } else { read }
}

/// `{"nodes": [...]}`; restic writes `null` for no nodes.
struct Folder<F, N>(F, PhantomData<N>);

impl<'de, N: Deserialize<'de>, F: FnMut(N) -> bool> DeserializeSeed<'de> for Folder<F, N> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, N: Deserialize<'de>, F: FnMut(N) -> bool> Visitor<'de> for Folder<F, N> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a folder")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "nodes" {
                map.next_value_seed(List(&mut self.0, PhantomData))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct List<'a, F, N>(&'a mut F, PhantomData<N>);

impl<'de, N: Deserialize<'de>, F: FnMut(N) -> bool> DeserializeSeed<'de> for List<'_, F, N> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, N: Deserialize<'de>, F: FnMut(N) -> bool> Visitor<'de> for List<'_, F, N> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of nodes")
    }

    fn visit_unit<E: Error>(self) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut nodes: A) -> std::result::Result<(), A::Error> {
        while let Some(node) = nodes.next_element()? {
            if (self.0)(node) {
                // Nothing else ends the reading before its end.
                return Err(A::Error::custom("enough"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use rustic_core::repofile::Node;

    use super::{Listed, each};

    #[test]
    fn nodes_come_one_after_another_until_it_is_enough() {
        let node = |name: &str| format!(r#"{{"name":"{name}","type":"file","mode":420,"size":3,"content":["00"]}}"#);
        let text = format!(r#"{{"other":[1],"nodes":[{},{},"broken"]}}"#, node("a"), node("b"));
        let mut names = Vec::new();
        let two = each(text.as_bytes(), |listed: Listed| {
            names.push(Node::from(listed).name);
            if names.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(two.is_ok() && names == ["a", "b"]);
        assert!(each(text.as_bytes(), |_: Listed| ControlFlow::Continue(())).is_err());
        assert!(each(br#"{"nodes":null}"#.as_slice(), |_: Listed| ControlFlow::Break(())).is_ok());
    }
}
