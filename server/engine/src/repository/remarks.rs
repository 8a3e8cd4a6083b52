//! What a backup has to say beside its numbers: what is missing from it, what changed while it was read.
//!
//! It lies in the snapshot itself, in the field that rustic uses for a description and restic passes over. So whoever finds
//! the snapshot of a process that has died before it could tell knows whether it is complete.

use serde::{Deserialize, Serialize};

use super::{FileTotals, SnapshotReport, Unreadable};
use crate::source::Collected;

/// Bytes that the remarks may have in a snapshot, which every run reads.
const MOST_BYTES: usize = 256 << 10;

/// What a backup found on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remarks {
    /// What is missing from it.
    pub unreadable: Vec<Unreadable>,
    /// Files that were changed while they were read, or the first of them.
    pub changed: Vec<String>,
    /// How many they are in all.
    pub changed_files: u64,
    /// Include patterns that matched nothing.
    pub unmatched: Vec<String>,
    /// Files that are larger than the policy takes them.
    pub too_large: FileTotals,
    /// What was left out on purpose.
    pub left_out: Vec<Unreadable>,
}

impl Remarks {
    pub(super) fn of(collected: Collected) -> Self {
        let Collected { unreadable, changed, changed_files, left_out, too_large, unmatched } = collected;
        Self { unreadable, changed, changed_files, unmatched, too_large, left_out }
    }

    /// As it is stored, with shorter lists where it would be too long; `None` where there is nothing to say.
    pub(super) fn to_text(&self) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        let mut stored = self.clone();
        loop {
            let text = serde_json::to_string(&stored).ok()?;
            if text.len() <= MOST_BYTES {
                return Some(text);
            }
            stored.shorten();
        }
    }

    /// What a snapshot says; nothing where it is not ours.
    pub(super) fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    fn shorten(&mut self) {
        shorten(&mut self.unreadable, |more| tr!("{n} more could not be read" | "{n} more could not be read" % more));
        shorten(&mut self.left_out, |more| tr!("{n} more were left out" | "{n} more were left out" % more));
        self.changed.truncate(self.changed.len() / 2);
        self.unmatched.truncate(self.unmatched.len().div_ceil(2));
    }

    pub(super) fn report(self, report: SnapshotReport) -> SnapshotReport {
        let Self { unreadable, changed, changed_files, unmatched, too_large, left_out } = self;
        SnapshotReport { unreadable, changed, changed_files, unmatched, too_large, left_out, ..report }
    }
}

/// Half of the list, and what is said of how many more there were.
fn shorten(list: &mut Vec<Unreadable>, said: impl Fn(usize) -> String) {
    let kept = list.len() / 2;
    if kept > 0 {
        let cause = said(list.len() - kept);
        list.truncate(kept);
        list.push(Unreadable { path: String::new(), cause });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(count: usize) -> Remarks {
        let file = |number| Unreadable { path: format!("{}/{number}", "long".repeat(500)), cause: "denied".into() };
        Remarks { unreadable: (0..count).map(file).collect(), changed_files: 7, ..Remarks::default() }
    }

    #[test]
    fn remarks_are_read_back() {
        let few = missing(3);
        assert_eq!(Remarks::read(&few.to_text().unwrap()), few);
        assert_eq!(Remarks::default().to_text(), None);
        assert_eq!(Remarks::read("somebody's own description"), Remarks::default());
    }

    #[test]
    fn many_are_cut_short_and_none_are_forgotten() {
        let text = missing(10_000).to_text().unwrap();
        assert!(text.len() <= MOST_BYTES);
        let read = Remarks::read(&text);
        assert!(!read.unreadable.is_empty() && read.changed_files == 7);
        assert!(read.unreadable.last().unwrap().cause.contains("more could not be read"));
    }
}
