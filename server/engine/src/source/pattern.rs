//! Which files a backup takes.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::RepositoryError;

/// Include and exclude patterns, relative to the source directory.
///
/// `*` and `?` stay inside one name, `**` crosses folders. A pattern with a slash is held against the
/// whole path (`var/cache`, `/logs`); one without is held against the name at any depth
/// (`*.log`, `node_modules`). A folder that matches stands for all that is in it. Excludes win.
#[derive(Clone, Debug)]
pub struct Patterns {
    /// `None` takes everything.
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Patterns {
    /// Patterns for `include` (everything, when it is empty) without `exclude`.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, RepositoryError> {
        let takes_everything = include.is_empty() || include.iter().any(|pattern| pattern == "**");
        let include = (!takes_everything).then(|| glob_set(include)).transpose()?;
        Ok(Self { include, exclude: glob_set(exclude)? })
    }

    /// Whether everything is taken that is not excluded.
    pub(crate) fn include_everything(&self) -> bool {
        self.include.is_none()
    }

    /// Whether an include pattern names `path` itself.
    pub(crate) fn includes(&self, path: &[u8]) -> bool {
        self.include.as_ref().is_none_or(|set| is_match(set, path))
    }

    /// Whether an exclude pattern names `path` itself.
    pub(crate) fn excludes(&self, path: &[u8]) -> bool {
        is_match(&self.exclude, path)
    }
}

fn is_match(set: &GlobSet, path: &[u8]) -> bool {
    use std::os::unix::ffi::OsStrExt;
    set.is_match(std::ffi::OsStr::from_bytes(path))
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
    use super::Patterns;

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
    fn a_broken_pattern_is_named() {
        let error = Patterns::new(&["a[".into()], &[]).unwrap_err();
        assert!(error.to_string().starts_with("The pattern \"a[\" is not valid"), "{error}");
    }
}
