//! A folder's list of nodes as it is written: restic's design document
//! (<https://github.com/restic/restic/blob/master/doc/design.rst>, "Trees and Data").

use std::io::{self, Write};

use base64::{Engine, prelude::BASE64_STANDARD};
use rustic_core::{
    DataId, Id, TreeId,
    jiff::Timestamp,
    repofile::{Node, NodeType},
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use zstd::stream::write::Encoder;

use super::super::{RepositoryError, Result, seal::hash};

const BEGIN: &[u8] = b"{\"nodes\":[";
const END: &[u8] = b"]}\n";

/// Bytes, roughly, of a list that is kept until it is known whether it has to be stored. A longer one is compressed along
/// the way.
const SHORT: usize = 4 << 20;
/// How hard long lists are compressed: these are hundreds of megabytes.
const LEVEL: i32 = 3;

/// A node with the fields and in the order that restic writes. Times are in UTC: with the offset of the server's time
/// zone, which the library writes, a folder would be another one on another server, and an offset that has seconds, as
/// those before 1900 have, would be cut.
#[derive(Serialize)]
struct Written<'a, A> {
    name: &'a str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtime: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    atime: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ctime: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "is_zero")]
    inode: u64,
    #[serde(skip_serializing_if = "is_zero")]
    device_id: u64,
    #[serde(skip_serializing_if = "is_zero")]
    size: u64,
    #[serde(skip_serializing_if = "is_zero")]
    links: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    linktarget: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    linktarget_raw: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    extended_attributes: &'a [A],
    #[serde(skip_serializing_if = "is_zero")]
    device: u64,
    content: Option<&'a [DataId]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subtree: Option<TreeId>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A node as it is written.
fn written(node: &Node) -> Written<'_, impl Serialize> {
    let (meta, target) = (&node.meta, link_target(&node.node_type));
    Written {
        name: &node.name,
        r#type: kind(&node.node_type),
        mode: meta.mode,
        mtime: meta.mtime,
        atime: meta.atime,
        ctime: meta.ctime,
        uid: meta.uid,
        gid: meta.gid,
        user: meta.user.as_deref(),
        group: meta.group.as_deref(),
        inode: meta.inode,
        device_id: meta.device_id,
        size: meta.size,
        links: meta.links,
        linktarget: target.map(|(text, _)| text),
        linktarget_raw: target.and_then(|(_, raw)| raw).map(|raw| BASE64_STANDARD.encode(raw)),
        extended_attributes: &meta.extended_attributes,
        device: device(&node.node_type),
        content: node.content.as_deref(),
        subtree: node.subtree,
    }
}

fn kind(node: &NodeType) -> &'static str {
    match node {
        NodeType::File => "file",
        NodeType::Dir => "dir",
        NodeType::Symlink { .. } => "symlink",
        NodeType::Dev { .. } => "dev",
        NodeType::Chardev { .. } => "chardev",
        NodeType::Fifo => "fifo",
        NodeType::Socket => "socket",
    }
}

fn link_target(node: &NodeType) -> Option<(&str, Option<&[u8]>)> {
    let NodeType::Symlink { linktarget, linktarget_raw } = node else { return None };
    Some((linktarget, linktarget_raw.as_deref()))
}

fn device(node: &NodeType) -> u64 {
    match node {
        NodeType::Dev { device } | NodeType::Chardev { device } => *device,
        _ => 0,
    }
}

/// A list that is complete.
pub(super) enum List {
    /// As text.
    Short { id: Id, text: Vec<u8> },
    /// `plain`: its length as text, where `content` is compressed.
    Long { id: Id, content: Vec<u8>, plain: Option<u64>, length: u64 },
}

/// A list that is being written. `compressed`: whether it may be.
pub(super) struct ListWriter {
    nodes: Vec<Node>,
    /// Bytes, roughly, that the nodes will have.
    weight: usize,
    compressed: bool,
    long: Option<LongList>,
}

impl ListWriter {
    pub(super) fn new(compressed: bool) -> Self {
        Self { nodes: Vec::new(), weight: 0, compressed, long: None }
    }

    /// Takes the next node. They have to come in the order of their names.
    pub(super) fn push(&mut self, node: Node) -> Result<()> {
        self.weight += weight(&node);
        self.nodes.push(node);
        if self.weight < SHORT {
            return Ok(());
        }
        self.weight = 0;
        let long = match &mut self.long {
            Some(long) => long,
            none => none.insert(LongList::new(self.compressed).map_err(internal)?),
        };
        self.nodes.drain(..).try_for_each(|node| long.push(&node)).map_err(internal)
    }

    pub(super) fn finish(self) -> Result<List> {
        let Some(mut long) = self.long else { return short(&self.nodes).map_err(internal) };
        self.nodes.iter().try_for_each(|node| long.push(node)).and_then(|()| long.finish()).map_err(internal)
    }
}

