//! What a backup takes, and what it does when files change under it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use engine::{
    DirectoryMatches, FileTotals, OnConflict, Progress, RepositoryError, SnapshotRequest, SnapshotSource, SourceOptions,
};
use tokio_util::sync::CancellationToken;

use crate::support::{World, directory, files, mount::Mount, request, restore, snapshot};

async fn taken_names(world: &World, include: &[&str], exclude: &[&str]) -> Vec<String> {
    let repository = world.repository().await;
    let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect();
    let request = SnapshotRequest { include: owned(include), exclude: owned(exclude), ..request(&world.source()) };
    let taken = repository.snapshot(request, Arc::new(()), CancellationToken::new()).await.unwrap();
    let target = world.target(&format!("target-{}", &taken.snapshot.as_str()[..8]));
    restore(&repository, &taken.snapshot, &target, OnConflict::Skip).await;
    files::look(&target).keys().map(|path| path.to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn patterns_choose_what_is_taken() {
    let world = World::start().await;
    for path in ["a.log", "a.txt", "docs/a.md", "docs/deep/b.md", "docs/b.log", "cache/x", "src/cache/y", "empty/"] {
        let path = world.source().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if path.to_str().unwrap().ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::write(path, "x").unwrap();
        }
    }
    assert_eq!(
        taken_names(&world, &["**"], &["*.log", "cache"]).await,
        ["a.txt", "docs", "docs/a.md", "docs/deep", "docs/deep/b.md", "empty", "src"]
    );
    assert_eq!(taken_names(&world, &["docs/**"], &["docs/deep"]).await, ["docs", "docs/a.md", "docs/b.log"]);
    assert_eq!(taken_names(&world, &["*.md"], &[]).await, ["docs", "docs/a.md", "docs/deep", "docs/deep/b.md"]);
    assert_eq!(taken_names(&world, &["src"], &[]).await, ["src", "src/cache", "src/cache/y"]);

    let repository = world.repository().await;
    let broken = SnapshotRequest { exclude: vec!["[".into()], ..request(&world.source()) };
    let error = repository.snapshot(broken, Arc::new(()), CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, RepositoryError::InvalidPattern { .. }));
}

