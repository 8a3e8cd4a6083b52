//! What the tests stand on: an S3 server, a folder of odd files, and eyes that compare.

pub mod database;
pub mod exact;
pub mod files;
pub mod moto;
pub mod mount;
pub mod proxy;
pub mod servers;
pub mod tls;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use embedded_s3::{EmbeddedS3, EmbeddedS3Config};
use engine::{
    DirectorySource, NetworkPolicy, ObjectOptions, OnConflict, Progress, RemoveRequest, Repository, RepositoryConfig,
    RestoreRequest, RestoreTarget, S3, S3Access, Secret, SnapshotId, SnapshotRequest, SnapshotSource, SourceRoots,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

pub const ACCESS_KEY: &str = "AKIDHOLDFAST";
pub const SECRET_KEY: &str = "a-secret-key-of-the-tests";
pub const BUCKET: &str = "holdfast-tests";
pub const PASSWORD: &str = "a long repository password";

/// An S3 server with one bucket, and a folder to back up and restore in.
pub struct World {
    pub server: EmbeddedS3,
    pub folder: TempDir,
}

impl World {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = EmbeddedS3Config {
            folder: folder.path().join("s3"),
            access_key_id: ACCESS_KEY.into(),
            secret_key: SECRET_KEY.into(),
            listen: "127.0.0.1:0".parse().unwrap(),
        };
        let world = Self { server: EmbeddedS3::start(config).await.unwrap(), folder };
        std::fs::create_dir(world.source()).unwrap();
        world.s3().create_bucket(BUCKET).await.unwrap();
        world
    }

    pub fn source(&self) -> PathBuf {
        self.folder.path().join("source")
    }

    pub fn target(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn s3(&self) -> S3 {
        S3::connect(&access(self.server.endpoint()), &loopback())
    }

    pub async fn repository(&self) -> Repository {
        Repository::open_or_create(repository_config(self.server.endpoint())).await.unwrap().0
    }

    /// The server's files below the bucket's folder `kind`, such as `snapshots`.
    pub fn stored(&self, kind: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().join("s3").join(BUCKET).join("prefix").join(kind)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() { folders.push(entry.path()) } else { found.push(entry.path()) }
            }
        }
        found
    }
}

pub fn access(endpoint: Url) -> S3Access {
    S3Access {
        endpoint,
        region: "us-east-1".into(),
        access_key_id: ACCESS_KEY.into(),
        secret_key: Secret::new(SECRET_KEY.into()),
        ca_certificate: None,
        addressing: engine::Addressing::Automatic,
    }
}

pub fn loopback() -> NetworkPolicy {
    NetworkPolicy::allowing(vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()])
}

pub fn repository_config(endpoint: Url) -> RepositoryConfig {
    RepositoryConfig {
        access: access(endpoint),
        network: loopback(),
        bucket: BUCKET.into(),
        prefix: "/prefix/".into(),
        password: Secret::new(PASSWORD.into()),
        options: ObjectOptions::default(),
        // Most tests of failures want to see them.
        longest_outage: Duration::ZERO,
        cache_dir: None,
    }
}

/// Removes the repository below `prefix`.
pub async fn remove(s3: &S3, prefix: &str) {
    let longest_outage = Duration::ZERO;
    let request = RemoveRequest { s3: s3.clone(), bucket: BUCKET.into(), prefix: prefix.into(), longest_outage };
    Repository::remove(request, Arc::new(()), CancellationToken::new()).await.unwrap();
}

pub fn directory(path: &Path) -> DirectorySource {
    SourceRoots::new(vec![path.to_path_buf()]).directory(path).unwrap()
}

pub fn request(source: &Path) -> SnapshotRequest {
    SnapshotRequest {
        source: SnapshotSource::Directory(directory(source)),
        label: "nightly".into(),
        tags: vec!["run-1".into()],
        host: "project".into(),
        include: vec!["**".into()],
        exclude: Vec::new(),
        permit: engine::Permit::default(),
    }
}

pub async fn snapshot(repository: &Repository, source: &Path) -> engine::SnapshotReport {
    repository.snapshot(request(source), Arc::new(()), CancellationToken::new()).await.unwrap()
}

pub async fn restore(
    repository: &Repository,
    snapshot: &SnapshotId,
    target: &Path,
    on_conflict: OnConflict,
) -> engine::RestoreReport {
    // As restic does it: files come back as they were, also those that lend root's rights.
    let request = RestoreRequest { lending_bits: true, ..restore_request(snapshot, target, on_conflict) };
    repository.restore(request, Arc::new(()), CancellationToken::new()).await.unwrap()
}

pub fn restore_target(path: &Path) -> RestoreTarget {
    SourceRoots::new(vec!["/".into()]).restore_target(path).unwrap()
}

/// Everything, as an operator's restore.
pub fn restore_request(snapshot: &SnapshotId, target: &Path, on_conflict: OnConflict) -> RestoreRequest {
    let (snapshot, target) = (snapshot.clone(), restore_target(target));
    RestoreRequest { snapshot, paths: Vec::new(), target, on_conflict, lending_bits: false }
}

/// Counts what it is told.
#[derive(Default)]
pub struct Counter {
    pub total_files: AtomicU64,
    pub total_bytes: AtomicU64,
    pub files: AtomicU64,
    pub bytes: AtomicU64,
}

impl Progress for Counter {
    fn total(&self, files: u64, bytes: u64) {
        self.total_files.store(files, Ordering::SeqCst);
        self.total_bytes.store(bytes, Ordering::SeqCst);
    }

    fn advance(&self, files: u64, bytes: u64) {
        self.files.fetch_add(files, Ordering::SeqCst);
        self.bytes.fetch_add(bytes, Ordering::SeqCst);
    }
}

/// Calls `then` when so many bytes are done.
struct After<F> {
    bytes: AtomicU64,
    limit: u64,
    then: F,
}

impl<F: Fn() + Send + Sync> Progress for After<F> {
    fn total(&self, _files: u64, _bytes: u64) {}

    fn advance(&self, _files: u64, bytes: u64) {
        let before = self.bytes.fetch_add(bytes, Ordering::SeqCst);
        if before < self.limit && before + bytes >= self.limit {
            (self.then)();
        }
    }
}

pub fn after<F: Fn() + Send + Sync + 'static>(limit: u64, then: F) -> Arc<dyn Progress> {
    Arc::new(After { bytes: AtomicU64::new(0), limit, then })
}