/// What a node costs in memory and in the list.
pub(super) fn weight(node: &Node) -> usize {
    // Bytes of properties, and of a piece's id, as text.
    const PROPERTIES: usize = 600;
    const PIECE: usize = 67;
    let attributes = node.meta.extended_attributes.iter();
    let attributes: usize = attributes.map(|one| one.name.len() + one.value.as_ref().map_or(0, Vec::len) * 2).sum();
    PROPERTIES + node.content.as_ref().map_or(0, Vec::len) * PIECE + attributes
}

fn short(nodes: &[Node]) -> io::Result<List> {
    let mut text = BEGIN.to_vec();
    for (number, node) in nodes.iter().enumerate() {
        if number > 0 {
            text.push(b',');
        }
        serde_json::to_writer(&mut text, &written(node))?;
    }
    text.extend_from_slice(END);
    Ok(List::Short { id: hash(&text), text })
}

struct LongList {
    hasher: Sha256,
    length: u64,
    out: Out,
    /// The text of one node.
    text: Vec<u8>,
}

/// Repositories of the first version know no compression.
enum Out {
    Plain(Vec<u8>),
    Compressed(Encoder<'static, Vec<u8>>),
}

impl LongList {
    fn new(compressed: bool) -> io::Result<Self> {
        let out = if compressed { Out::Compressed(Encoder::new(Vec::new(), LEVEL)?) } else { Out::Plain(Vec::new()) };
        Ok(Self { hasher: Sha256::new(), length: 0, out, text: Vec::new() })
    }

    fn push(&mut self, node: &Node) -> io::Result<()> {
        self.text.clear();
        self.text.extend_from_slice(if self.length == 0 { BEGIN } else { b"," });
        serde_json::to_writer(&mut self.text, &written(node))?;
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        self.hasher.update(&self.text);
        self.length += self.text.len() as u64;
        match &mut self.out {
            Out::Plain(content) => content.write_all(&self.text),
            Out::Compressed(content) => content.write_all(&self.text),
        }
    }

    fn finish(mut self) -> io::Result<List> {
        self.text = END.to_vec();
        self.write()?;
        let Self { hasher, length, out, .. } = self;
        let (content, plain) = match out {
            Out::Plain(content) => (content, None),
            Out::Compressed(content) => (content.finish()?, Some(length)),
        };
        Ok(List::Long { id: Id::new(hasher.finalize().into()), content, plain, length })
    }
}

fn internal(error: io::Error) -> RepositoryError {
    RepositoryError::Internal { detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, io::Read};

    use rustic_core::repofile::{Metadata, Node, NodeType, Tree};

    use super::{List, ListWriter, SHORT};
    use crate::repository::seal::hash;

    fn node(name: &str, node_type: NodeType) -> Node {
        let attributes = r#"[{"name":"user.x","value":"AP8="},{"name":"user.empty","value":""}]"#;
        let meta = Metadata {
            mode: Some(0o644),
            mtime: Some("-000001-01-01T00:00:00.5Z".parse().unwrap()),
            atime: Some("1850-06-01T12:00:00.000000001Z".parse().unwrap()),
            uid: Some(0),
            user: Some("root".into()),
            inode: 7,
            links: 2,
            extended_attributes: serde_json::from_str(attributes).unwrap(),
            ..Metadata::default()
        };
        Node::new_node(OsStr::new(name), node_type, meta)
    }

    fn list(nodes: &[Node]) -> List {
        let mut list = ListWriter::new(true);
        for node in nodes {
            list.push(node.clone()).unwrap();
        }
        list.finish().unwrap()
    }

    #[test]
    fn what_is_written_reads_as_it_was_and_in_utc() {
        let raw = NodeType::Symlink { linktarget: "to \u{fffd}".into(), linktarget_raw: Some(b"to \xe9".to_vec()) };
        let mut file = node("file \"1\"\n", NodeType::File);
        file.content = Some(vec![hash(b"x").into()]);
        let nodes =
            [file, node("link", raw), node("device", NodeType::Chardev { device: 259 }), node("dir", NodeType::Dir)];
        let List::Short { id, text } = list(&nodes) else { panic!("it is short") };
        assert_eq!(id, hash(&text));
        let read: Tree = serde_json::from_slice(&text).unwrap();
        assert_eq!(read.nodes, nodes);
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains(r#""atime":"1850-06-01T12:00:00.000000001Z","uid":0,"user":"root""#), "{text}");
        assert!(text.ends_with("]}\n"));
        let List::Short { text, .. } = list(&[]) else { panic!("it is short") };
        assert_eq!(text, b"{\"nodes\":[]}\n");
    }

    #[test]
    fn a_long_list_is_the_same_text() {
        let nodes: Vec<_> = (0..2 * SHORT / 500).map(|number| node(&format!("{number:09}"), NodeType::File)).collect();
        let List::Long { id, content, plain, length } = list(&nodes) else { panic!("it is long") };
        let mut text = Vec::new();
        zstd::stream::read::Decoder::new(content.as_slice()).unwrap().read_to_end(&mut text).unwrap();
        assert_eq!((id, plain, length), (hash(&text), Some(length), text.len() as u64));
        assert!(serde_json::from_slice::<Tree>(&text).unwrap().nodes == nodes);
    }
}
