//! Files and pieces of files on their way to the workers.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// Files that wait. Each keeps its folder open.
const MOST_FILES: usize = 128;

/// Work for the workers: pieces that were read already before files, so that little is held in memory.
pub(super) struct Queue<F, P> {
    state: Mutex<State<F, P>>,
    /// For workers.
    more: Condvar,
    /// For who brings files.
    room: Condvar,
    /// Pieces that wait.
    most_pieces: usize,
}

struct State<F, P> {
    files: VecDeque<F>,
    pieces: VecDeque<P>,
    /// Files that are being cut: pieces may still come.
    being_cut: usize,
    /// No more files come.
    ended: bool,
    /// The run has failed.
    stopped: bool,
}

pub(super) enum Work<F, P> {
    File(F),
    Piece(P),
}

/// The run has failed, or was stopped.
pub(super) struct Stopped;

impl<F, P> Queue<F, P> {
    pub(super) fn new(most_pieces: usize) -> Self {
        let state =
            State { files: VecDeque::new(), pieces: VecDeque::new(), being_cut: 0, ended: false, stopped: false };
        Self { state: Mutex::new(state), more: Condvar::new(), room: Condvar::new(), most_pieces }
    }

    fn state(&self) -> MutexGuard<'_, State<F, P>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to do; none when there will be nothing more.
    pub(super) fn next(&self) -> Option<Work<F, P>> {
        let mut state = self.state();
        loop {
            if state.stopped {
                return None;
            }
            if let Some(piece) = state.pieces.pop_front() {
                return Some(Work::Piece(piece));
            }
            if let Some(file) = state.files.pop_front() {
                // There is room again, once for many.
                if state.files.len() == MOST_FILES / 2 {
                    self.room.notify_one();
                }
                return Some(Work::File(file));
            }
            if state.ended && state.being_cut == 0 {
                return None;
            }
            state = self.more.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Hands a file over, when there is room for it.
    pub(super) fn file(&self, file: F) -> Result<(), Stopped> {
        let mut state = self.state();
        while state.files.len() >= MOST_FILES && !state.stopped {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stopped {
            return Err(Stopped);
        }
        state.files.push_back(file);
        drop(state);
        self.more.notify_one();
        Ok(())
    }

    /// Hands a piece over, or gives it back where nobody will soon have time for it.
    pub(super) fn piece(&self, piece: P) -> Option<P> {
        let mut state = self.state();
        if state.pieces.len() >= self.most_pieces || state.stopped {
            return Some(piece);
        }
        state.pieces.push_back(piece);
        drop(state);
        self.more.notify_one();
        None
    }

    /// While `cut` runs, pieces may come.
    pub(super) fn while_cutting<T>(&self, cut: impl FnOnce() -> T) -> T {
        self.state().being_cut += 1;
        let done = cut();
        self.state().being_cut -= 1;
        self.more.notify_all();
        done
    }

    /// No more files come.
    pub(super) fn end(&self) {
        self.state().ended = true;
        self.more.notify_all();
    }

    /// Whatever waits is let go.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.stopped = true;
        let dropped = (std::mem::take(&mut state.files), std::mem::take(&mut state.pieces));
        drop(state);
        drop(dropped);
        self.more.notify_all();
        self.room.notify_one();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.state().stopped
    }
}
