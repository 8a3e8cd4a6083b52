//! The library's progress bars, told to ours.

use std::{fmt, sync::Arc};

use rustic_core::{ProgressBars, ProgressType, RusticProgress};

use crate::Progress;

/// Takes the bars that count bytes; the others are of no interest.
#[derive(Clone)]
pub(super) struct Watched(pub(super) Arc<dyn Progress>);

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watched")
    }
}

impl ProgressBars for Watched {
    fn progress(&self, kind: ProgressType, _title: &str) -> rustic_core::Progress {
        match kind {
            ProgressType::Bytes => rustic_core::Progress::new(self.clone()),
            ProgressType::Spinner | ProgressType::Counter => rustic_core::Progress::hidden(),
        }
    }
}

impl RusticProgress for Watched {
    fn is_hidden(&self) -> bool {
        false
    }

    fn set_length(&self, bytes: u64) {
        self.0.total(0, bytes);
    }

    fn set_title(&self, _title: &str) {}

    fn inc(&self, bytes: u64) {
        self.0.advance(0, bytes);
    }

    fn finish(&self) {}
}
