//! Snapshots that somebody made to do harm.

use std::{ffi::OsStr, fs, io::Cursor, os::unix::fs::symlink, path::Path, sync::Arc};

use embedded_s3::{EmbeddedS3, EmbeddedS3Config};
use rustic_core::{
    BackupOptions, ReadSource, ReadSourceEntry, RusticResult, SnapshotOptions,
    repofile::{Metadata, Node, NodeType},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Addressing, LONGEST_OUTAGE, NetworkPolicy, ObjectOptions, OnConflict, Repository, RepositoryConfig, RestoreRequest,
    S3, S3Access, Secret, SnapshotId, SourceRoots,
    repository::{blocking::blocking, fault::repository_error, open, storage::Storage},
};

/// Entries as a hostile program would write them: a folder, and a name, whatever it holds.
#[derive(Clone)]
struct Hostile(Vec<(&'static str, &'static str, NodeType)>);

impl ReadSource for Hostile {
    type Open = Cursor<&'static str>;
    type Iter = std::vec::IntoIter<RusticResult<ReadSourceEntry<Self::Open>>>;

    fn size(&self) -> RusticResult<Option<u64>> {
        Ok(None)
    }

    fn entries(&self) -> Self::Iter {
        let entry = |(folder, name, kind): (&str, &str, NodeType)| {
            let is_folder = kind == NodeType::Dir;
            let path = if is_folder { Path::new(folder).to_path_buf() } else { Path::new(folder).join("any") };
            let mut node = Node::new_node(OsStr::new(""), kind, Metadata::default());
            // As it will be stored: `\x2e` becomes a dot when it is read.
            node.name = name.into();
            Ok(ReadSourceEntry { path, node, open: Some(Cursor::new("evil")) })
        };
        self.0.iter().cloned().map(entry).collect::<Vec<_>>().into_iter()
    }
}

async fn take(repository: &Repository, source: Hostile) -> SnapshotId {
    let inner = repository.0.clone();
    blocking(move || {
        let storage = Arc::new(Storage::new(inner.location.clone(), CancellationToken::new()));
        let library = open::open(storage, &inner.key, None)?.to_indexed_ids().unwrap();
        let file = SnapshotOptions::default().to_snapshot().unwrap();
        let taken = library.archive(&BackupOptions::default(), &source, file, &["/".into()]);
        Ok(taken.map_err(|error| repository_error(&error))?.id.into())
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn nothing_in_a_snapshot_leads_out_of_the_target() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().canonicalize().unwrap();
    let config = EmbeddedS3Config {
        folder: at.join("s3"),
        access_key_id: "AKID".into(),
        secret_key: "secret".into(),
        listen: "127.0.0.1:0".parse().unwrap(),
    };
    let server = EmbeddedS3::start(config).await.unwrap();
    let access = S3Access {
        endpoint: server.endpoint(),
        region: embedded_s3::REGION.into(),
        access_key_id: "AKID".into(),
        secret_key: Secret::new("secret".into()),
        ca_certificate: None,
        addressing: Addressing::Automatic,
    };
    let network = NetworkPolicy::allowing(vec!["127.0.0.0/8".parse().unwrap()]);
    S3::connect(&access, &network).create_bucket("bucket").await.unwrap();
    let config = RepositoryConfig {
        access,
        network,
        bucket: "bucket".into(),
        prefix: String::new(),
        options: ObjectOptions::default(),
        longest_outage: LONGEST_OUTAGE,
        password: Secret::new("password".into()),
        cache_dir: None,
    };
    let (repository, _) = Repository::open_or_create(config).await.unwrap();

    let link_out = NodeType::Symlink { linktarget: at.join("outside").display().to_string(), linktarget_raw: None };
    let snapshot = take(
        &repository,
        Hostile(vec![
            ("", "../evil", NodeType::File),
            ("", "/evil", NodeType::File),
            ("", "..", NodeType::File),
            ("", "\\x2e\\x2e", NodeType::File),
            ("", "a/b", NodeType::File),
            ("", "folder", link_out),
            ("folder", "folder", NodeType::Dir),
            ("folder", "through the link", NodeType::File),
            ("inner", "..", NodeType::Dir),
            ("inner", "evil", NodeType::File),
            ("z", "..", NodeType::Symlink { linktarget: "/".into(), linktarget_raw: None }),
        ]),
    )
    .await;

    for on_conflict in [OnConflict::Skip, OnConflict::Overwrite, OnConflict::KeepBoth] {
        let place = at.join(format!("{on_conflict:?}"));
        fs::create_dir_all(place.join("target")).unwrap();
        fs::create_dir_all(at.join("outside")).unwrap();
        symlink(at.join("outside"), place.join("target/z")).unwrap();
        let target = place.join("target");
        let target = SourceRoots::new(vec![at.clone()]).restore_target(&target).unwrap();
        let (snapshot, paths) = (snapshot.clone(), Vec::new());
        let request = RestoreRequest { snapshot, paths, target, on_conflict, lending_bits: false };
        let report = repository.restore(request, Arc::new(()), CancellationToken::new()).await.unwrap();
        assert!(report.warnings.len() >= 5, "{report:#?}");
        assert_eq!(fs::read_dir(&place).unwrap().count(), 1, "{on_conflict:?}: only the target");
        assert_eq!(fs::read_dir(at.join("outside")).unwrap().count(), 0, "{on_conflict:?}");
    }
    assert!(!Path::new("/evil").exists());
}
