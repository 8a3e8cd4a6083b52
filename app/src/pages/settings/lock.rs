//! Locking a project, and unlocking it.

use leptos::prelude::*;
use model::ids::ProjectId;

use crate::components::{action_button::ActionButton, submission::Submission};

#[component]
pub fn LockPanel(id: ProjectId, locked: bool, lock: Submission, unlock: Submission) -> impl IntoView {
    let hidden = vec![("project", id.to_string())];
    let button = if locked {
        view! { <ActionButton submission=unlock hidden=hidden label=tr!("Unlock Project") pending=tr!("Unlocking…") class="button"/> }
            .into_any()
    } else {
        view! { <ActionButton submission=lock hidden=hidden label=tr!("Lock Project") pending=tr!("Locking…") class="button"/> }
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
