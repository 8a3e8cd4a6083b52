//! What this process has done since its start, for whoever watches it.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Upper bounds of durations, in seconds: from a run that finds nothing changed to one that takes a day.
const DURATIONS: [f64; 10] = [1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 10_800.0, 28_800.0, 86_400.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ended {
    kind: &'static str,
    /// The phase in which the run ended.
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct Kind {
    pub(crate) kind: &'static str,
}

/// What this process has done since its start.
#[derive(Clone)]
pub(crate) struct Metrics {
    runs: Family<Ended, Counter>,
    durations: Family<Kind, Histogram>,
    read: Counter,
    added: Counter,
    leases_lost: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            runs: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATIONS)),
            read: Counter::default(),
            added: Counter::default(),
            leases_lost: Counter::default(),
        }
    }

    /// A run has ended in `result` after so long.
    pub(crate) fn ended(&self, kind: &'static str, result: &'static str, took: Duration) {
        self.runs.get_or_create(&Ended { kind, result }).inc();
        self.durations.get_or_create(&Kind { kind }).observe(took.as_secs_f64());
    }

    /// A backup has read so many bytes and added so many to its bucket.
    pub(crate) fn backed_up(&self, read: u64, added: u64) {
        self.read.inc_by(read);
        self.added.inc_by(added);
    }

    pub(crate) fn lease_lost(&self) {
        self.leases_lost.inc();
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("runs", "Runs that ended, by kind and result", self.runs.clone());
        let durations = self.durations.clone();
        registry.register_with_unit("run_duration", "From the start to the end of a run", Unit::Seconds, durations);
        registry.register_with_unit("backup_read", "Read from sources", Unit::Bytes, self.read.clone());
        registry.register_with_unit("backup_added", "Added to buckets", Unit::Bytes, self.added.clone());
        registry.register("leases_lost", "Runs that another process took over", self.leases_lost.clone());
    }
}
