//! A piece of a pack that was read already.

use std::{cell::RefCell, ops::Range};

use bytes::Bytes;
use rustic_core::Id;

/// A range of a pack.
#[derive(Clone)]
pub(super) struct Staged {
    pub(super) pack: Id,
    pub(super) start: u64,
    pub(super) content: Bytes,
}

thread_local! {
    static STAGED: RefCell<Option<Staged>> = const { RefCell::new(None) };
}

/// Runs `work`, in which storage reads of this thread that lie inside `piece` are answered from it. That is
/// how many neighbouring blobs, which the library reads one by one, cost one request.
pub(super) fn with_staged<T>(piece: Staged, work: impl FnOnce() -> T) -> T {
    STAGED.set(Some(piece));
    let done = work();
    STAGED.set(None);
    done
}

/// `range` of `pack`, if it is staged on this thread.
pub(super) fn staged(pack: &Id, range: &Range<u64>) -> Option<Bytes> {
    STAGED.with_borrow(|staged| {
        let piece = staged.as_ref().filter(|piece| piece.pack == *pack)?;
        let from = usize::try_from(range.start.checked_sub(piece.start)?).ok()?;
        let to = usize::try_from(range.end.checked_sub(piece.start)?).ok()?;
        (to <= piece.content.len()).then(|| piece.content.slice(from..to))
    })
}
