//! A folder's nodes, one after another, so that a folder with many names costs no more memory than its list takes
//! compressed.

use std::{
    io::{self, BufRead, BufReader, Cursor, Read},
    marker::PhantomData,
    ops::ControlFlow,
    vec,
};

use bytes::Bytes;
use rustic_core::{
    Id, TreeId,
    repofile::{Metadata, Node, NodeType},
};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use sha2::{Digest, Sha256};

use super::{
    RepositoryError, Result,
    fault::Fault,
    inflate::MOST_OF_FOLDER,
    reader::{Reader, shown_name},
    seal::{Sealer, hash},
    storage::Storage,
};
use crate::{S3Error, translation::msgid};

/// Bytes of a list that is read whole.
const SHORT: u64 = 1 << 20;
/// Bytes of a longer one that are decompressed at a time.
const STEP: usize = 64 << 10;

const NOT_DECOMPRESSED: &str = msgid("the folder {} cannot be decompressed");
const NOT_UNDERSTOOD: &str = msgid("the folder {} cannot be understood");

/// A list as text, decompressed while it is read.
type Text = BufReader<Box<dyn Read + Send>>;

/// Where a folder is stored.
pub(super) struct Place {
    pub(super) pack: Id,
    pub(super) offset: u32,
    pub(super) length: u32,
    /// Its length when it is decompressed, where it is compressed.
    pub(super) plain: Option<u32>,
}

/// A folder as it is stored, decrypted.
pub(super) struct Nodes {
    content: Bytes,
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

/// A node's name and whether it is a folder.
#[derive(Deserialize)]
pub(super) struct Named {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Named {
    pub(super) fn is_folder(&self) -> bool {
        self.kind == "dir"
    }

    /// As [`shown_name`] of the whole node.
    pub(super) fn shown_name(self) -> String {
        shown_name(&Node { name: self.name, ..Node::default() })
    }
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
        let entry = self.library.get_index_entry(id).map_err(|_| damaged(id, msgid("the folder {} is in no index")))?;
        let location = entry.location;
        let plain = location.uncompressed_length.map(Into::into);
        let place = Place { pack: *entry.pack, offset: location.offset, length: location.length, plain };
        Nodes::fetch(id, &place, &self.storage, &self.sealer)
    }
}

impl Nodes {
    /// Reads the folder `id`, which is at `place`.
    pub(super) fn fetch(id: &TreeId, place: &Place, storage: &Storage, sealer: &Sealer) -> Result<Self> {
        if place.length > MOST_OF_FOLDER {
            return Err(damaged(id, msgid("the folder {} is larger than any")));
        }
        let sealed = storage.read_tree(&place.pack, place.offset, place.length).map_err(|fault| match fault {
            Fault::Storage(S3Error::NoSuchObject { key }) => {
                RepositoryError::Damaged { detail: tr!("the file \"{}\" is missing", key) }
            }
            fault => fault.into(),
        })?;
        let mut content = Vec::new();
        sealer.open(&sealed, &mut content).map_err(|_| damaged(id, msgid("the folder {} is not genuine")))?;
        Ok(Self { content: content.into(), plain: place.plain.map(u64::from), id: *id })
    }

    /// A folder whose list is `text`.
    #[cfg(test)]
    pub(super) fn of_text(text: &'static str) -> Self {
        Self { content: Bytes::from_static(text.as_bytes()), plain: None, id: hash(text.as_bytes()).into() }
    }

    fn is_short(&self) -> bool {
        self.plain.unwrap_or(self.content.len() as u64) <= SHORT
    }

    /// The list as text, as it is read.
    fn text(&self) -> Result<Box<dyn Read + Send>> {
        let content = Cursor::new(self.content.clone());
        let Some(plain) = self.plain else { return Ok(Box::new(content)) };
        let decoder = zstd::stream::read::Decoder::with_buffer(content);
        Ok(Box::new(decoder.map_err(|_| damaged(&self.id, NOT_DECOMPRESSED))?.take(plain)))
    }

    /// The list as text, whole.
    fn whole(&self) -> Result<Bytes> {
        let Some(plain) = self.plain else { return Ok(self.content.clone()) };
        let plain = usize::try_from(plain).unwrap_or(usize::MAX);
        let text = zstd::bulk::decompress(&self.content, plain);
        Ok(text.map_err(|_| damaged(&self.id, NOT_DECOMPRESSED))?.into())
    }

    /// The nodes, one after another.
    pub(super) fn read<N: DeserializeOwned>(&self) -> Result<Reading<N>> {
        if self.is_short() { self.parse(&self.whole()?) } else { self.stream() }
    }

