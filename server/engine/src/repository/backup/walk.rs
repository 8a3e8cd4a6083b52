//! From the source's entries to steps in building folders.

use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc::SyncSender};

use rustic_core::{TreeId, repofile::Node};
use tokio::sync::oneshot;

use super::{
    Archive,
    compare::{Before, Change, Passed},
    list::weight,
    queue::Stopped,
    save::{FileJob, Jobs, Saved},
};
use crate::source::{DirectoryReader, SourceEntry};

/// Steps are handed over together, since waking a thread for each takes longer than the step.
const TOGETHER: usize = 128;
/// Bytes, roughly, of those that are handed over together: files may have many pieces and large attributes.
const MOST_WEIGHT: usize = 1 << 20;
/// The same of all that wait. What is larger by itself, as a file of many TiB that has not changed, waits alone.
const MOST_WAITING: usize = 32 << 20;
/// So often may they wait for the workers: enough for a large file among small ones not to hold the walk up.
pub(super) const WAITING: usize = 32;

/// Steps that are handed over together.
pub(super) struct Steps {
    pub(super) steps: Vec<Step>,
    /// Held until they are taken.
    _room: Room,
}

/// The room that is left for steps.
#[derive(Default)]
pub(super) struct Rooms {
    taken: Mutex<usize>,
    freed: Condvar,
}

impl Rooms {
    /// Waits for room. Nothing waits for ever: steps that are dropped instead of taken give theirs back, too.
    fn take(self: &Arc<Self>, weight: usize) -> Room {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |taken: &mut usize| *taken > 0 && *taken + weight > MOST_WAITING;
        let mut taken = self.freed.wait_while(taken, full).unwrap_or_else(PoisonError::into_inner);
        *taken += weight;
        Room { of: self.clone(), weight }
    }
}

struct Room {
    of: Arc<Rooms>,
    weight: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        *self.of.taken.lock().unwrap_or_else(PoisonError::into_inner) -= self.weight;
        self.of.freed.notify_all();
    }
}

/// A step in building a snapshot's folders.
pub(super) enum Step {
    Enter {
        node: Node,
        /// The id that the folder has if nothing in it has changed, where its own entry has not.
        had: Option<TreeId>,
    },
    Leaf {
        node: Node,
        change: Change,
        content: Content,
    },
    /// With what the snapshot before had in this place.
    Leave(Option<Passed>),
}

/// Where a leaf's content is.
pub(super) enum Content {
    /// It is in the node, or there is none.
    There,
    /// A worker is at it.
    Coming(oneshot::Receiver<Option<Saved>>),
}

/// Goes through the source once.
pub(super) struct SourceWalk<'a> {
    pub(super) archive: &'a Archive<'a>,
    pub(super) jobs: &'a Jobs,
    steps: SyncSender<Steps>,
    ready: Vec<Step>,
    /// Of what is ready.
    weight: usize,
    rooms: Arc<Rooms>,
}

impl<'a> SourceWalk<'a> {
    pub(super) fn new(archive: &'a Archive<'a>, jobs: &'a Jobs, steps: SyncSender<Steps>) -> Self {
        Self { archive, jobs, steps, ready: Vec::new(), weight: 0, rooms: Arc::default() }
    }

    /// Ends early when the run is stopped.
    pub(super) fn run(mut self, source: &DirectoryReader, parent: Option<TreeId>) -> Result<(), Stopped> {
        let mut levels = vec![parent.and_then(|id| self.archive.before(&id))];
        for entry in source.entries() {
            while levels.len() > entry.depth {
                self.leave(levels.pop().flatten())?;
            }
            if entry.node.is_dir() {
                let above = levels.last_mut().and_then(Option::as_mut);
                let (was, had) = above.and_then(|above| above.folder(&entry.node)).unzip();
                levels.push(was.and_then(|id| self.archive.before(&id)));
                self.enter(entry.node, had.flatten())?;
            } else {
                self.leaf(entry, levels.last_mut().and_then(Option::as_mut))?;
            }
        }
        while let Some(level) = levels.pop() {
            self.leave(level)?;
        }
        self.hand_over()
    }

    fn enter(&mut self, node: Node, had: Option<TreeId>) -> Result<(), Stopped> {
        self.weight += weight(&node);
        self.step(Step::Enter { node, had })
    }

    fn leaf(&mut self, entry: SourceEntry, before: Option<&mut Before>) -> Result<(), Stopped> {
        let SourceEntry { mut node, file, .. } = entry;
        let change = before.map_or(Change::New, |before| before.leaf(&mut node, self.archive.known));
        self.weight += weight(&node);
        let content = match file {
            Some(file) if change != Change::None => {
                let (done, coming) = oneshot::channel();
                self.jobs.file(FileJob { file, done })?;
                Content::Coming(coming)
            }
            Some(_) => {
                self.archive.run.progress.advance(0, node.meta.size);
                Content::There
            }
            None => Content::There,
        };
        self.step(Step::Leaf { node, change, content })
    }

    fn leave(&mut self, before: Option<Before>) -> Result<(), Stopped> {
        self.step(Step::Leave(before.map(Before::pass)))
    }

    fn step(&mut self, step: Step) -> Result<(), Stopped> {
        self.ready.push(step);
        if self.ready.len() < TOGETHER && self.weight < MOST_WEIGHT { Ok(()) } else { self.hand_over() }
    }

    fn hand_over(&mut self) -> Result<(), Stopped> {
        let room = self.rooms.take(std::mem::take(&mut self.weight));
        let steps = std::mem::replace(&mut self.ready, Vec::with_capacity(TOGETHER));
        self.steps.send(Steps { steps, _room: room }).map_err(|_| Stopped)
    }
}
