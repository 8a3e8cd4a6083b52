//! Which files a backup takes.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::RepositoryError;

/// The pattern that is everything, also where there is nothing.
const EVERYTHING: &str = "**";

/// Include and exclude patterns, relative to the source directory.
///
/// `*` and `?` stay inside one name, `**` crosses folders. A pattern with a slash is held against the
/// whole path (`var/cache`, `/logs`); one without is held against the name at any depth
/// (`*.log`, `node_modules`). A folder that matches stands for all that is in it. Excludes win.
#[derive(Clone, Debug)]
pub struct Patterns {
    takes_everything: bool,
    /// Those that include, without `**`.
    pub(super) include: List,
    pub(super) exclude: List,
}

/// Patterns as they were written and as they are looked for.
#[derive(Clone, Debug)]
pub(super) struct List {
    written: Vec<String>,
    set: GlobSet,
}

impl List {
    fn new(written: Vec<String>) -> Result<Self, RepositoryError> {
        Ok(Self { set: glob_set(&written)?, written })
    }

    fn is_match(&self, path: &[u8]) -> bool {
        self.set.is_match(OsStr::from_bytes(path))
    }
}

impl Patterns {
    /// Patterns for `include` (everything, when it is empty) without `exclude`.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, RepositoryError> {
        let takes_everything = include.is_empty() || include.iter().any(|pattern| pattern == EVERYTHING);
        let written: Vec<String> = include.iter().filter(|pattern| *pattern != EVERYTHING).cloned().collect();
        Ok(Self { takes_everything, include: List::new(written)?, exclude: List::new(exclude.to_vec())? })
    }

    /// Whether everything is taken that is not excluded.
    pub(crate) fn include_everything(&self) -> bool {
        self.takes_everything
    }

    /// Whether an include pattern names `path` itself.
    pub(crate) fn includes(&self, path: &[u8]) -> bool {
        self.takes_everything || self.include.is_match(path)
    }

    /// Whether an exclude pattern names `path` itself.
    pub(crate) fn excludes(&self, path: &[u8]) -> bool {
        self.exclude.is_match(path)
    }
}

/// The patterns of a list that have matched nothing so far.
pub(super) struct Unmatched {
    /// Their places among those that were written.
    left: Vec<usize>,
    found: Vec<usize>,
}

impl Unmatched {
    pub(super) fn new(patterns: &List) -> Self {
        Self { left: (0..patterns.written.len()).collect(), found: Vec::new() }
    }

    /// Looks which of them `path` matches, as long as there are any.
    pub(super) fn meet(&mut self, patterns: &List, path: &[u8]) {
        if self.left.is_empty() {
            return;
        }
        patterns.set.matches_into(OsStr::from_bytes(path), &mut self.found);
        self.left.retain(|pattern| self.found.binary_search(pattern).is_err());
    }

    /// As they were written.
    pub(super) fn names(&self, patterns: &List) -> Vec<String> {
        self.left.iter().filter_map(|pattern| patterns.written.get(*pattern)).cloned().collect()
    }
}

fn glob_set(patterns: &[String]) -> Result<GlobSet, RepositoryError> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(glob(pattern).map_err(|error| invalid(pattern, &error))?);
    }
    set.build().map_err(|error| invalid("", &error))
}

fn glob(pattern: &str) -> Result<Glob, globset::Error> {
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    let trimmed = pattern.strip_suffix('/').unwrap_or(pattern);
    let anchored = trimmed.contains('/');
    let rooted = trimmed.strip_prefix('/').unwrap_or(trimmed);
    let whole = if anchored { rooted.into() } else { format!("**/{rooted}") };
    GlobBuilder::new(&whole).literal_separator(true).backslash_escape(true).build()
}

fn invalid(pattern: &str, error: &globset::Error) -> RepositoryError {
    RepositoryError::InvalidPattern { pattern: pattern.into(), detail: error.kind().to_string() }
}

#[cfg(test)]
mod tests {
    use super::{Patterns, Unmatched};

    fn patterns(include: &[&str], exclude: &[&str]) -> Patterns {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        Patterns::new(&owned(include), &owned(exclude)).unwrap()
    }

    #[test]
    fn a_pattern_without_a_slash_matches_at_any_depth() {
        let patterns = patterns(&["**"], &["*.log", "node_modules/"]);
        for path in ["a.log", "x/y/b.log", "node_modules", "x/node_modules"] {
            assert!(patterns.excludes(path.as_bytes()), "{path}");
        }
        assert!(!patterns.excludes(b"a.log.gz"));
    }

    #[test]
    fn a_pattern_with_a_slash_is_anchored() {
        let patterns = patterns(&["docs/*.md", "/top"], &[]);
        assert!(patterns.includes(b"docs/a.md"));
        assert!(patterns.includes(b"top"));
        for path in ["x/docs/a.md", "docs/sub/a.md", "x/top"] {
            assert!(!patterns.includes(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn patterns_without_a_match_are_known() {
        let patterns = patterns(&["**", "docs", "docs/deep", "*.md", "custmers"], &[]);
        let mut unmatched = Unmatched::new(&patterns.include);
        for path in ["docs", "docs/a.txt", "docs/deep"] {
            unmatched.meet(&patterns.include, path.as_bytes());
        }
        assert_eq!(unmatched.names(&patterns.include), ["*.md", "custmers"]);
    }

    #[test]
    fn a_broken_pattern_is_named() {
        let error = Patterns::new(&["a[".into()], &[]).unwrap_err();
        assert!(error.to_string().starts_with("The pattern \"a[\" is not valid"), "{error}");
    }
}
