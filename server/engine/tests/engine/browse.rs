//! Looking into snapshots and downloading from them.

use engine::{EntryKind, Repository, RepositoryError, SnapshotId};
use tokio_stream::StreamExt;

use crate::support::{World, files, snapshot};

async fn download(repository: &Repository, snapshot: &SnapshotId, path: &str) -> Vec<u8> {
    let mut file = repository.open_file(snapshot, path).await.unwrap();
    let mut content = Vec::new();
    while let Some(bytes) = file.stream.next().await {
        content.extend_from_slice(&bytes.unwrap());
    }
    assert_eq!(content.len() as u64, file.size, "{path}");
    content
}

#[tokio::test]
async fn a_snapshot_is_browsed_folder_by_folder() {
    let world = World::start().await;
    let repository = world.repository().await;
    files::odd_files(&world.source());
    let taken = snapshot(&repository, &world.source()).await.snapshot;

    let root = repository.entries(&taken, "", 0, 100).await.unwrap().entries;
    let find = |name: &str| root.iter().find(|entry| entry.name == name).unwrap_or_else(|| panic!("{name}: {root:#?}"));
    assert_eq!(find("plain.txt").size, 11);
    assert_eq!(find("plain.txt").modified.unwrap().timestamp_subsec_nanos(), 123_456_789);
    assert_eq!(find("a folder").kind, EntryKind::Directory);
    assert_eq!(find("link out").kind, EntryKind::Symlink { target: "/etc/passwd".into() });
    assert_eq!(find("latin1-\\xe9\\xff").kind, EntryKind::File);
    assert_eq!(find("sparse").size, 24 << 20);

    let inner = repository.entries(&taken, "/a folder/deeper/", 0, 100).await.unwrap().entries;
    let paths: Vec<_> = inner.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["a folder/deeper/still deeper", "a folder/deeper/big", "a folder/deeper/copy of big"]);

    let error = repository.entries(&taken, "no such", 0, 100).await.unwrap_err();
    assert!(matches!(error, RepositoryError::NoSuchPath { .. }));
    let error = repository.entries(&taken, "plain.txt", 0, 100).await.unwrap_err();
    assert!(matches!(error, RepositoryError::NotAFolder { .. }));
}

#[tokio::test]
async fn names_are_searched_in_all_folders() {
    let world = World::start().await;
    let repository = world.repository().await;
    files::odd_files(&world.source());
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let search = async |needle: &str, limit| {
        let found = repository.search(&taken, needle, limit).await.unwrap();
        found.into_iter().map(|entry| entry.path).collect::<Vec<_>>()
    };
    assert_eq!(search("BIG", 10).await, ["a folder/deeper/big", "a folder/deeper/copy of big"]);
    assert_eq!(search("big", 1).await, ["a folder/deeper/big"]);
    assert_eq!(search("no such", 10).await, Vec::<String>::new());
}

#[tokio::test]
async fn files_are_downloaded_as_they_were() {
    let world = World::start().await;
    let repository = world.repository().await;
    files::odd_files(&world.source());
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    for path in ["plain.txt", "a folder/empty", "a folder/deeper/copy of big", "sparse", "ünïcödé 🦀", "new\nline"]
    {
        let original = std::fs::read(world.source().join(path)).unwrap();
        assert!(download(&repository, &taken, path).await == original, "{path}");
    }
    assert_eq!(download(&repository, &taken, "latin1-\\xe9\\xff").await, b"not UTF-8");
    let error = repository.open_file(&taken, "a folder").await.err().unwrap();
    assert!(matches!(error, RepositoryError::NotAFile { .. }));
}

#[tokio::test]
async fn a_snapshot_taken_by_another_process_is_seen() {
    let world = World::start().await;
    let (repository, other) = (world.repository().await, world.repository().await);
    files::odd_files(&world.source());
    let first = snapshot(&repository, &world.source()).await.snapshot;
    repository.entries(&first, "", 0, 100).await.unwrap();
    std::fs::write(world.source().join("new file"), "new").unwrap();
    let second = snapshot(&other, &world.source()).await.snapshot;
    assert_eq!(download(&repository, &second, "new file").await, b"new");
}

#[tokio::test]
async fn a_missing_pack_ends_a_download_with_an_error() {
    let world = World::start().await;
    let repository = world.repository().await;
    files::odd_files(&world.source());
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let mut file = repository.open_file(&taken, "a folder/deeper/big").await.unwrap();
    // The download holds little: what it has not read yet is gone.
    let mut packs = world.stored("data");
    packs.sort_by_key(|pack| pack.metadata().unwrap().len());
    std::fs::remove_file(packs.last().unwrap()).unwrap();
    let mut last = None;
    while let Some(bytes) = file.stream.next().await {
        last = Some(bytes);
    }
    let _ = last;
    let mut again = repository.open_file(&taken, "a folder/deeper/big").await.unwrap();
    let error = again.stream.next().await.unwrap().unwrap_err();
    assert!(matches!(error, RepositoryError::Damaged { .. }), "{error:?}");
    assert!(again.stream.next().await.is_none());
}

#[tokio::test]
async fn what_grew_most_is_told_by_where_it_grew() {
    let world = World::start().await;
    let repository = world.repository().await;
    let source = world.source();
    let write = |path: &str, bytes: u64| {
        let path = source.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, files::noise(bytes, usize::try_from(bytes).unwrap())).unwrap();
    };
    for (path, bytes) in [
        ("same/file", 5000),
        ("logs/app.log", 1000),
        ("logs/other.log", 1000),
        ("many/one", 100),
        ("many/two", 100),
        ("smaller", 9000),
        ("kind", 10),
        ("moved/deep/file", 4000),
    ] {
        write(path, bytes);
    }
    let old = snapshot(&repository, &source).await.snapshot;
    std::fs::rename(source.join("moved"), source.join("moved there")).unwrap();
    std::fs::remove_file(source.join("kind")).unwrap();
    for (path, bytes) in [
        ("logs/app.log", 51_000),
        ("logs/other.log", 2000),
        ("many/one", 10_100),
        ("many/two", 10_100),
        ("many/three", 10_000),
        ("smaller", 10),
        ("kind/now/a folder", 3000),
        ("new", 20_000),
    ] {
        write(path, bytes);
    }
    let new = snapshot(&repository, &source).await.snapshot;

    let grown = async |old, new, limit| {
        let grown = repository.growth(old, new, limit).await.unwrap().into_iter();
        grown.map(|grown| (grown.path, grown.is_folder, grown.bytes)).collect::<Vec<_>>()
    };
    let told = |path: &str, is_folder, bytes| (path.to_owned(), is_folder, bytes);
    let all = [
        told("logs/app.log", false, 50_000),
        told("many", true, 30_000),
        told("new", false, 20_000),
        told("moved there/deep/file", false, 4000),
        told("kind/now/a folder", false, 3000),
        told("logs/other.log", false, 1000),
    ];
    assert_eq!(grown(&old, &new, 10).await, all);
    assert_eq!(grown(&old, &new, 2).await, all[..2]);
    assert_eq!(grown(&new, &new, 10).await, []);
    let shrunk = grown(&new, &old, 10).await;
    assert_eq!(shrunk, [told("smaller", false, 8990), told("moved/deep/file", false, 4000), told("kind", false, 10)]);
}
