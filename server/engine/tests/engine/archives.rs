//! Folders downloaded as archives, read by the programs that people have: `tar`, and Python's zip.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use engine::{ArchiveFormat, Repository, RepositoryError, SnapshotId};
use tokio_stream::StreamExt;

use crate::support::{
    World, exact,
    files::{self, Seen},
    snapshot,
};

const TOP: &str = "nightly-1";

/// Downloads a folder into a file beside the source.
async fn archive(
    (world, repository): (&World, &Repository),
    snapshot: &SnapshotId,
    path: &str,
    format: ArchiveFormat,
) -> PathBuf {
    let mut folder = repository.open_folder(snapshot, path, TOP, format).await.unwrap();
    let mut content = Vec::new();
    while let Some(part) = folder.stream.next().await {
        content.extend_from_slice(&part.unwrap());
    }
    let file = world.target("archive");
    fs::write(&file, content).unwrap();
    file
}

fn untar(archive: &Path, into: &Path) {
    fs::create_dir(into).unwrap();
    let attributes = ["--xattrs", "--xattrs-include=*", "--warning=no-timestamp"];
    let options = ["--extract", "--gzip", "--preserve-permissions", "--numeric-owner", "--same-owner", "--file"];
    let options = attributes.into_iter().chain(options);
    let output = Command::new("tar").args(options).arg(archive).arg("--directory").arg(into).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn tar_unpacks_what_was_backed_up() {
    let world = World::start().await;
    let repository = world.repository().await;
    files::odd_files(&world.source());
    let long = world.source().join("l".repeat(200)).join("m".repeat(200));
    fs::create_dir_all(&long).unwrap();
    std::os::unix::fs::symlink("t".repeat(150), long.join("n".repeat(255))).unwrap();
    let taken = snapshot(&repository, &world.source()).await.snapshot;

    let whole = archive((&world, &repository), &taken, "", ArchiveFormat::TarGz).await;
    untar(&whole, &world.target("whole"));
    let (source, unpacked) = (files::look(&world.source()), files::look(&world.target("whole").join(TOP)));
    assert_eq!(source.keys().collect::<Vec<_>>(), unpacked.keys().collect::<Vec<_>>());
    for (path, seen) in &source {
        assert!(*seen == unpacked[path], "{}", path.display());
    }

    let part = archive((&world, &repository), &taken, "a folder/deeper", ArchiveFormat::TarGz).await;
    untar(&part, &world.target("part"));
    let of_folder = files::look(&world.source().join("a folder/deeper"));
    assert!(files::look(&world.target("part").join("deeper")) == of_folder);
    assert_eq!(fs::read_dir(world.target("part")).unwrap().count(), 1, "all below one folder");
}

/// All but holes, sockets, FIFOs and devices is in a tar as it was, for the programs that read it.
#[tokio::test(flavor = "multi_thread")]
async fn tar_keeps_further_names_times_attributes_and_owners() {
    let world = World::start().await;
    let repository = world.repository().await;
    exact::make(&world.source());
    fs::remove_file(world.source().join("fifo")).unwrap();
    let long = world.source().join("l".repeat(200));
    fs::create_dir(&long).unwrap();
    for name in ["m".repeat(200), "n".repeat(200)] {
        fs::hard_link(world.source().join("third name"), long.join(name)).unwrap();
    }
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let packed = archive((&world, &repository), &taken, "", ArchiveFormat::TarGz).await;
    untar(&packed, &world.target("whole"));
    exact::assert_same(&world.source(), &world.target("whole").join(TOP), false);

    // Of a part too, whose first names are others.
    let packed = archive((&world, &repository), &taken, "folder", ArchiveFormat::TarGz).await;
    untar(&packed, &world.target("part"));
    exact::assert_same(&world.source().join("folder"), &world.target("part/folder"), false);
    let read = "import sys, tarfile\nfor entry in tarfile.open(sys.argv[1]): print(repr(entry.name), entry.type, entry.uname, entry.mtime)";
    let entries = python(read, &[&packed]);
    let deeper = "'folder/deeper' b'5' root -2.999999997";
    assert!(entries.iter().any(|entry| entry == deeper), "{entries:#?}");
    assert_eq!(entries.iter().filter(|entry| entry.contains(" b'1' ")).count(), 1, "{entries:#?}");

    let zip = archive((&world, &repository), &taken, "folder", ArchiveFormat::Zip).await;
    assert!(Command::new("unzip").arg("-tq").arg(&zip).status().unwrap().success());
}

/// Checks every entry's sum, and prints for each its name, mode, and what it holds.
const READ_ZIP: &str = "
import hashlib, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    for entry in archive.infolist():
        digest = hashlib.sha256(archive.read(entry)).hexdigest()
        mode = entry.external_attr >> 16
        if entry.is_dir(): mode = 0o40000 | mode & 0o777
        print(repr(entry.filename), oct(mode), digest, entry.date_time[0])
";

/// The same of a file on the disk, under the name that a zip can write.
const READ_FOLDER: &str = "
import hashlib, os, re, stat, sys
top = os.fsencode(sys.argv[1])
def shown(name):
    name = ''.join(c if not '\\udc80' <= c <= '\\udcff' else '_x%02x' % (ord(c) - 0xdc00) for c in name)
    name = re.sub(r'[<>:\"/\\\\|?*\\x00-\\x1f]', '_', name)
    return re.sub('[. ]$', '_', name)
def show(path, name):
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
    if stat.S_ISLNK(kind): content = shown_link(os.readlink(path))
    elif stat.S_ISDIR(kind): content, name = b'', name + '/'
    else: content = open(path, 'rb').read()
    mode = 0o777 if stat.S_ISLNK(kind) else status.st_mode & 0o777
    print(repr(name), oct(kind | mode), hashlib.sha256(content).hexdigest())
def shown_link(target):
    return b''.join(bytes([b]) if b < 0x80 else b'\\\\x%02x' % b for b in target)
def walk(folder, name):
    for child in os.listdir(folder):
        path, inner = os.path.join(folder, child), name + '/' + shown(os.fsdecode(child))
        show(path, inner)
        if os.path.isdir(path) and not os.path.islink(path): walk(path, inner)
walk(top, sys.argv[2])
";

fn python(script: &str, arguments: &[&Path]) -> Vec<String> {
    let python = Command::new("python3").args(["-X", "utf8", "-c", script]).args(arguments).output().unwrap();
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    let mut lines: Vec<_> = String::from_utf8(python.stdout).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zip_holds_what_was_backed_up() {
    let world = World::start().await;
    let repository = world.repository().await;
    files::odd_files(&world.source());
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let zip = archive((&world, &repository), &taken, "", ArchiveFormat::Zip).await;
    let entries = python(READ_ZIP, &[&zip]);
    // The year is looked at apart: zip knows none before 1980.
    let year = |name: &str| {
        entries.iter().find(|line| line.starts_with(&format!("'{TOP}/{name}'"))).map(|line| &line[line.len() - 4..])
    };
    assert_eq!((year("plain.txt"), year("a folder/old")), (Some("2020"), Some("1980")));
    let without_year: Vec<_> = entries.iter().map(|line| line[..line.len() - 5].to_owned()).collect();
    let mut expected = python(READ_FOLDER, &[&world.source(), Path::new(TOP)]);
    expected.push(without_year.iter().find(|line| line.starts_with(&format!("'{TOP}/' "))).unwrap().clone());
    expected.sort();
    assert_eq!(without_year, expected);

    let tested = Command::new("unzip").arg("-tq").arg(&zip).output().unwrap();
    let said = String::from_utf8_lossy(&tested.stdout).into_owned() + &String::from_utf8_lossy(&tested.stderr);
    assert!(tested.status.success() && said.contains("No errors detected"), "{said}");

    let (part, unzipped) =
        (archive((&world, &repository), &taken, "a folder", ArchiveFormat::Zip).await, world.target("unzipped"));
    let output = Command::new("unzip").arg("-q").arg(&part).arg("-d").arg(&unzipped).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Times and owners are not a zip's to keep.
    let plain = |root: &Path| {
        let look = |seen: Seen| (seen.mode, seen.link, seen.content);
        files::look(root).into_iter().map(|(path, seen)| (path, look(seen))).collect::<BTreeMap<_, _>>()
    };
    assert!(plain(&unzipped.join("a folder")) == plain(&world.source().join("a folder")));
}

/// Names that differ only in what a zip cannot write stay two entries.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_become_the_same_are_told_apart() {
    let world = World::start().await;
    let repository = world.repository().await;
    for name in ["a\\b", "a_b", "..\\..\\evil"] {
        fs::write(world.source().join(name), name).unwrap();
    }
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let zip = archive((&world, &repository), &taken, "", ArchiveFormat::Zip).await;
    let names: Vec<_> =
        python(READ_ZIP, &[&zip]).iter().map(|line| line.split("' ").next().unwrap().to_owned()).collect();
    assert_eq!(names, ["'nightly-1/", "'nightly-1/.._.._evil", "'nightly-1/a_b (2)", "'nightly-1/a_b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_folder_is_not_packed_and_what_is_missing_breaks_the_archive_off() {
    let world = World::start().await;
    let repository = world.repository().await;
    files::odd_files(&world.source());
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    for (path, wrong) in [("plain.txt", "a file"), ("link", "a link"), ("no such", "nothing")] {
        let error = repository.open_folder(&taken, path, TOP, ArchiveFormat::Zip).await.err().unwrap();
        let told = matches!(error, RepositoryError::NotAFolder { .. } | RepositoryError::NoSuchPath { .. });
        assert!(told, "{wrong}: {error}");
    }
    let mut packs = world.stored("data");
    packs.sort_by_key(|pack| pack.metadata().unwrap().len());
    fs::remove_file(packs.last().unwrap()).unwrap();
    for format in [ArchiveFormat::TarGz, ArchiveFormat::Zip] {
        let mut folder = repository.open_folder(&taken, "", TOP, format).await.unwrap();
        let mut last = None;
        while let Some(part) = folder.stream.next().await {
            last = Some(part);
        }
        assert!(matches!(last, Some(Err(RepositoryError::Damaged { .. }))), "{format:?} does not look whole");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_is_left_ends() {
    let world = World::start().await;
    let repository = world.repository().await;
    for number in 0..8_u64 {
        fs::write(world.source().join(number.to_string()), files::noise(number, 8 << 20)).unwrap();
    }
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let mut folder = repository.open_folder(&taken, "", TOP, ArchiveFormat::TarGz).await.unwrap();
    assert!(folder.stream.next().await.unwrap().is_ok());
    drop(folder);
    // A thread that went on packing would keep this runtime from ending.
}

/// In each zone of the world, since a zip's own times are those of a clock on the wall.
#[tokio::test(flavor = "multi_thread")]
async fn a_zip_keeps_times_wherever_it_is_unpacked() {
    let world = World::start().await;
    let repository = world.repository().await;
    files::write(&world.source().join("new"), b"", 0o644, 1_700_000_001, 0);
    files::write(&world.source().join("old"), b"", 0o644, 1_000_000_000, 0);
    fs::create_dir(world.source().join("folder")).unwrap();
    files::set_time(&world.source().join("folder"), 1_600_000_003, 0);
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let zip = archive((&world, &repository), &taken, "", ArchiveFormat::Zip).await;
    for zone in ["UTC", "America/New_York", "Asia/Kolkata"] {
        let into = world.target(&zone.replace('/', "-"));
        let unpacked = Command::new("unzip").env("TZ", zone).arg("-q").arg(&zip).arg("-d").arg(&into).output().unwrap();
        assert!(unpacked.status.success(), "{}", String::from_utf8_lossy(&unpacked.stderr));
        let times = files::look(&into.join(TOP)).into_iter().map(|(path, seen)| (path, seen.modified.0));
        let right = [("folder", 1_600_000_003), ("new", 1_700_000_001), ("old", 1_000_000_000)];
        assert_eq!(times.collect::<Vec<_>>(), right.map(|(name, time)| (PathBuf::from(name), time)), "{zone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zip_can_be_unpacked_on_windows() {
    let world = World::start().await;
    let repository = world.repository().await;
    for name in ["what?.txt", "what*.txt", "nul.txt", "dot.", "Readme.md", "README.md", "readme.md"] {
        fs::write(world.source().join(name), name).unwrap();
    }
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let zip = archive((&world, &repository), &taken, "", ArchiveFormat::Zip).await;
    let names: Vec<_> =
        python(READ_ZIP, &[&zip]).iter().map(|line| line.split("' ").next().unwrap()[11..].to_owned()).collect();
    println!("{names:?}");
    let expected =
        ["", "README.md", "Readme (2).md", "dot_", "nul_.txt", "readme (3).md", "what_ (2).txt", "what_.txt"];
    assert_eq!(names, expected);
}