#[tokio::test]
async fn a_form_learns_what_its_patterns_mean() {
    let world = World::start().await;
    for path in ["docs/a.md", "docs/deep/b.md", "docs/b.log", "cache/x", "cache/y.log"] {
        let path = world.source().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    let source = directory(&world.source());
    let matches = |include: &str, exclude: &str, names: usize, patience: Duration| {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        source.matches(&words(include), &words(exclude), names, patience, CancellationToken::new()).unwrap()
    };
    let plenty = |include, exclude| matches(include, exclude, 1000, Duration::from_mins(1));
    let everything = DirectoryMatches { files: 5, bytes: 5, ..DirectoryMatches::default() };
    assert_eq!(plenty("**", ""), everything);
    assert_eq!(plenty("", ""), everything);
    let found = plenty("docs Docs *.md", "*.log *.tmp cache cache/y.log");
    assert_eq!((found.files, found.bytes, found.stopped_early), (2, 2, false));
    assert_eq!(found.unmatched_include, ["Docs"]);
    assert_eq!(found.unmatched_exclude, ["*.tmp", "cache/y.log"], "what is in an excluded folder is not looked at");

    // Eight names in all.
    assert!(!matches("", "", 8, Duration::from_mins(1)).stopped_early);
    let some = matches("cache docs", "", 2, Duration::from_mins(1));
    assert!(some.stopped_early && some.files < 5, "{some:?}");
    assert_eq!(some.unmatched_include, ["docs"], "as far as it was looked at");
    assert!(matches("", "", 1000, Duration::ZERO).stopped_early);
}

/// Does something to the source as soon as the backup has begun to read.
struct Meddler<F> {
    done: AtomicBool,
    meddle: F,
}

impl<F: Fn() + Send + Sync> Progress for Meddler<F> {
    fn total(&self, _files: u64, _bytes: u64) {}

    fn advance(&self, files: u64, _bytes: u64) {
        if files > 0 && !self.done.swap(true, Ordering::SeqCst) {
            (self.meddle)();
        }
    }
}

async fn meddled(world: &World, meddle: impl Fn(&Path) + Send + Sync + 'static) -> engine::SnapshotReport {
    // Larger than what is read ahead, so the walk cannot be at the end before the meddling is done.
    for number in 0..400 {
        fs::write(world.source().join(format!("b{number:04}")), files::noise(number, 20_000)).unwrap();
    }
    let source = world.source();
    let meddler = Meddler { done: AtomicBool::new(false), meddle: move || meddle(&source) };
    let repository = world.repository().await;
    repository.snapshot(request(&world.source()), Arc::new(meddler), CancellationToken::new()).await.unwrap()
}

#[tokio::test]
async fn a_file_that_vanishes_is_reported_and_the_rest_is_saved() {
    let world = World::start().await;
    fs::create_dir(world.source().join("z")).unwrap();
    fs::write(world.source().join("a first"), "x").unwrap();
    let report = meddled(&world, |source| fs::remove_file(source.join("a first")).unwrap()).await;
    assert_eq!(report.files, 400);
    assert_eq!(report.unreadable.len(), 1, "{:?}", report.unreadable);
    assert_eq!(report.unreadable[0].path, "a first");
    assert_eq!(report.unreadable[0].cause, "it vanished while the backup ran");
}

#[tokio::test]
async fn a_file_that_grows_is_saved_as_long_as_it_was() {
    let world = World::start().await;
    fs::write(world.source().join("a log"), "12345").unwrap();
    let report = meddled(&world, |source| fs::write(source.join("a log"), "1234567890").unwrap()).await;
    assert_eq!((report.files, report.unreadable.len()), (401, 0));
    assert_eq!((report.changed.as_slice(), report.changed_files), (["a log".to_owned()].as_slice(), 1));
    let target = world.target("target");
    restore(&world.repository().await, &report.snapshot, &target, OnConflict::Skip).await;
    assert_eq!(fs::read_to_string(target.join("a log")).unwrap(), "12345");
}

#[tokio::test]
async fn a_file_that_shrinks_is_reported() {
    let world = World::start().await;
    fs::write(world.source().join("a log"), "1234567890").unwrap();
    let report = meddled(&world, |source| fs::write(source.join("a log"), "1").unwrap()).await;
    assert_eq!(report.unreadable.len(), 1, "{:?}", report.unreadable);
    assert_eq!(report.unreadable[0].cause, "it was shortened while it was read");
}

#[tokio::test]
async fn a_file_that_becomes_a_link_is_not_followed() {
    let world = World::start().await;
    fs::write(world.target("secret"), "of somebody else").unwrap();
    fs::write(world.source().join("a file"), "mine").unwrap();
    let secret = world.target("secret");
    let report = meddled(&world, move |source| {
        fs::remove_file(source.join("a file")).unwrap();
        std::os::unix::fs::symlink(&secret, source.join("a file")).unwrap();
    })
    .await;
    assert_eq!(report.unreadable.len(), 1, "{:?}", report.unreadable);
    let entries = world.repository().await.entries(&report.snapshot, "", 0, 100).await.unwrap().entries;
    assert!(entries.iter().all(|entry| entry.name != "a file"));
}

#[tokio::test]
async fn a_source_that_is_gone_is_said_so() {
    let world = World::start().await;
    let repository = world.repository().await;
    let request = request(&world.source());
    fs::remove_dir(world.source()).unwrap();
    let error = repository.snapshot(request, Arc::new(()), CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Source(_)), "{error:?}");
}

#[tokio::test]
async fn an_empty_source_is_a_backup_too() {
    let world = World::start().await;
    let repository = world.repository().await;
    let taken = snapshot(&repository, &world.source()).await;
    assert_eq!((taken.files, taken.bytes), (0, 0));
    let target = world.target("target");
    restore(&repository, &taken.snapshot, &target, OnConflict::Skip).await;
    assert_eq!(files::look(&target).into_keys().collect::<Vec<PathBuf>>(), Vec::<PathBuf>::new());
}

async fn taken_with(world: &World, options: SourceOptions) -> engine::SnapshotReport {
    let source = SnapshotSource::Directory(directory(&world.source()).with_options(options));
    let request = SnapshotRequest { source, ..request(&world.source()) };
    world.repository().await.snapshot(request, Arc::new(()), CancellationToken::new()).await.unwrap()
}

