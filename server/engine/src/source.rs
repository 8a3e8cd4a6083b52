//! Where a backup's files come from: directories under allowed roots, walked without following links.

mod attributes;
mod barrier;
mod beneath;
mod descent;
mod entries;
mod error;
mod file;
mod matches;
mod node;
mod options;
mod owners;
mod path;
mod pattern;
mod read;
mod report;
mod roots;
mod walk;

pub(crate) use self::{
    barrier::{Barrier, Barriers, Identity},
    descent::{Descent, folder_flags},
    file::Part,
    node::{mode_from_go, mode_to_go},
    owners::OwnerNumbers,
    path::TreePath,
    read::{DirectoryReader, SourceEntry, SourceFile},
    report::{Collected, shown, words},
};
pub use self::{
    entries::Folders,
    error::SourceError,
    matches::DirectoryMatches,
    options::SourceOptions,
    owners::Owners,
    pattern::Patterns,
    roots::{DirectorySource, Held, RestoreTarget, SourceRoots},
};

/// Folders inside folders that are backed up, packed, searched and restored. A path that a program can open has at most
/// 4095 bytes (`PATH_MAX`), thus 2047 names if each has one letter; those of real files have some dozens. More are made to
/// do harm: each costs memory while it is worked on.
pub(crate) const DEEPEST: usize = 1000;
