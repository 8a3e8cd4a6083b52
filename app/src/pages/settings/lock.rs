//! Locking a project, and unlocking it.

use leptos::prelude::*;
use model::ids::ProjectId;

use crate::{
    api::projects::{LockProject, UnlockProject},
    components::action_button::ActionButton,
};

#[component]
pub fn LockPanel(id: ProjectId, locked: bool) -> impl IntoView {
    let hidden = vec![("project", id.to_string())];
    let button = if locked {
        view! { <ActionButton<UnlockProject> hidden=hidden label=tr!("Unlock Project") pending=tr!("Unlocking…") class="button"/> }
            .into_any()
    } else {
        view! { <ActionButton<LockProject> hidden=hidden label=tr!("Lock Project") pending=tr!("Locking…") class="button"/> }
            .into_any()
    };
    view! {
        <section class="panel" aria-labelledby="project-lock">
            <h2 id="project-lock">{tr!("Lock")}</h2>
            <p>
                {tr!("A locked project keeps its settings and its policies as they are and cannot be deleted. Its scheduled backups go on.")}
            </p>
            {button}
        </section>
    }
}
