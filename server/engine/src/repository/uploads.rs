//! Packs on their way to the bucket.

use std::sync::{
    Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use rustic_core::{Id, repofile::BlobType};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{fault::Fault, location::Location};
use crate::s3::Pace;

/// Packs in flight: enough to fill a connection while the next pack is compressed.
const IN_FLIGHT: usize = 4;
/// Uploads that a service has to take well before one more is tried at the same time.
const WELL_TAKEN: usize = 8;

/// Uploads packs behind the archiver's back, so that it goes on packing meanwhile.
///
/// The first failure is kept and returned by every later call: the library passes over failures of single
/// files, but never over those of an index or a snapshot, and those wait for [`Uploads::barrier`].
#[derive(Clone)]
pub(super) struct Uploads {
    location: Location,
    runtime: Handle,
    stop: CancellationToken,
    gate: Arc<Gate>,
    failure: Arc<OnceLock<Fault>>,
    closed: Arc<AtomicBool>,
}

impl Uploads {
    pub(super) fn new(location: Location, runtime: Handle, stop: CancellationToken) -> Self {
        Self { location, runtime, stop, gate: Arc::default(), failure: Arc::default(), closed: Arc::default() }
    }

    /// The first failure, if there was one.
    pub(super) fn failure(&self) -> Option<Fault> {
        self.failure.get().cloned()
    }

    pub(super) fn check(&self) -> Result<(), Fault> {
        if self.stop.is_cancelled() {
            return Err(Fault::Cancelled);
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(Fault::Closed);
        }
        self.failure().map_or(Ok(()), Err)
    }

    /// Keeps a failure for all later calls.
    pub(super) fn fail(&self, fault: Fault) -> Fault {
        self.failure.get_or_init(|| fault).clone()
    }

    /// Starts to upload a pack, after waiting until few enough are on their way.
    pub(super) fn start(&self, id: Id, content: Bytes, holds: BlobType) -> Result<(), Fault> {
        self.check()?;
        let passage = Gate::enter(&self.gate);
        self.check()?;
        let uploads = self.clone();
        self.runtime.spawn(async move {
            let (uploaded, pace) = tokio::select! {
                () = uploads.stop.cancelled() => (Err(Fault::Cancelled), Pace::Fine),
                (uploaded, pace) = uploads.location.put_pack(&id, content, holds) => {
                    (uploaded.map_err(Fault::from), pace)
                }
            };
            if let Err(fault) = uploaded {
                uploads.fail(fault);
            }
            uploads.gate.adapt(pace);
            drop(passage);
        });
        Ok(())
    }

    /// Waits until every pack that was started is durable.
    pub(super) fn barrier(&self) -> Result<(), Fault> {
        self.settle();
        self.check()
    }

    /// Waits until nothing is on its way any more and takes nothing more.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.settle();
    }

    fn settle(&self) {
        self.gate.wait_until_empty();
    }
}

/// Lets so many uploads through at a time as the service takes well: half as many when it asks for fewer requests, one
/// more after a while without that.
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    inside: usize,
    limit: usize,
    well_taken: usize,
    /// Those who wait for it to be empty. Nobody enters meanwhile, or it might never be.
    emptying: usize,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            state: Mutex::new(State { inside: 0, limit: IN_FLIGHT, well_taken: 0, emptying: 0 }),
            changed: Condvar::new(),
        }
    }
}

/// An upload on its way.
struct Passage(Arc<Gate>);

impl Drop for Passage {
    fn drop(&mut self) {
        self.0.state().inside -= 1;
        self.0.changed.notify_all();
    }
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(gate: &Arc<Self>) -> Passage {
        let state = gate.state();
        let full = |state: &mut State| state.inside >= state.limit || state.emptying > 0;
        let mut state = gate.changed.wait_while(state, full).unwrap_or_else(PoisonError::into_inner);
        state.inside += 1;
        Passage(gate.clone())
    }

    fn adapt(&self, pace: Pace) {
        let mut state = self.state();
        match pace {
            Pace::TooFast => {
                state.limit = (state.limit / 2).max(1);
                state.well_taken = 0;
            }
            Pace::Fine => state.well_taken += 1,
        }
        if state.well_taken >= WELL_TAKEN && state.limit < IN_FLIGHT {
            state.limit += 1;
            state.well_taken = 0;
        }
    }

    fn wait_until_empty(&self) {
        let mut state = self.state();
        state.emptying += 1;
        let waited = self.changed.wait_while(state, |state| state.inside > 0);
        waited.unwrap_or_else(PoisonError::into_inner).emptying -= 1;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Gate, IN_FLIGHT, Pace, WELL_TAKEN};

    #[test]
    fn a_service_that_asks_for_fewer_requests_gets_fewer_until_it_takes_them_well() {
        let gate = Arc::<Gate>::default();
        let limit = || gate.state().limit;
        let passages: Vec<_> = (0..IN_FLIGHT).map(|_| Gate::enter(&gate)).collect();
        for expected in [2, 1, 1] {
            gate.adapt(Pace::TooFast);
            assert_eq!(limit(), expected);
        }
        drop(passages);
        gate.wait_until_empty();
        for expected in [2, 3, 4, 4] {
            (0..WELL_TAKEN).for_each(|_| gate.adapt(Pace::Fine));
            assert_eq!(limit(), expected);
        }
    }
}
