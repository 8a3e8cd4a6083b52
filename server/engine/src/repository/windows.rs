//! Trees read in larger pieces than asked for.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use rustic_core::Id;

/// How much of a pack is read around a tree. Trees are some hundred bytes to some kilobytes each, and
/// those of neighbouring folders lie side by side: one request in place of hundreds.
const WINDOW: u64 = 1 << 20;
/// Windows kept, the most recent ones: 16 MiB.
const KEPT: usize = 16;

/// Bytes of a window that is kept. A folder with very many names makes a larger one, which is read once.
const LARGEST: usize = 4 << 20;

/// Whole packs kept in memory, the most recent ones: with restic's packs 32 MiB.
const PACKS_KEPT: usize = 2;

/// Recently read packs of trees.
#[derive(Default)]
pub(super) struct Packs(Mutex<VecDeque<Window>>);

impl Packs {
    /// `range` of `pack`, which `read` reads whole. None where the pack ends before.
    pub(super) fn read<E>(
        &self,
        pack: &Id,
        range: &Range<u64>,
        read: impl FnOnce() -> Result<Bytes, E>,
    ) -> Result<Option<Bytes>, E> {
        if let Some(found) = find(&self.0, pack, range) {
            return Ok(Some(found));
        }
        let window = Window { pack: *pack, start: 0, content: read()? };
        let found = window.slice(pack, range);
        keep(&self.0, window, PACKS_KEPT);
        Ok(found)
    }
}

/// Recently read pieces of tree packs.
#[derive(Default)]
pub(super) struct Windows(Mutex<VecDeque<Window>>);

struct Window {
    pack: Id,
    start: u64,
    content: Bytes,
}

impl Window {
    fn slice(&self, pack: &Id, range: &Range<u64>) -> Option<Bytes> {
        let end = self.start + self.content.len() as u64;
        if self.pack != *pack || range.start < self.start || range.end > end {
            return None;
        }
        let from = usize::try_from(range.start - self.start).ok()?;
        let to = usize::try_from(range.end - self.start).ok()?;
        Some(self.content.slice(from..to))
    }
}

impl Windows {
    /// `range` of `pack`, from a window or through `read`, which gets the range to read and may return less
    /// where the pack ends.
    pub(super) fn read<E>(
        &self,
        pack: &Id,
        range: &Range<u64>,
        read: impl FnOnce(Range<u64>) -> Result<Bytes, E>,
    ) -> Result<Option<Bytes>, E> {
        if let Some(found) = find(&self.0, pack, range) {
            return Ok(Some(found));
        }
        let start = range.start / WINDOW * WINDOW;
        let end = range.end.div_ceil(WINDOW) * WINDOW;
        let window = Window { pack: *pack, start, content: read(start..end)? };
        let found = window.slice(pack, range);
        if window.content.len() <= LARGEST {
            keep(&self.0, window, KEPT);
        }
        Ok(found)
    }
}

fn keep(windows: &Mutex<VecDeque<Window>>, window: Window, most: usize) {
    let mut windows = windows.lock().unwrap_or_else(PoisonError::into_inner);
    windows.push_front(window);
    windows.truncate(most);
}

fn find(windows: &Mutex<VecDeque<Window>>, pack: &Id, range: &Range<u64>) -> Option<Bytes> {
    let mut windows = windows.lock().unwrap_or_else(PoisonError::into_inner);
    let (at, found) = windows.iter().enumerate().find_map(|(at, window)| Some((at, window.slice(pack, range)?)))?;
    let used = windows.remove(at)?;
    windows.push_front(used);
    Some(found)
}
