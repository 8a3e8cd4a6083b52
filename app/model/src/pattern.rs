//! Glob patterns that say which part of a source is backed up.

use crate::{language::msgid, rule::RuleError};

/// Everything.
pub const EVERYTHING: &str = "**";

/// Most patterns of one list, and the longest of them in bytes.
const MOST: usize = 100;
const LONGEST: usize = 500;

/// Glob patterns inside a source, one a line in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns(Vec<String>);

impl Patterns {
    /// At least one pattern; an empty field means everything.
    pub fn parse_include(text: &str) -> Result<Self, RuleError> {
        let patterns = Self::parse(msgid("Include"), text)?;
        if patterns.0.is_empty() { Ok(Self(vec![EVERYTHING.to_owned()])) } else { Ok(patterns) }
    }

    pub fn parse_exclude(text: &str) -> Result<Self, RuleError> {
        Self::parse(msgid("Exclude"), text)
    }

    fn parse(field: &'static str, text: &str) -> Result<Self, RuleError> {
        let patterns: Vec<String> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        if patterns.len() > MOST {
            return Err(RuleError::Length { field, min: 0, max: MOST });
        }
        patterns.iter().try_for_each(|pattern| check(field, pattern))?;
        Ok(Self(patterns))
    }

    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// One a line, as the form shows them.
    pub fn lines(&self) -> String {
        self.0.join("\n")
    }
}

impl From<Vec<String>> for Patterns {
    /// Patterns that were accepted before.
    fn from(patterns: Vec<String>) -> Self {
        Self(patterns)
    }
}

fn check(field: &'static str, pattern: &str) -> Result<(), RuleError> {
    if pattern.starts_with('/') || pattern.split('/').any(|part| part == "..") {
        return Err(RuleError::PatternOutside { field, pattern: pattern.to_owned() });
    }
    // As a backup reads it: without what says that a folder is meant.
    let read = pattern.strip_prefix("./").unwrap_or(pattern);
    let read = read.strip_suffix('/').unwrap_or(read);
    let understood =
        pattern.len() <= LONGEST && !pattern.chars().any(char::is_control) && globset::Glob::new(read).is_ok();
    if understood { Ok(()) } else { Err(RuleError::Pattern { field, pattern: pattern.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_include_means_everything() {
        assert_eq!(Patterns::parse_include(" \n ").unwrap().as_slice(), [EVERYTHING]);
        assert!(Patterns::parse_exclude("").unwrap().as_slice().is_empty());
    }

    #[test]
    fn patterns_stay_inside_the_source() {
        for bad in ["/etc/**", "../x", "a/../../b", "[a", "{a"] {
            assert!(Patterns::parse_exclude(bad).is_err(), "{bad}");
        }
        assert_eq!(Patterns::parse_exclude("*.tmp\n\nnode_modules/**\n").unwrap().lines(), "*.tmp\nnode_modules/**");
    }

    #[test]
    fn what_a_backup_could_not_read_is_refused() {
        for bad in ["\\", "a\\/", "./[a", "./a\\/"] {
            assert!(Patterns::parse_include(bad).is_err(), "{bad}");
        }
        for good in ["a\\[b", "folder/", "./folder/"] {
            assert!(Patterns::parse_include(good).is_ok(), "{good}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_rule_panic(text in "\\PC{0,60}") {
            let _ = Patterns::parse_include(&text);
        }
    }
}
