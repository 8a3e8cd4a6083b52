//! What a cron expression means, and when it runs next.

use leptos::prelude::*;
use model::schedule::CronPreview;

use crate::api::{ApiError, policies::preview_cron};

/// A period whose meaning came with the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previewed {
    pub expression: String,
    pub zone: String,
    pub preview: CronPreview,
}

/// An expression and a zone.
type Period = (String, String);

/// The meaning of what is typed, asked of the server as it changes. What was shown stays until the answer is there.
#[component]
pub fn Preview(first: Previewed, expression: Memo<String>, zone: RwSignal<String>) -> impl IntoView {
    let Previewed { expression: first_expression, zone: first_zone, preview: first } = first;
    let first_period: Period = (first_expression, first_zone);
    let period = Memo::new(move |_| (expression.get(), zone.get()));
    let ask = Action::new(|(expression, zone): &Period| {
        let asked = (expression.clone(), zone.clone());
        async move {
            let answer = preview_cron(asked.0.clone(), asked.1.clone()).await;
            (asked, answer)
        }
    });
    let known = first_period.clone();
    Effect::new(move |_| {
        let period = period.get();
        if period != known && !period.0.trim().is_empty() {
            ask.dispatch(period);
        }
    });
    let shown = Memo::new(move |shown: Option<&Option<Result<CronPreview, ApiError>>>| {
        let period = period.get();
        if period.0.trim().is_empty() {
            return None;
        }
        if period == first_period {
            return Some(Ok(first.clone()));
        }
        match ask.value().get() {
            Some((asked, answer)) if asked == period => Some(answer),
            _ => shown.cloned().flatten(),
        }
    });
    view! {
        <div class="preview" role="group" aria-label="Preview" aria-live="polite">
            {move || draw(shown.get())}
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
