//! What a cron expression means, and when it runs next.

use leptos::prelude::*;
use model::{
    policy::PolicyForm,
    schedule::{CUSTOM_PERIOD, CronPreview},
};

use super::asked::asked;
use crate::{
    api::{ApiError, policies::preview_cron},
    components::form_state::FormState,
};

/// An expression and a zone.
pub type Period = (String, String);

/// Tracks the period that is typed in a form that starts with `first`.
pub fn period(state: FormState, first: &PolicyForm) -> Period {
    let chosen = state.value("cron_period", &first.cron_period);
    let custom = chosen == CUSTOM_PERIOD;
    let expression = if custom { state.value("cron_expression", &first.cron_expression) } else { chosen };
    (expression, state.value("time_zone", &first.time_zone))
}

/// The meaning of what is typed, asked of the server as it changes.
#[component]
pub fn Preview(
    /// What the form starts with.
    first: PolicyForm,
    /// Its meaning, where it has one.
    preview: Option<CronPreview>,
) -> impl IntoView {
    let state = expect_context::<FormState>();
    let (period, shown) =
        asked(move || period(state, &first), preview, |(expression, zone)| preview_cron(expression, zone));
    let is_empty = move || period.read().0.trim().is_empty();
    view! {
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
