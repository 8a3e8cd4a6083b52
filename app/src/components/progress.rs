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
    view! {
        <div class="progress">
            <progress aria-label=label max="100" value=percent.map(|percent| percent.to_string())></progress>
            <span class="progress-words">{words}</span>
        </div>
    }
}
