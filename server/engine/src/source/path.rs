//! Paths that share the names above them.

use std::{
    ffi::{OsStr, OsString},
    sync::Arc,
};

use super::report::shown;

/// Bytes of a path that are shown: Linux's `PATH_MAX`. No program opens by name what has a longer one.
const LONGEST_SHOWN: usize = 4096;
/// Stands for what is left out of a longer one.
const LEFT_OUT: &str = "/…/";

/// A path below a folder. It shares the names above its own with other paths, so that it costs one name, however deep
/// it lies. The empty path is the folder itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct TreePath(Option<Arc<Last>>);

#[derive(Debug)]
struct Last {
    above: TreePath,
    name: OsString,
    depth: usize,
}

impl TreePath {
    /// The path of `name` in this folder.
    pub(crate) fn join(&self, name: impl Into<OsString>) -> Self {
        Self(Some(Arc::new(Last { above: self.clone(), name: name.into(), depth: self.depth() + 1 })))
    }

    /// How many names it has.
    pub(crate) fn depth(&self) -> usize {
        self.0.as_ref().map_or(0, |last| last.depth)
    }

    /// Its last name; empty for the folder itself.
    pub(crate) fn name(&self) -> &OsStr {
        self.0.as_ref().map_or(OsStr::new(""), |last| &last.name)
    }

    /// Its names, the last one first.
    fn upwards(&self) -> impl Iterator<Item = &OsStr> {
        let mut at = self;
        std::iter::from_fn(move || {
            let last = at.0.as_ref()?;
            at = &last.above;
            Some(last.name.as_os_str())
        })
    }

    /// Its names, the first one first.
    pub(crate) fn names(&self) -> Vec<&OsStr> {
        let mut names: Vec<&OsStr> = self.upwards().collect();
        names.reverse();
        names
    }

    /// The whole path, as [`shown`] writes names.
    pub(crate) fn whole(&self) -> String {
        joined(&self.names())
    }

    /// The path for people, as [`shown`] writes names. Of one that is too long to be opened the middle is left out.
    pub(crate) fn shown(&self) -> String {
        let names = self.names();
        let length = |names: &[&OsStr]| names.iter().map(|name| name.len() + 1).sum::<usize>();
        if length(&names) <= LONGEST_SHOWN {
            return joined(&names);
        }
        let half = (LONGEST_SHOWN - LEFT_OUT.len()) / 2;
        let fitting = |names: &mut dyn Iterator<Item = &&OsStr>| {
            let mut room = half;
            names
                .take_while(|name| {
                    let fits = name.len() < room;
                    room = room.saturating_sub(name.len() + 1);
                    fits
                })
                .count()
        };
        let (first, last) = (fitting(&mut names.iter()), fitting(&mut names.iter().rev()));
        format!("{}{LEFT_OUT}{}", joined(&names[..first]), joined(&names[names.len() - last..]))
    }
}

fn joined(names: &[&OsStr]) -> String {
    names.iter().map(|name| shown(name)).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_SHOWN, TreePath};

    #[test]
    fn a_path_is_shown_whole_unless_nobody_could_open_it() {
        let path = TreePath::default().join("a").join("b");
        assert_eq!((path.shown().as_str(), path.depth()), ("a/b", 2));
        assert_eq!(TreePath::default().shown(), "");
        let deep = (0..1000).fold(TreePath::default(), |path, number| path.join(format!("{number:0250}")));
        let shown = deep.shown();
        assert!(shown.len() <= LONGEST_SHOWN, "{}", shown.len());
        assert!(shown.starts_with(&format!("{:0250}/", 0)) && shown.ends_with(&format!("/{:0250}", 999)));
        assert!(shown.contains("/…/"));
    }
}
