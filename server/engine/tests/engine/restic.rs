//! The `restic` command as the judge of what we write, with moto as a second, independent S3 server.

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    os::unix::fs::MetadataExt,
    path::Path,
    process::Command,
    sync::Arc,
    time::Instant,
};

use engine::{OnConflict, Repository};
use tokio_util::sync::CancellationToken;

use crate::support::{
    database::{dump_request, fill},
    files,
    moto::Moto,
    repository_config, restore, snapshot,
};

/// A sparse file of one GiB with data at three places.
fn sparse_gigabyte(path: &Path) {
    let mut file = File::create(path).unwrap();
    file.set_len(1 << 30).unwrap();
    for (number, offset) in [0, 300 << 20, (1 << 30) - 100].into_iter().enumerate() {
        file.seek(SeekFrom::Start(offset)).unwrap();
        file.write_all(&files::noise(number as u64, 100)).unwrap();
    }
    files::set_time(path, 1_650_000_000, 42);
}

#[tokio::test(flavor = "multi_thread")]
async fn restic_checks_and_restores_what_we_wrote() {
    let moto = Moto::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (folder.path().join("source"), folder.path().join("restic"));
    files::odd_files(&source);
    // restic reads targets that are no UTF-8 from version 0.16 on; Debian's is older.
    std::fs::remove_file(source.join("odd link")).unwrap();
    for number in 0..40_u64 {
        std::fs::write(source.join(format!("noise {number}")), files::noise(number, 1 << 20)).unwrap();
    }
    let config = repository_config(moto.endpoint.clone());
    let (repository, _) = Repository::open_or_create(config).await.unwrap();
    snapshot(&repository, &source).await;
    files::write(&source.join("added later"), b"new", 0o644, 1_650_000_000, 0);
    sparse_gigabyte(&source.join("sparse gigabyte"));
    let second = snapshot(&repository, &source).await;
    assert_eq!(second.unreadable, []);

    let checked = moto.restic(&["check", "--read-data"]);
    assert!(String::from_utf8_lossy(&checked.stdout).contains("no errors were found"));
    let listed = moto.restic(&["snapshots", "--json"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("\"run-1\"") && listed.contains("\"project\""), "{listed}");

    moto.restic(&["restore", second.snapshot.as_str(), "--target", target.to_str().unwrap()]);
    compare(&source, &target, "restic");

    let ours = folder.path().join("ours");
    let began = Instant::now();
    let report = restore(&repository, &second.snapshot, &ours, OnConflict::Skip).await;
    println!("restored {} bytes in {:?}", report.bytes, began.elapsed());
    assert_eq!(report.warnings, []);
    let blocks = ours.join("sparse gigabyte").metadata().unwrap().blocks();
    assert!(blocks * 512 < 8 << 20, "holes stay holes: {blocks} blocks");
    compare(&source, &ours, "ours");
}

/// The gigabyte is compared without reading it into memory, and hidden while the rest is compared.
fn compare(source: &Path, target: &Path, by: &str) {
    let [left, right] = [source, target].map(|folder| folder.join("sparse gigabyte"));
    let same = Command::new("cmp").arg(&left).arg(&right).status().unwrap();
    assert!(same.success(), "the gigabyte restored by {by}");
    let properties = |path: &Path| path.metadata().map(|seen| (seen.mode(), seen.mtime(), seen.mtime_nsec())).unwrap();
    assert_eq!(properties(&left), properties(&right), "the gigabyte restored by {by}");

    let hidden = source.with_file_name("hidden");
    std::fs::remove_file(&right).unwrap();
    std::fs::rename(&left, &hidden).unwrap();
    files::assert_same(source, target);
    std::fs::rename(&hidden, &left).unwrap();
}

/// The recovery kit's way: the dump has its size, for restic restores a file of size 0 as an empty one.
#[tokio::test(flavor = "multi_thread")]
async fn restic_restores_a_dump_that_pg_restore_reads() {
    let moto = Moto::start().await;
    let folder = tempfile::tempdir().unwrap();
    let database = test_postgres::cluster().new_database();
    fill(&database, 3000);
    let (repository, _) = Repository::open_or_create(repository_config(moto.endpoint.clone())).await.unwrap();
    let taken = repository.snapshot(dump_request(&database), Arc::new(()), CancellationToken::new()).await.unwrap();
    let checked = moto.restic(&["check", "--read-data"]);
    assert!(String::from_utf8_lossy(&checked.stdout).contains("no errors were found"));
    moto.restic(&["restore", "latest", "--target", folder.path().to_str().unwrap()]);
    let dump = folder.path().join(format!("{}.dump", database.name));
    assert_eq!(dump.metadata().unwrap().len(), taken.bytes);

    let copy = test_postgres::cluster().new_database();
    let restored = Command::new("pg_restore").args(["--dbname", &copy.socket_url()]).arg(&dump).output().unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let digest = "SELECT count(*), md5(string_agg(md5(o::text), '' ORDER BY id)) FROM shop.orders o";
    assert_eq!(copy.sql(digest), database.sql(digest));
}

/// The way back: a repository that restic made is ours to use.
#[tokio::test(flavor = "multi_thread")]
async fn a_repository_made_by_restic_can_be_used() {
    let moto = Moto::start().await;
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    files::odd_files(&source);
    moto.restic(&["init", "--repository-version", "2"]);
    let config = repository_config(moto.endpoint.clone());
    let (repository, opened) = Repository::open_or_create(config).await.unwrap();
    assert_eq!(opened, engine::Opened::Existing);
    snapshot(&repository, &source).await;
    moto.restic(&["check", "--read-data"]);
}

/// Both programs cut files at the same places: what one has stored, the other one does not store again.
#[tokio::test(flavor = "multi_thread")]
async fn what_restic_stored_is_found_again() {
    let moto = Moto::start().await;
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    std::fs::create_dir(&source).unwrap();
    std::fs::write(source.join("large"), files::noise(1, 40 << 20)).unwrap();
    std::fs::write(source.join("small"), files::noise(2, 1000)).unwrap();
    moto.restic(&["init", "--repository-version", "2"]);
    moto.restic(&["backup", source.to_str().unwrap()]);
    let (repository, _) = Repository::open_or_create(repository_config(moto.endpoint.clone())).await.unwrap();
    let taken = snapshot(&repository, &source).await;
    assert!(taken.added_bytes < 10_000, "{} bytes were stored again", taken.added_bytes);
}