    /// The nodes, after making sure that they are those of this folder.
    pub(super) fn read_checked(&self) -> Result<Reading<Node>> {
        let is_right = |id: Id| {
            if id == *self.id { Ok(()) } else { Err(damaged(&self.id, msgid("the folder {} has other content"))) }
        };
        if self.is_short() {
            let text = self.whole()?;
            is_right(hash(&text))?;
            return self.parse(&text);
        }
        let mut hasher = Sha256::new();
        io::copy(&mut self.text()?, &mut hasher).map_err(|_| damaged(&self.id, NOT_DECOMPRESSED))?;
        is_right(Id::new(hasher.finalize().into()))?;
        self.stream()
    }

    fn parse<N: DeserializeOwned>(&self, text: &[u8]) -> Result<Reading<N>> {
        /// restic writes `null` for no nodes.
        #[derive(Deserialize)]
        struct Folder<N> {
            nodes: Option<Vec<N>>,
        }
        let folder: Folder<N> = serde_json::from_slice(text).map_err(|_| self.unintelligible())?;
        Ok(Reading::Whole(folder.nodes.unwrap_or_default().into_iter()))
    }

    fn stream<N>(&self) -> Result<Reading<N>> {
        Ok(Reading::Streamed { list: self.list()?, id: self.id, ended: false })
    }

    /// Looks at each node, without the lists of files' pieces.
    pub(super) fn each_listed(&self, mut look: impl FnMut(Node)) -> Result<()> {
        for listed in self.read::<Listed>()? {
            look(listed?.into());
        }
        Ok(())
    }

