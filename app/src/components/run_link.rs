//! The name of a run in a list, which leads to its page.

use leptos::prelude::*;
use model::run::RunRef;

use crate::components::project_frame::use_project_id;

#[component]
pub fn RunLink(
    run: RunRef,
    name: String,
    /// By which the row's actions name what they act on.
    #[prop(optional, into)]
    id: Option<String>,
) -> impl IntoView {
    let href = format!("/projects/{}/runs/{run}", use_project_id().get_untracked());
    view! {
        <a class="row-title" href=href id=id>
            {name}
        </a>
    }
}
