//! The clocks, handed in so that a test can hold them still and set them.

use std::{fmt, fs, sync::Arc};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// What is dated further ahead of now was dated by a clock that was wrong: its end is not waited for.
pub const MOST_AHEAD: TimeDelta = TimeDelta::days(1);

/// The time since the machine's start, and which start that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Another one after each start.
    pub id: String,
    /// Suspended or not.
    pub elapsed: TimeDelta,
}

/// Where the time comes from.
pub trait Timepiece: Send + Sync {
    /// The wall clock, which can be set.
    fn now(&self) -> DateTime<Utc>;

    /// The clock that cannot.
    fn boot(&self) -> Boot;

    /// The present time as other machines have told it, carried on by the boot clock; `None` where none has.
    fn heard(&self) -> Option<DateTime<Utc>>;
}

/// Tells the time, to the millisecond.
#[derive(Clone)]
pub struct Clock(Arc<dyn Timepiece>);

impl Clock {
    /// The machine's clocks.
    pub fn system() -> Self {
        Self::of(Machine { boot: boot_id() })
    }

    /// A clock that is never set: however its time passes, it passes on the boot clock as well.
    pub fn new(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self::of(Unset(now))
    }

    pub fn of(timepiece: impl Timepiece + 'static) -> Self {
        Self(Arc::new(timepiece))
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.0.now().trunc_subsecs(3)
    }

    pub(crate) fn boot(&self) -> Boot {
        self.0.boot()
    }

    pub(crate) fn heard(&self) -> Option<DateTime<Utc>> {
        self.0.heard()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

struct Machine {
    boot: String,
}

impl Timepiece for Machine {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn boot(&self) -> Boot {
        Boot { id: self.boot.clone(), elapsed: TimeDelta::from_std(engine::boot_time()).unwrap_or(TimeDelta::MAX) }
    }

    fn heard(&self) -> Option<DateTime<Utc>> {
        engine::heard_time()
    }
}

/// Linux's name for this start of the machine (`random(4)`). Where it cannot be read each process takes its own start for
/// one of the machine, so that it compares too little rather than with another start's clock.
fn boot_id() -> String {
    match fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Ok(id) => id.trim().to_owned(),
        Err(error) => {
            tracing::warn!(%error, "the machine does not tell its starts apart");
            format!("{:032x}", rand::random::<u128>())
        }
    }
}

struct Unset<F>(F);

impl<F: Fn() -> DateTime<Utc> + Send + Sync> Timepiece for Unset<F> {
    fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }

    fn boot(&self) -> Boot {
        Boot { id: "unset".to_owned(), elapsed: self.now() - DateTime::UNIX_EPOCH }
    }

    fn heard(&self) -> Option<DateTime<Utc>> {
        None
    }
}
