//! Waiting for a service that is away for a while: it is started anew, or fails over, or the network to it is cut.
//!
//! Each call has tries and pauses of its own, which pass over what lasts some seconds. A run lasts for hours and would
//! lose its work with them, so around its calls there is this.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::Utc;
use rand::Rng;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::S3Error;
use crate::Progress;

/// How long a run waits for an S3 service that is away before it gives up: longer than restarts and failovers take, and
/// shorter than an outage that somebody should hear of.
pub const LONGEST_OUTAGE: Duration = Duration::from_mins(10);

/// Pauses double from the first to the longest one, so that a service that comes back is found soon and one that does
/// not is left alone.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How the calls of one run outlast an outage. Clones are of the same run.
#[derive(Clone)]
pub(crate) struct Patience {
    longest: Duration,
    stop: CancellationToken,
    progress: Arc<dyn Progress>,
    /// Calls that wait at the moment.
    waiting: Arc<Mutex<usize>>,
}

impl fmt::Debug for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Patience({:?})", self.longest)
    }
}

impl Patience {
    /// For a run that ends with `stop`, and each of whose calls waits for `longest` at most.
    pub(crate) fn new(longest: Duration, stop: CancellationToken, progress: Arc<dyn Progress>) -> Self {
        Self { longest, stop, progress, waiting: Arc::default() }
    }

    /// Repeats `call` while the service is away. A call must do the same when it is made again.
    ///
    /// # Errors
    /// That of the last call: at once where it is a refusal, after the longest outage or the run's end where the service
    /// is away.
    pub(crate) async fn outlast<T, W>(&self, call: impl Fn() -> W) -> Result<T, S3Error>
    where
        W: Future<Output = Result<T, S3Error>>,
    {
        let mut outage: Option<Outage> = None;
        loop {
            let error = match call().await {
                Err(error) if error.is_away() => error,
                done => return done,
            };
            let outage = outage.get_or_insert_with(|| Outage::begin(self, &error));
            let pause = outage.next_pause();
            if outage.began.elapsed() + pause > self.longest {
                return Err(error);
            }
            tokio::select! {
                () = self.stop.cancelled() => return Err(error),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

/// One call that waits. The run is told when the first one begins to, and when the last one has ended.
struct Outage<'a> {
    patience: &'a Patience,
    began: Instant,
    pause: Duration,
}

impl<'a> Outage<'a> {
    fn begin(patience: &'a Patience, error: &S3Error) -> Self {
        let mut waiting = patience.waiting();
        *waiting += 1;
        if *waiting == 1 {
            tracing::warn!(%error, "the S3 service is away; the run waits for it");
            patience.progress.waiting(Some(Utc::now()));
        }
        Self { patience, began: Instant::now(), pause: FIRST_PAUSE }
    }

    /// Between a half and the whole of the pause that is due, so that not all come back in the same moment.
    fn next_pause(&mut self) -> Duration {
        let due = self.pause;
        self.pause = (due * 2).min(LONGEST_PAUSE);
        due.mul_f64(rand::rng().random_range(0.5..=1.0))
    }
}

impl Drop for Outage<'_> {
    fn drop(&mut self) {
        let mut waiting = self.patience.waiting();
        *waiting -= 1;
        if *waiting == 0 {
            self.patience.progress.waiting(None);
        }
    }
}

impl Patience {
    fn waiting(&self) -> std::sync::MutexGuard<'_, usize> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicU32, Ordering},
        },
        time::Duration,
    };

    use tokio::time::Instant;
    use tokio_util::sync::CancellationToken;

    use super::{LONGEST_OUTAGE, Patience};
    use crate::{S3Error, Unreachable};

    fn patience(longest: Duration, stop: &CancellationToken) -> Patience {
        Patience::new(longest, stop.clone(), Arc::new(()))
    }

    #[tokio::test]
    async fn pauses_grow_until_the_longest_outage_is_over() {
        const LONGEST: Duration = Duration::from_secs(5);
        let (began, calls) = (Instant::now(), AtomicU32::new(0));
        let call = || async {
            calls.fetch_add(1, Ordering::SeqCst);
            Err::<(), _>(S3Error::from(Unreachable::Connection))
        };
        let error = patience(LONGEST, &CancellationToken::new()).outlast(call).await.unwrap_err();
        assert_eq!(error, Unreachable::Connection.into());
        // After 0.5 to 1 second, 1 to 2, and 2 to 4.
        assert!(began.elapsed() <= LONGEST, "{:?}", began.elapsed());
        assert!((3..=4).contains(&calls.load(Ordering::SeqCst)), "{calls:?} calls");
    }

    #[tokio::test]
    async fn a_refusal_is_no_outage() {
        let (began, denied) =
            (Instant::now(), || async { Err::<(), _>(S3Error::AccessDenied { action: "read".into() }) });
        patience(LONGEST_OUTAGE, &CancellationToken::new()).outlast(denied).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_millis(400), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn a_run_that_is_cancelled_waits_no_longer() {
        let (stop, began) = (CancellationToken::new(), Instant::now());
        let cancelling = stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            cancelling.cancel();
        });
        let away = || async { Err::<(), _>(S3Error::from(Unreachable::TimedOut)) };
        patience(LONGEST_OUTAGE, &stop).outlast(away).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_millis(450), "{:?}", began.elapsed());
    }
}
