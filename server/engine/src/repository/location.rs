//! Where a repository's files are in its bucket: restic's layout
//! (<https://github.com/restic/restic/blob/master/doc/design.rst>, "Repository Layout").

use std::ops::Range;

use bytes::Bytes;
use rustic_core::{FileType, Id, repofile::BlobType};

use crate::{
    ObjectOptions, S3, S3Error,
    s3::{Listed, Pace, Part, Patience, Slowed},
};

/// Bytes of a pack that is read whole while its size is not known. Holdfast's own have some 8 MiB, restic's 16 MiB unless
/// somebody wishes otherwise, and a folder of a million files makes one of 60 MiB.
const MOST_OF_PACK: usize = 64 << 20;

/// A repository's place.
#[derive(Clone, Debug)]
pub(super) struct Location {
    s3: S3,
    pub(super) bucket: String,
    /// Empty, or ends with a slash.
    pub(super) prefix: String,
    options: ObjectOptions,
    /// For a run: how its calls outlast a service that is away. Those of a person who waits fail soon.
    patience: Option<Patience>,
}

impl Location {
    pub(super) fn new(s3: S3, bucket: String, prefix: &str, options: ObjectOptions) -> Self {
        let folder = prefix.trim_matches('/');
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        Self { s3, bucket, prefix, options, patience: None }
    }

    /// The same place for a run.
    pub(super) fn patient(&self, patience: Patience) -> Self {
        Self { patience: Some(patience), ..self.clone() }
    }

    async fn outlast<T, W>(&self, call: impl Fn() -> W) -> Result<T, S3Error>
    where
        W: Future<Output = Result<T, S3Error>>,
    {
        match &self.patience {
            Some(patience) => patience.outlast(call).await,
            None => call().await,
        }
    }

    fn folder(&self, kind: FileType) -> String {
        format!("{}{}/", self.prefix, kind.dirname())
    }

    /// The key of a file.
    pub(super) fn key(&self, kind: FileType, id: &Id) -> String {
        let hex = id.to_hex();
        let hex = hex.as_str();
        match kind {
            FileType::Config => self.config_key(),
            FileType::Pack => format!("{}{}/{hex}", self.folder(kind), &hex[..2]),
            _ => format!("{}{hex}", self.folder(kind)),
        }
    }

    pub(super) fn config_key(&self) -> String {
        format!("{}config", self.prefix)
    }

    /// The files of one kind and their sizes. Objects with other names are passed over, also those that end like a
    /// file's: they may belong to another repository that lies inside this one's folders.
    pub(super) async fn list(&self, kind: FileType) -> Result<Vec<(Id, u32)>, S3Error> {
        if kind == FileType::Config {
            return self.find_config().await;
        }
        let file = |object: Listed| {
            let id: Id = object.key.rsplit('/').next()?.parse().ok()?;
            let is_own = object.key == self.key(kind, &id);
            is_own.then_some((id, u32::try_from(object.size).ok()?))
        };
        let folder = self.folder(kind);
        self.outlast(|| self.s3.list(&self.bucket, &folder, most_files(kind), file)).await
    }

    /// The config has no identity of its own.
    async fn find_config(&self) -> Result<Vec<(Id, u32)>, S3Error> {
        let key = self.config_key();
        let size = self.outlast(|| self.s3.size(&self.bucket, &key)).await?;
        let sized = size.and_then(|size| u32::try_from(size).ok());
        Ok(sized.map(|size| (Id::default(), size)).into_iter().collect())
    }

    /// Reads a whole file, which is refused where it is larger than any of its kind is.
    pub(super) async fn get(&self, kind: FileType, id: &Id) -> Result<Bytes, S3Error> {
        self.get_part(kind, id, Part::Whole(most_of(kind))).await
    }

