//! What a cron expression means, and when it runs next.

use leptos::prelude::*;
use model::schedule::CronPreview;

use crate::api::{ApiError, policies::preview_cron};

#[component]
pub fn Preview(expression: Memo<String>, zone: RwSignal<String>) -> impl IntoView {
    let preview = Resource::new(
        move || (expression.get(), zone.get()),
        |(expression, zone)| async move {
            if expression.trim().is_empty() { None } else { Some(preview_cron(expression, zone).await) }
        },
    );
    view! {
        <div class="preview" role="group" aria-label="Preview" aria-live="polite">
            <Transition>{move || preview.get().map(draw)}</Transition>
        </div>
    }
}

fn draw(preview: Option<Result<CronPreview, ApiError>>) -> AnyView {
    match preview {
        Some(Ok(preview)) => view! { <NextRuns preview=preview/> }.into_any(),
        Some(Err(error)) => view! { <p class="preview-error">{error.to_string()}</p> }.into_any(),
        None => view! { <p class="muted">"Write an expression to see its next runs."</p> }.into_any(),
    }
}

#[component]
fn NextRuns(preview: CronPreview) -> impl IntoView {
    let run = |run: String| view! { <li>{run}</li> };
    view! {
        <p class="preview-words">{preview.words}</p>
        <p class="muted">"Next runs"</p>
        <ol class="preview-runs">{preview.next_runs.into_iter().map(run).collect_view()}</ol>
    }
}
