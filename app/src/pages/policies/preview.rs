//! What a cron expression means, and when it runs next.

use leptos::{html::Span, prelude::*};
use model::schedule::{CUSTOM_PERIOD, CronPreview};

use super::asked::asked;
use crate::{
    api::{ApiError, policies::preview_cron},
    components::typed::Typed,
};

/// An expression and a zone.
pub type Period = (String, String);

/// The period that is typed.
pub fn period(form: &Typed) -> Period {
    let chosen = form.get("cron_period");
    let expression = if chosen == CUSTOM_PERIOD { form.get("cron_expression") } else { chosen };
    (expression, form.get("time_zone"))
}

/// The meaning of what is typed, asked of the server as it changes.
#[island]
pub fn Preview(
    /// The period that the form starts with.
    first: Period,
    /// Its meaning, where it has one.
    preview: Option<CronPreview>,
) -> impl IntoView {
    let node = NodeRef::<Span>::new();
    let (period, shown) = asked(node, (first, preview), period, |(expression, zone)| preview_cron(expression, zone));
    let is_empty = move || period.read().0.trim().is_empty();
    view! {
        <span node_ref=node hidden></span>
        <div class="preview" role="group" aria-label=tr!("Preview") aria-live="polite">
            {move || draw(if is_empty() { None } else { shown.get() })}
        </div>
    }
}

fn draw(preview: Option<Result<CronPreview, ApiError>>) -> AnyView {
    match preview {
        Some(Ok(preview)) => view! { <NextRuns preview=preview/> }.into_any(),
        Some(Err(error)) => view! { <p class="preview-error">{error.to_string()}</p> }.into_any(),
        None => view! { <p class="muted">{tr!("Write an expression to see its next runs.")}</p> }.into_any(),
    }
}

#[component]
fn NextRuns(preview: CronPreview) -> impl IntoView {
    let run = |run: String| view! { <li>{run}</li> };
    view! {
        <p class="preview-words">{preview.words}</p>
        <p class="muted">{tr!("Next runs")}</p>
        <ol class="preview-runs">{preview.next_runs.into_iter().map(run).collect_view()}</ol>
    }
}