    /// Reads a whole pack, which is refused where it has more than `size` bytes.
    pub(super) async fn get_pack(&self, id: &Id, size: u32) -> Result<Bytes, S3Error> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        self.get_part(FileType::Pack, id, Part::Whole(size)).await
    }

    /// Reads a range of a file, cut at the file's end.
    pub(super) async fn get_range(&self, kind: FileType, id: &Id, range: Range<u64>) -> Result<Bytes, S3Error> {
        self.get_part(kind, id, Part::Range(range)).await
    }

    async fn get_part(&self, kind: FileType, id: &Id, part: Part) -> Result<Bytes, S3Error> {
        let key = self.key(kind, id);
        self.outlast(|| self.s3.get(&self.bucket, &key, part.clone())).await
    }

    /// Writes a file that is no pack. A file's id is its content's SHA-256.
    pub(super) async fn put(&self, kind: FileType, id: &Id, content: Bytes) -> Result<(), S3Error> {
        self.put_as(kind, id, content, &self.options.without_class()).await.0
    }

    /// Writes a pack, and says how the service takes it.
    pub(super) async fn put_pack(&self, id: &Id, content: Bytes, holds: BlobType) -> (Result<(), S3Error>, Pace) {
        match holds {
            BlobType::Data => self.put_as(FileType::Pack, id, content, &self.options).await,
            // Read by every backup and every look into one.
            BlobType::Tree => self.put_as(FileType::Pack, id, content, &self.options.without_class()).await,
        }
    }

    async fn put_as(
        &self,
        kind: FileType,
        id: &Id,
        content: Bytes,
        options: &ObjectOptions,
    ) -> (Result<(), S3Error>, Pace) {
        let (key, hash, slowed) = (self.key(kind, id), id.to_hex(), Slowed::default());
        let sha256 = Some(hash.as_str());
        let put = || self.s3.put_paced(&self.bucket, &key, content.clone(), options, sha256, &slowed);
        (self.outlast(put).await, slowed.pace())
    }

    /// Writes the config unless there is one. False when there is another one already.
    pub(super) async fn create_config(&self, content: Bytes) -> Result<bool, S3Error> {
        let (key, options) = (self.config_key(), self.options.without_class());
        self.outlast(|| self.s3.create(&self.bucket, &key, content.clone(), &options)).await
    }

    /// Writes the config over one that is damaged.
    pub(super) async fn replace_config(&self, content: Bytes) -> Result<(), S3Error> {
        let (key, options) = (self.config_key(), self.options.without_class());
        self.outlast(|| self.s3.put(&self.bucket, &key, content.clone(), &options)).await
    }

    pub(super) async fn delete(&self, kind: FileType, id: &Id) -> Result<(), S3Error> {
        let key = self.key(kind, id);
        self.outlast(|| self.s3.delete(&self.bucket, &key)).await
    }

    /// The prefix of a repository inside whose folders this place lies, where there is one.
    pub(super) async fn enclosing(&self) -> Result<Option<String>, S3Error> {
        let names: Vec<&str> = segments(&self.prefix).collect();
        for at in (0..names.len()).filter(|at| RESERVED.contains(&names[*at])) {
            let outer = names[..at].join("/");
            let config = if outer.is_empty() { "config".to_owned() } else { format!("{outer}/config") };
            match self.s3.size(&self.bucket, &config).await {
                Ok(Some(_)) => return Ok(Some(outer)),
                // Keys that are limited to a prefix may not look beside it.
                Ok(None) | Err(S3Error::AccessDenied { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// What a repository has in its place: nothing else may lie below these names.
const RESERVED: [&str; 6] = ["config", "data", "index", "keys", "locks", "snapshots"];

/// Whether two repositories of one bucket would get in each other's way: both have the same prefix, or one lies in a
/// folder of the other, as `shop/data` and `shop/keys/old` do in the one at `shop`. One that lies beside those folders,
/// as `shop/second`, is in nobody's way. Slashes at the ends of a prefix and doubled ones do not matter; an empty prefix
/// is the bucket's root.
pub fn prefixes_collide(one: &str, other: &str) -> bool {
    lies_within(one, other) || lies_within(other, one)
}

/// Whether a repository at `inner` would lie in the place or in a folder of the one at `outer`.
fn lies_within(inner: &str, outer: &str) -> bool {
    let mut inner = segments(inner);
    segments(outer).all(|name| inner.next() == Some(name)) && inner.next().is_none_or(|name| RESERVED.contains(&name))
}

fn segments(prefix: &str) -> impl Iterator<Item = &str> {
    prefix.split('/').filter(|name| !name.is_empty())
}

/// Bytes of a file that is read whole. An index of restic's has up to 50,000 blobs and 10 MB.
const fn most_of(kind: FileType) -> usize {
    match kind {
        FileType::Config | FileType::Key => 64 << 10,
        FileType::Snapshot => 16 << 20,
        FileType::Index => 32 << 20,
        FileType::Pack => MOST_OF_PACK,
    }
}

/// Files of one kind. Two million packs of 16 MiB are 30 TiB, and their list takes 80 MB of memory.
const fn most_files(kind: FileType) -> usize {
    match kind {
        FileType::Config | FileType::Key => 1000,
        FileType::Snapshot | FileType::Index => 200_000,
        FileType::Pack => 2_000_000,
    }
}

#[cfg(test)]
mod tests {
    use super::prefixes_collide;

    #[test]
    fn only_what_lies_in_a_repositorys_own_folders_is_in_its_way() {
        for (one, other) in [
            ("nest3", "nest3"),
            ("nest3", "/nest3/"),
            ("nest3", "nest3/snapshots"),
            ("nest3", "nest3//data"),
            ("nest3", "nest3/keys/old"),
            ("nest3", "nest3/index"),
            ("nest3", "nest3/locks"),
            ("nest3", "nest3/config"),
            ("", ""),
            ("", "data"),
            ("/", "snapshots/deep/below"),
        ] {
            assert!(prefixes_collide(one, other) && prefixes_collide(other, one), "{one:?} and {other:?}");
        }
        for (one, other) in [
            ("nest3", "nest3/second"),
            ("nest3", "nest3/second/data"),
            ("nest3", "nest33"),
            ("nest3", "nest3-data"),
            ("nest3/data2", "nest3"),
            ("", "nest3"),
            ("", "nest3/data"),
            ("shop/data", "shop/keys"),
        ] {
            assert!(!prefixes_collide(one, other) && !prefixes_collide(other, one), "{one:?} and {other:?}");
        }
    }
}
