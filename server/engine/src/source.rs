//! Where a backup's files come from: directories under allowed roots, walked without following links.

mod node;
mod pattern;
mod read;
mod report;
mod roots;
mod walk;

pub(crate) use self::{
    node::{mode_from_go, mode_to_go},
    read::{DirectoryReader, SourceEntry, SourceFile},
    report::{shown, words},
};
pub use self::{
    pattern::Patterns,
    roots::{DirectorySource, SourceError, SourceRoots},
};
