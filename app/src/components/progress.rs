//! How far a run has come.

use leptos::prelude::*;
use model::{backup::Progress, size, time::Moment};

use crate::components::time::Ago;

#[component]
pub fn ProgressBar(progress: Progress, #[prop(into)] label: String) -> impl IntoView {
    let percent = progress.percent();
    let bytes = size::bytes(progress.bytes);
    let (first, second) = match percent {
        Some(percent) => (format!("{percent} %"), tr!("{} of {}", bytes, size::bytes(progress.total_bytes))),
        None => (tr!("{n} files" | "{n} files" % progress.files), bytes),
    };
    let moving = progress.waiting_since.is_none();
    let rate = progress.rate().filter(|_| moving).map(|rate| format!("{}/s", size::bytes(rate)));
    let left = progress.seconds_left().filter(|_| moving).map(|seconds| tr!("{} left", size::duration(seconds)));
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
