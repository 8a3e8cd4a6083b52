//! How far a run has come.

use leptos::prelude::*;
use model::{backup::Progress, size};

#[component]
pub fn ProgressBar(progress: Progress, #[prop(into)] label: String) -> impl IntoView {
    let percent = progress.percent();
    let words = match percent {
        Some(percent) => {
            format!("{percent} % · {} of {}", size::bytes(progress.bytes), size::bytes(progress.total_bytes))
        }
        None => format!("{} files · {}", progress.files, size::bytes(progress.bytes)),
    };
    let rate = progress.rate().map(|rate| format!(" · {}/s", size::bytes(rate)));
    let left = progress.seconds_left().map(|seconds| format!(" · {} left", size::duration(seconds)));
    let words = [Some(words), rate, left].into_iter().flatten().collect::<String>();
    view! {
        <div class="progress">
            <progress aria-label=label max="100" value=percent.map(|percent| percent.to_string())></progress>
            <span class="progress-words">{words}</span>
        </div>
    }
}
