//! How far a run has come.

use leptos::prelude::*;
use model::{backup::Progress, run::estimate, size, time::Moment};

use crate::components::time::Ago;

/// `usual` is how long runs like it took lately, in seconds: it tells until the run knows its own total.
#[component]
pub fn ProgressBar(
    progress: Progress,
    #[prop(into)] label: String,
    #[prop(optional_no_strip)] usual: Option<u64>,
) -> impl IntoView {
    let (percent, left) = estimate(&progress, usual);
    let bytes = size::bytes(progress.bytes);
    let (first, second) = match percent {
        Some(percent) if progress.percent().is_some() => {
            (format!("{percent} %"), tr!("{} of {}", bytes, size::bytes(progress.total_bytes)))
        }
        Some(percent) => (tr!("about {} %", percent), bytes),
        None => (tr!("{n} files" | "{n} files" % progress.files), bytes),
    };
    let moving = progress.waiting_since.is_none();
    let rate = progress.rate().filter(|_| moving).map(|rate| format!("{}/s", size::bytes(rate)));
    let left = left.filter(|_| moving).map(|seconds| tr!("{} left", size::duration(seconds)));
    let words = [Some(first), Some(second), rate, left].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    view! {
        <div class="progress">
            <progress aria-label=label max="100" value=percent.map(|percent| percent.to_string())></progress>
            <span class="progress-words">{words}</span>
            {progress.waiting_since.map(waiting)}
        </div>
    }
}

/// The S3 service is away, and the run goes on when it is back.
fn waiting(since: Moment) -> impl IntoView {
    view! {
        <span class="progress-words progress-waiting">
            {tr!("The S3 service does not answer; the run waits for it and goes on by itself.")}
            " "
            <Ago at=since/>
        </span>
    }
}
