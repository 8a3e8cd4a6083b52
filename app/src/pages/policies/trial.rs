//! What the patterns of a policy match in its source as it is now.

use leptos::prelude::*;
use model::{
    policy::{PatternTrial, PolicyForm, TrialAmount, TrialExtent, TriedPattern},
    size,
};

use super::asked::asked_from_the_start;
use crate::{
    api::{ApiError, policies::try_patterns},
    components::{form_state::FormState, project_frame::use_project_id},
};

/// Asked of the server as they are typed.
#[component]
pub fn Trial(
    /// What the form starts with.
    first: PolicyForm,
) -> impl IntoView {
    let state = expect_context::<FormState>();
    let project = use_project_id().get_untracked();
    let typed = move || (state.value("include", &first.include), state.value("exclude", &first.exclude));
    let shown = asked_from_the_start(typed, move |(include, exclude)| try_patterns(project, include, exclude));
    view! {
        <div class="trial" aria-live="polite">
            {move || shown.get().map(draw)}
        </div>
    }
}

fn draw(trial: Result<PatternTrial, ApiError>) -> AnyView {
    match trial {
        Ok(trial) => view! { <Matches trial=trial/> }.into_any(),
        Err(error) => view! { <p class="preview-error">{error.to_string()}</p> }.into_any(),
    }
}

#[component]
fn Matches(trial: PatternTrial) -> impl IntoView {
    let PatternTrial { include, exclude, amount, extent } = trial;
    let unmatched = |tried: Vec<TriedPattern>| tried.into_iter().filter(|tried| tried.matches == Some(false));
    let warning = |TriedPattern { pattern, .. }| {
        view! { <p class="preview-error">{tr!("Nothing matches {}.", pattern)}</p> }
    };
    let warnings = unmatched(include).chain(unmatched(exclude)).map(warning).collect_view();
    view! {
        <p class="field-hint">{words(amount, extent)}</p>
        {warnings}
    }
}

fn words(amount: TrialAmount, extent: TrialExtent) -> String {
    match (amount, extent) {
        (_, TrialExtent::NoAnswer) => {
            tr!("The source does not answer at this moment, so nothing is known of what matches.")
        }
        (_, TrialExtent::Elsewhere) => {
            tr!("The directory is on another node, so nothing is known here of what matches.")
        }
        (TrialAmount::Files { files, bytes }, TrialExtent::Whole) => {
            tr!("Matches {n} file, {size}" | "Matches {n} files, {size}" % files, size = size::bytes(bytes))
        }
        (TrialAmount::Files { files, bytes }, TrialExtent::Part) => {
            tr!(
                "Matches at least {n} file, {size}" | "Matches at least {n} files, {size}" % files,
                size = size::bytes(bytes)
            )
        }
        (TrialAmount::Tables { tables }, _) => tr!("Matches {n} table" | "Matches {n} tables" % tables),
    }
}
