//! How far a run has come.

use leptos::prelude::*;
use model::{backup::Progress, size};

#[component]
pub fn ProgressBar(progress: Progress, #[prop(into)] label: String) -> impl IntoView {
    let percent = progress.percent();
    let bytes = size::bytes(progress.bytes);
    let (first, second) = match percent {
        Some(percent) => (format!("{percent} %"), tr!("{} of {}", bytes, size::bytes(progress.total_bytes))),
        None => (tr!("{n} files" | "{n} files" % progress.files), bytes),
    };
    let rate = progress.rate().map(|rate| format!("{}/s", size::bytes(rate)));
    let left = progress.seconds_left().map(|seconds| tr!("{} left", size::duration(seconds)));
    let words = [Some(first), Some(second), rate, left].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    view! {
        <div class="progress">
            <progress aria-label=label max="100" value=percent.map(|percent| percent.to_string())></progress>
            <span class="progress-words">{words}</span>
        </div>
    }
}