async fn names_in(world: &World, taken: &engine::SnapshotReport) -> Vec<String> {
    let target = world.target(&format!("target-{}", &taken.snapshot.as_str()[..8]));
    restore(&world.repository().await, &taken.snapshot, &target, OnConflict::Skip).await;
    files::look(&target).keys().map(|path| path.to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn folders_marked_as_caches_are_left_out_where_it_is_asked_for() {
    let world = World::start().await;
    let valid = "Signature: 8a477f597d28d172789f06886806bc55\n# of some program\n";
    for (folder, tag) in
        [("cache", valid), ("other", "Signature: something else, of the same length......"), ("empty", "")]
    {
        fs::create_dir_all(world.source().join(folder).join("deeper")).unwrap();
        fs::write(world.source().join(folder).join("CACHEDIR.TAG"), tag).unwrap();
        fs::write(world.source().join(folder).join("deeper/file"), "x").unwrap();
    }
    fs::create_dir(world.source().join("link")).unwrap();
    std::os::unix::fs::symlink("../cache/CACHEDIR.TAG", world.source().join("link/CACHEDIR.TAG")).unwrap();
    fs::write(world.source().join("link/file"), "x").unwrap();
    let whole = taken_with(&world, SourceOptions::default()).await;
    assert_eq!(whole.files, 8);
    let taken = taken_with(&world, SourceOptions { exclude_caches: true, ..SourceOptions::default() }).await;
    let names = names_in(&world, &taken).await;
    let of_cache: Vec<_> = names.iter().filter(|name| name.starts_with("cache")).collect();
    assert_eq!(of_cache, ["cache", "cache/CACHEDIR.TAG"]);
    assert_eq!((taken.files, taken.unreadable), (7, Vec::new()), "{names:?}");
}

#[tokio::test]
async fn files_larger_than_wanted_are_left_out_and_counted() {
    let world = World::start().await;
    for (name, size) in [("small", 1000), ("just so", 5000), ("large", 5001), ("larger", 70_000)] {
        fs::write(world.source().join(name), files::noise(1, size)).unwrap();
    }
    let options = SourceOptions { exclude_larger_than: Some(5000), ..SourceOptions::default() };
    let taken = taken_with(&world, options).await;
    assert_eq!((taken.files, taken.bytes), (2, 6000));
    assert_eq!(taken.too_large, FileTotals { files: 2, bytes: 75_001 });
    assert_eq!(taken.unreadable, [], "that is what was asked for");
    assert_eq!(names_in(&world, &taken).await, ["just so", "small"]);
    assert_eq!(taken_with(&world, SourceOptions::default()).await.too_large, FileTotals::default());
}

#[tokio::test]
async fn other_file_systems_are_left_out_where_it_is_asked_for() {
    let world = World::start().await;
    fs::write(world.source().join("file"), "x").unwrap();
    let Some(_mounted) = Mount::new("tmpfs", "size=1m", &world.source().join("mounted")) else { return };
    fs::write(world.source().join("mounted/file"), "x").unwrap();
    let whole = taken_with(&world, SourceOptions::default()).await;
    assert_eq!(names_in(&world, &whole).await, ["file", "mounted", "mounted/file"]);
    let options = SourceOptions { one_file_system: true, ..SourceOptions::default() };
    let taken = taken_with(&world, options).await;
    assert_eq!(names_in(&world, &taken).await, ["file", "mounted"], "the folder itself is there");
    assert_eq!(taken.unreadable, []);
}

#[tokio::test]
async fn patterns_that_match_nothing_are_named() {
    let world = World::start().await;
    fs::create_dir_all(world.source().join("Documents/deep")).unwrap();
    fs::write(world.source().join("Documents/deep/a.md"), "x").unwrap();
    fs::write(world.source().join("a.log"), "x").unwrap();
    let repository = world.repository().await;
    let cases: [(&[&str], &[&str], &[&str]); 6] = [
        (&["**"], &[], &[]),
        (&[], &[], &[]),
        (&["documents"], &[], &["documents"]),
        (&["Documents", "Documents/deep", "Documents/deap", "*.md"], &[], &["Documents/deap"]),
        (&["**", "custmers"], &[], &["custmers"]),
        (&["*.log", "Documents"], &["*.log"], &["*.log"]),
    ];
    for (include, exclude, unmatched) in cases {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        let request = SnapshotRequest { include: owned(include), exclude: owned(exclude), ..request(&world.source()) };
        let taken = repository.snapshot(request, Arc::new(()), CancellationToken::new()).await.unwrap();
        assert_eq!(taken.unmatched, unmatched, "{include:?}");
    }
    fs::remove_dir_all(world.source().join("Documents")).unwrap();
    fs::remove_file(world.source().join("a.log")).unwrap();
    assert_eq!(
        snapshot(&repository, &world.source()).await.unmatched,
        Vec::<String>::new(),
        "nothing is everything too"
    );
}

#[tokio::test]
async fn a_file_whose_time_was_set_back_has_changed() {
    let world = World::start().await;
    fs::write(world.source().join("a file"), "12345").unwrap();
    files::set_time(&world.source().join("a file"), 1_600_000_000, 0);
    let report = meddled(&world, |source| {
        fs::write(source.join("a file"), "54321").unwrap();
        files::set_time(&source.join("a file"), 1_600_000_000, 0);
    })
    .await;
    assert_eq!((report.changed.as_slice(), report.changed_files), (["a file".to_owned()].as_slice(), 1));
}
