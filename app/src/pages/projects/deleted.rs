//! Deleted projects that can be taken back.

use leptos::prelude::*;
use model::project::{DeletedProject, ProjectList};

use crate::{
    api::projects::UndoProjectDeletion,
    components::{action_button::ActionButton, answer::Answer, loaded::loaded_quietly, time::Time},
};

#[component]
pub fn DeletedProjects(list: Answer<ProjectList>) -> impl IntoView {
    loaded_quietly(list, |list: ProjectList| {
        (!list.deleted.is_empty()).then(|| {
            view! {
                <section class="panel" aria-labelledby="deleted-projects">
                    <h2 id="deleted-projects">{tr!("Deleted Projects")}</h2>
                    <Table rows=list.deleted/>
                </section>
            }
        })
    })
}

#[component]
fn Table(rows: Vec<DeletedProject>) -> impl IntoView {
    view! {
        <div class="table-frame">
            <table class="table">
                <caption class="sr-only">{tr!("Deleted Projects")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{tr!("Name")}</th>
                        <th scope="col">{tr!("Organization")}</th>
                        <th scope="col">{tr!("Deleted By")}</th>
                        <th scope="col">{tr!("Backups")}</th>
                        <th scope="col">{tr!("Removed At")}</th>
                        <th scope="col" class="actions">
                            {tr!("Actions")}
                        </th>
                    </tr>
                </thead>
                <tbody>{rows.into_iter().map(|row| view! { <Row row=row/> }).collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(row: DeletedProject) -> impl IntoView {
    let backups = if row.backups_too { tr!("Go with it") } else { tr!("Stay in the bucket") };
    view! {
        <tr>
            <td data-label=tr!("Name")>
                <span class="row-title">{row.name}</span>
            </td>
            <td data-label=tr!("Organization")>{row.organization}</td>
            <td data-label=tr!("Deleted By")>{row.by}</td>
            <td data-label=tr!("Backups")>{backups}</td>
            <td data-label=tr!("Removed At")>
                <Time at=row.after/>
            </td>
            <td data-label=tr!("Actions") class="actions">
                <ActionButton<UndoProjectDeletion>
                    hidden=vec![("project", row.id.to_string())]
                    label=tr!("Undo")
                    pending=tr!("Undoing…")
                />
            </td>
        </tr>
    }
}
