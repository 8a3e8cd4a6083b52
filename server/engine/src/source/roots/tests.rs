use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use super::{Held, SourceError, SourceRoots};

fn roots(at: &Path) -> SourceRoots {
    fs::create_dir_all(at.join("root/inner/deeper")).unwrap();
    fs::create_dir_all(at.join("second/x")).unwrap();
    fs::create_dir_all(at.join("outside")).unwrap();
    fs::write(at.join("root/file"), "x").unwrap();
    for (target, link) in [
        ("outside", "out"),
        ("outside/none", "out to nothing"),
        ("root/inner", "link"),
        ("root/none", "dangling"),
        ("second/x", "to the second"),
    ] {
        symlink(at.join(target), at.join("root").join(link)).unwrap();
    }
    for (target, link) in [("inner/deeper", "relative"), ("../second", "up"), ("inner/../../outside", "up and out")] {
        symlink(target, at.join("root").join(link)).unwrap();
    }
    symlink("loop", at.join("root/loop")).unwrap();
    SourceRoots::new(vec![at.join("root"), at.join("second"), at.join("not-mounted")])
}

#[test]
fn a_source_is_a_directory_under_a_root() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().canonicalize().unwrap();
    let roots = roots(&at);
    let directory = |path: &str| roots.directory(&at.join(path));

    for (path, real) in [
        ("root", "root"),
        ("root/link", "root/inner"),
        ("root/relative/..", "root/inner"),
        ("root/link/deeper/../../link", "root/inner"),
        ("root/to the second", "second/x"),
        ("root/up/x", "second/x"),
        ("root/../second/x", "second/x"),
    ] {
        assert_eq!(directory(path).unwrap().path(), at.join(real), "{path}");
    }
    assert!(matches!(directory("root/none"), Err(SourceError::NotFound(_))));
    assert!(matches!(directory("root/dangling"), Err(SourceError::NotFound(_))));
    assert!(matches!(directory("not-mounted/x"), Err(SourceError::NotFound(_))));
    assert!(matches!(directory("root/file"), Err(SourceError::NotADirectory(_))));
    assert!(matches!(directory("root/file/x"), Err(SourceError::NotADirectory(_))));
    assert!(matches!(directory("root/loop"), Err(SourceError::Unreadable { .. })));
    assert!(matches!(directory("root/up and out"), Err(SourceError::LinkLeavesRoots(_))));
    assert!(matches!(roots.directory(Path::new("root")), Err(SourceError::NotAbsolute)));
    assert!(matches!(SourceRoots::default().directory(&at), Err(SourceError::NoRoots)));
}

#[test]
fn a_root_may_be_written_with_links_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().canonicalize().unwrap();
    fs::create_dir_all(at.join("disk/data/releases/7")).unwrap();
    symlink(at.join("disk"), at.join("srv")).unwrap();
    symlink("releases/7", at.join("disk/data/current")).unwrap();
    let roots = SourceRoots::new(vec![at.join("srv/data")]);
    for path in ["srv/data/current", "disk/data/current", "disk/data/releases/7"] {
        assert_eq!(roots.directory(&at.join(path)).unwrap().path(), at.join("disk/data/releases/7"), "{path}");
    }
    fs::create_dir(at.join("disk/other")).unwrap();
    assert!(matches!(roots.directory(&at.join("srv/other")), Err(SourceError::OutsideRoots { .. })));
}

#[test]
fn what_lies_outside_is_not_told_apart_from_what_does_not_exist() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().canonicalize().unwrap();
    let roots = roots(&at);
    let source = |path: &str| roots.directory(&at.join(path)).map(drop).unwrap_err();
    let target = |path: &str| roots.restore_target(&at.join(path)).map(drop).unwrap_err();
    let tellings: [&dyn Fn(&str) -> SourceError; 2] = [&source, &target];
    for told in tellings {
        for path in
            ["outside", "nothing here", "outside/x", "root/../outside", "root/../nothing", "rooted", "/proc/1/root/etc"]
        {
            let error = told(path);
            assert!(matches!(error, SourceError::OutsideRoots { .. }), "{path}: {error}");
        }
        for path in ["root/out", "root/out to nothing", "root/out/none"] {
            let error = told(path);
            assert!(matches!(error, SourceError::LinkLeavesRoots(_)), "{path}: {error}");
        }
    }
}

