//! The first projects, and the way to all of them.

use leptos::prelude::*;
use model::project::ProjectRow;

use crate::components::{
    last_backup::LastBackupState,
    phase::{Badge, Look},
};

#[component]
pub fn Everything(
    rows: Vec<ProjectRow>,
    /// May be more than the rows.
    total: u64,
) -> impl IntoView {
    let rest = total.saturating_sub(rows.len() as u64);
    let more = (rest > 0).then(|| {
        view! {
            <p class="table-note">
                {tr!("{} more projects are on ", rest)}
                <a href="/projects">{tr!("the list of all projects")}</a>
                "."
            </p>
        }
    });
    view! {
        <section aria-labelledby="every-project">
            <h2 id="every-project">{tr!("Projects")}</h2>
            <div class="table-frame">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">{tr!("Name")}</th>
                            <th scope="col">{tr!("Organization")}</th>
                            <th scope="col">{tr!("switch" => "Backup")}</th>
                            <th scope="col">{tr!("Last Backup")}</th>
                        </tr>
                    </thead>
                    <tbody>{rows.into_iter().map(|row| view! { <Row row=row/> }).collect_view()}</tbody>
                </table>
            </div>
            {more}
        </section>
    }
}

#[component]
fn Row(row: ProjectRow) -> impl IntoView {
    let look = if row.backup_enabled { Look::BACKUP_ON } else { Look::BACKUP_OFF };
    view! {
        <tr>
            <td data-label=tr!("Name")>
                <a class="row-title" href=format!("/projects/{}", row.id)>
                    {row.name}
                </a>
            </td>
            <td data-label=tr!("Organization")>{row.organization}</td>
            <td data-label=tr!("switch" => "Backup")>
                <Badge look=look/>
            </td>
            <td data-label=tr!("Last Backup")>
                <LastBackupState last=row.last_backup/>
            </td>
        </tr>
    }
}