    /// Looks at each node's name and at where the node begins in the text, until `look` breaks.
    pub(super) fn each_name(&self, mut look: impl FnMut(u32, Named) -> ControlFlow<()>) -> Result<()> {
        let mut list = self.list()?;
        while let Some(named) = list.next().map_err(|_| self.unintelligible())? {
            if look(list.begins, named).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The nodes that begin at `places` of the text, which must be those of nodes, in ascending order.
    pub(super) fn at<N: DeserializeOwned>(&self, places: impl IntoIterator<Item = u32>) -> Result<Vec<N>> {
        let mut list = self.list()?;
        let read = places.into_iter().map(|place| list.at(place)).collect::<io::Result<_>>();
        read.map_err(|_| self.unintelligible())
    }

    fn list<N>(&self) -> Result<List<Text, N>> {
        Ok(List::new(BufReader::with_capacity(STEP, self.text()?)))
    }

    fn unintelligible(&self) -> RepositoryError {
        damaged(&self.id, NOT_UNDERSTOOD)
    }
}

/// `what` is a sentence in English with `{}` for the id.
fn damaged(id: &TreeId, what: &'static str) -> RepositoryError {
    RepositoryError::Damaged { detail: tr!(what, id.to_hex().as_str()) }
}

/// The nodes of a folder. Ends with its first error.
pub(super) enum Reading<N> {
    Whole(vec::IntoIter<N>),
    Streamed { list: List<Text, N>, id: TreeId, ended: bool },
}

impl<N> Reading<N> {
    /// No nodes.
    pub(super) fn nothing() -> Self {
        Self::Whole(Vec::new().into_iter())
    }
}

impl<N: DeserializeOwned> Iterator for Reading<N> {
    type Item = Result<N>;

    fn next(&mut self) -> Option<Result<N>> {
        match self {
            Self::Whole(nodes) => nodes.next().map(Ok),
            Self::Streamed { ended: true, .. } => None,
            Self::Streamed { list, id, ended } => {
                let node = list.next().map_err(|_| damaged(id, NOT_UNDERSTOOD)).transpose();
                *ended = !matches!(node, Some(Ok(_)));
                node
            }
        }
    }
}

/// `{"nodes":[…]}`, of which each node is parsed by itself.
pub(super) struct List<R, N> {
    text: Counted<R>,
    /// The list's begin was read.
    begun: bool,
    /// Where the node that was read last begins in the text.
    begins: u32,
    node: PhantomData<fn() -> N>,
}

impl<R: BufRead, N: DeserializeOwned> List<R, N> {
    fn next(&mut self) -> io::Result<Option<N>> {
        if !std::mem::replace(&mut self.begun, true) {
            if !self.begin()? {
                return Ok(None);
            }
            if self.peek()? == b']' {
                return Ok(None);
            }
            return self.node().map(Some);
        }
        match self.token()? {
            b']' => Ok(None),
            b',' => self.node().map(Some),
            _ => Err(malformed()),
        }
    }

    fn node(&mut self) -> io::Result<N> {
        self.peek()?;
        self.begins = u32::try_from(self.text.passed).map_err(|_| malformed())?;
        self.value()
    }

    /// The node that begins at `place`, which must not have been passed.
    fn at(&mut self, place: u32) -> io::Result<N> {
        let mut left = u64::from(place).checked_sub(self.text.passed).ok_or_else(malformed)?;
        while left > 0 {
            let read = self.text.fill_buf()?.len();
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let step = usize::try_from(left).map_or(read, |left| left.min(read));
            self.text.consume(step);
            left -= step as u64;
        }
        self.node()
    }

    /// Goes to the first node. False where there is no list.
    fn begin(&mut self) -> io::Result<bool> {
        self.expect(b'{')?;
        while self.peek()? != b'}' {
            let key: String = self.value()?;
            self.expect(b':')?;
            match (key.as_str(), self.peek()?) {
                ("nodes", b'[') => {
                    self.expect(b'[')?;
                    return Ok(true);
                }
                _ => drop(self.value::<IgnoredAny>()?),
            }
            if self.peek()? == b',' {
                self.expect(b',')?;
            }
        }
        Ok(false)
    }

    /// A string, a list or an object, behind whose end nothing is read.
    fn value<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        T::deserialize(&mut serde_json::Deserializer::from_reader(&mut self.text)).map_err(io::Error::from)
    }

    fn expect(&mut self, byte: u8) -> io::Result<()> {
        if self.token()? == byte { Ok(()) } else { Err(malformed()) }
    }

    fn token(&mut self) -> io::Result<u8> {
        let token = self.peek()?;
        self.text.consume(1);
        Ok(token)
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> io::Result<u8> {
        loop {
            match self.text.fill_buf()?.first() {
                Some(byte) if byte.is_ascii_whitespace() => self.text.consume(1),
                Some(byte) => return Ok(*byte),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }
}

impl<R, N> List<R, N> {
    fn new(text: R) -> Self {
        Self { text: Counted { text, passed: 0 }, begun: false, begins: 0, node: PhantomData }
    }
}

/// Counts what was read.
struct Counted<R> {
    text: R,
    /// Bytes.
    passed: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.text.read(buffer)?;
        self.passed += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.text.fill_buf()
    }

    fn consume(&mut self, length: usize) {
        self.passed += length as u64;
        self.text.consume(length);
    }
}

fn malformed() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

#[cfg(test)]
mod tests {
    use rustic_core::repofile::Node;

    use super::{List, Listed, Named};

    fn names(text: &str) -> (Vec<String>, bool) {
        let mut list: List<_, Listed> = List::new(text.as_bytes());
        let mut names = Vec::new();
        loop {
            match list.next() {
                Ok(Some(listed)) => names.push(Node::from(listed).name),
                ended => return (names, ended.is_ok()),
            }
        }
    }

    #[test]
    fn nodes_come_one_after_another() {
        let node = |name: &str| format!(r#"{{"name":"{name}","type":"file","mode":420,"size":3,"content":["00"]}}"#);
        let (a, b) = (node("a"), node("b"));
        let both = (vec!["a".to_owned(), "b".to_owned()], true);
        assert_eq!(names(&format!("{{\"nodes\":[{a},{b}]}}\n")), both);
        assert_eq!(names(&format!(" {{ \"other\":[1], \"nodes\" : [ {a} , {b} ] }}")), both);
        for nothing in [r#"{"nodes":null}"#, r#"{"nodes":[]}"#, "{}"] {
            assert_eq!(names(nothing), (Vec::new(), true), "{nothing}");
        }
        for broken in [format!(r#"{{"nodes":[{a},"broken"]}}"#), format!(r#"{{"nodes":[{a}"#)] {
            assert_eq!(names(&broken), (vec!["a".to_owned()], false), "{broken}");
        }
    }

    #[test]
    fn a_node_is_found_again_at_its_place() {
        let text = r#"{"nodes":[{"name":"a","type":"dir"} , {"name":"b","type":"file"},{"name":"c","type":"file"}]}"#;
        let mut list: List<_, Named> = List::new(text.as_bytes());
        let mut places = Vec::new();
        while list.next().unwrap().is_some() {
            places.push(list.begins);
        }
        let mut list: List<_, Named> = List::new(text.as_bytes());
        let mut read = |place| list.at(place).map(|named| (named.is_folder(), named.shown_name())).ok();
        assert_eq!(read(places[0]), Some((true, "a".to_owned())));
        assert_eq!(read(places[2]), Some((false, "c".to_owned())));
        assert_eq!(read(places[1]), None, "passed already");
        assert_eq!(read(1000), None, "behind the end");
    }
}