#[test]
fn a_restore_target_may_be_new_but_not_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().canonicalize().unwrap();
    let roots = roots(&at);
    let target = |path: &str| roots.restore_target(&at.join(path));

    assert_eq!(target("root/link/new/deeper").unwrap().path(), at.join("root/inner/new/deeper"));
    assert_eq!(target("root/inner").unwrap().path(), at.join("root/inner"));
    assert!(!at.join("root/inner/new").exists(), "it is only looked for");
    assert!(matches!(target("root/out/new"), Err(SourceError::LinkLeavesRoots(_))));
    assert!(matches!(target("outside/new"), Err(SourceError::OutsideRoots { .. })));
    assert!(matches!(target("root/none/../../outside"), Err(SourceError::NotFound(_))));
    assert!(matches!(target("root/dangling"), Err(SourceError::NotFound(_))));
    assert!(matches!(target("root/dangling/x"), Err(SourceError::NotFound(_))));
    assert!(matches!(target("root/file"), Err(SourceError::NotADirectory(_))));
}

#[test]
fn protected_things_are_no_source_and_no_target() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().canonicalize().unwrap();
    fs::create_dir_all(at.join("root/data/cache")).unwrap();
    fs::create_dir_all(at.join("root/db")).unwrap();
    symlink(at.join("root/data"), at.join("root/link")).unwrap();
    let protected = vec![at.join("root/data"), at.join("root/db/holdfast.db"), at.join("elsewhere/key")];
    let roots = SourceRoots::new(vec![at.join("root")]).with_protected(protected.clone());
    for path in ["root/data", "root/data/cache", "root/link/cache", "root/data/new"] {
        let refused = roots.restore_target(&at.join(path));
        assert!(matches!(refused, Err(SourceError::Protected(_))), "{path}: {refused:?}");
    }
    assert!(matches!(roots.directory(&at.join("root/link/cache")), Err(SourceError::Protected(_))));
    // The database is yet to be made, and so are the files beside it.
    for path in ["root/db/holdfast.db", "root/db/holdfast.db-wal"] {
        assert!(matches!(roots.restore_target(&at.join(path)), Err(SourceError::Protected(_))), "{path}");
    }
    assert!(roots.restore_target(&at.join("root/db/holdfast.dbx")).is_ok());
    assert!(roots.directory(&at.join("root")).is_ok(), "it is left out of what lies above");

    let rooted = |root: &str| SourceRoots::new(vec![at.join(root)]).with_protected(protected.clone());
    let inside = rooted("root/link/cache");
    for path in ["root/link/cache", "root/data/cache"] {
        assert!(
            matches!(inside.directory(&at.join(path)), Err(SourceError::Protected(_))),
            "{path}: a link leads there"
        );
    }
    assert!(matches!(rooted("root/data").directory(&at.join("root/data")), Err(SourceError::Protected(_))));
    // As README says of exports.
    let meant = rooted("root/data/cache");
    assert!(meant.directory(&at.join("root/data/cache")).is_ok());
    assert_eq!(meant.held(), []);

    let held = |root: &str, protected: &PathBuf| Held { root: at.join(root), protected: protected.clone() };
    assert_eq!(roots.held(), [held("root", &protected[0]), held("root", &protected[1])]);
    assert_eq!(inside.held(), [held("root/link/cache", &protected[0])]);
}

#[test]
fn the_deepest_root_owns_a_directory() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().canonicalize().unwrap();
    fs::create_dir_all(at.join("srv/beta/ours/x")).unwrap();
    fs::create_dir_all(at.join("srv/own/shared")).unwrap();
    symlink(at.join("srv/beta"), at.join("srv/link")).unwrap();
    let own = ["srv", "srv/beta/ours", "srv/own/shared"].map(|root| at.join(root)).to_vec();
    let foreign = ["srv/beta", "srv/own/shared", "srv/to come"].map(|root| at.join(root)).to_vec();
    let roots = SourceRoots::new(own).with_foreign(foreign);
    for path in ["srv", "srv/own", "srv/beta/ours/x", "srv/own/shared"] {
        assert!(roots.directory(&at.join(path)).is_ok(), "{path}");
    }
    for path in ["srv/beta", "srv/beta/none", "srv/link/x", "srv/own/../beta", "srv/to come/x"] {
        for refused in [roots.directory(&at.join(path)).map(drop), roots.restore_target(&at.join(path)).map(drop)] {
            assert!(matches!(refused, Err(SourceError::OutsideRoots { .. })), "{path}: {refused:?}");
        }
    }
}
