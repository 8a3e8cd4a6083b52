//! Packs on their way to the bucket.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use rustic_core::{FileType, Id};
use tokio::{runtime::Handle, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use super::{fault::Fault, location::Location};

/// Packs in flight: enough to fill a connection while the next pack is compressed, 64 MiB of memory.
const IN_FLIGHT: u32 = 4;

/// Uploads packs behind the archiver's back, so that it goes on packing meanwhile.
///
/// The first failure is kept and returned by every later call: the library passes over failures of single
/// files, but never over those of an index or a snapshot, and those wait for [`Uploads::barrier`].
#[derive(Clone)]
pub(super) struct Uploads {
    location: Location,
    runtime: Handle,
    stop: CancellationToken,
    permits: Arc<Semaphore>,
    failure: Arc<OnceLock<Fault>>,
    closed: Arc<AtomicBool>,
}

impl Uploads {
    pub(super) fn new(location: Location, runtime: Handle, stop: CancellationToken) -> Self {
        let permits = Arc::new(Semaphore::new(IN_FLIGHT as usize));
        Self { location, runtime, stop, permits, failure: Arc::default(), closed: Arc::default() }
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

    /// Starts to upload a pack, after waiting until fewer than [`IN_FLIGHT`] are on their way.
    pub(super) fn start(&self, id: Id, content: Bytes) -> Result<(), Fault> {
        self.check()?;
        let permit = self.runtime.block_on(self.permits.clone().acquire_owned()).map_err(|_| Fault::Closed)?;
        self.check()?;
        let uploads = self.clone();
        self.runtime.spawn(async move {
            let uploaded = tokio::select! {
                () = uploads.stop.cancelled() => Err(Fault::Cancelled),
                uploaded = uploads.location.put(FileType::Pack, &id, content) => uploaded.map_err(Fault::from),
            };
            if let Err(fault) = uploaded {
                uploads.fail(fault);
            }
            drop(permit);
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
        // The semaphore is never closed, so an error cannot come.
        drop(self.runtime.block_on(self.permits.acquire_many(IN_FLIGHT)));
    }
}
