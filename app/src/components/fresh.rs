//! Pages that follow what happens: a mark says so, and browsers with WASM ask for the page again whenever something
//! moves, and now and then.

use leptos::prelude::*;
use model::ids::ProjectId;

use crate::components::{
    answer::{Answer, Data},
    loaded::loaded_quietly,
};

/// The attribute of the mark; its value says whether something runs.
pub const LIVE: &str = "data-live";
pub const BUSY: &str = "busy";
/// The project whose runs are followed; those of all where it is missing.
pub const PROJECT: &str = "data-project";

/// Follows the runs of all projects.
pub fn keep_fresh<T: Data>(answer: Answer<T>, is_busy: impl FnOnce(&T) -> bool + Send + 'static) -> impl IntoView {
    keep_fresh_for(answer, None, is_busy)
}

/// Follows those of one project.
pub fn keep_fresh_of<T: Data>(
    answer: Answer<T>,
    project: ProjectId,
    is_busy: impl FnOnce(&T) -> bool + Send + 'static,
) -> impl IntoView {
    keep_fresh_for(answer, Some(project), is_busy)
}

fn keep_fresh_for<T: Data>(
    answer: Answer<T>,
    project: Option<ProjectId>,
    is_busy: impl FnOnce(&T) -> bool + Send + 'static,
) -> impl IntoView {
    loaded_quietly(answer, move |answer| {
        let live = if is_busy(&answer) { BUSY } else { "idle" };
        view! { <span hidden data-live=live data-project=project.map(|project| project.0)></span> }
    })
}
