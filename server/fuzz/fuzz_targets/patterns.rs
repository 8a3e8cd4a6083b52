//! Include and exclude patterns, and what a backup makes of them.

#![no_main]

#[path = "../../engine/src/source/pattern.rs"]
#[allow(dead_code, reason = "the engine asks it more")]
mod pattern;

use libfuzzer_sys::fuzz_target;
use model::pattern::Patterns;

/// As the engine's own, which is built with all of S3 around it.
#[derive(Debug)]
pub enum RepositoryError {
    InvalidPattern { pattern: String, detail: String },
}

fuzz_target!(|input: (&str, &str, &[u8])| {
    let (include, exclude, path) = input;
    let (Ok(include), Ok(exclude)) = (Patterns::parse_include(include), Patterns::parse_exclude(exclude)) else {
        return;
    };
    for pattern in include.as_slice().iter().chain(exclude.as_slice()) {
        assert!(!pattern.starts_with('/') && !pattern.split('/').any(|part| part == ".."), "{pattern}");
    }
    match pattern::Patterns::new(include.as_slice(), exclude.as_slice()) {
        Ok(patterns) => {
            let _ = (patterns.includes(path), patterns.excludes(path));
        }
        Err(RepositoryError::InvalidPattern { pattern, detail }) => {
            assert!(pattern.is_empty() && !detail.is_empty(), "{pattern} was accepted, and is refused now: {detail}");
        }
    }
    assert_eq!(Patterns::parse_include(&include.lines()).ok(), Some(include), "what is shown is read again");
});
