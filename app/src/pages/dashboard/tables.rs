//! The dashboard's parts.

use leptos::prelude::*;
use model::project::ProjectRow;

use super::standing::Standing;
use crate::components::{
    icon::Icon,
    last_backup::LastBackupState,
    phase::{Badge, Look},
};

#[component]
pub fn Tiles(rows: Vec<ProjectRow>) -> impl IntoView {
    let count = |wanted: fn(Standing) -> bool| rows.iter().filter(|row| wanted(Standing::of(row))).count();
    let tiles = [
        ("Need attention", count(Standing::needs_attention)),
        ("Running", count(|standing| standing == Standing::Running)),
        ("Protected", count(|standing| standing == Standing::Protected)),
        ("Waiting for first backup", count(|standing| standing == Standing::Waiting)),
        ("Not backed up", count(|standing| standing == Standing::Off)),
    ];
    let tile = |(label, count)| {
        view! {
            <div class="tile">
                <dt>{label}</dt>
                <dd>{count}</dd>
            </div>
        }
    };
    view! { <dl class="tiles">{tiles.into_iter().map(tile).collect_view()}</dl> }
}

#[component]
pub fn Attention(rows: Vec<ProjectRow>) -> impl IntoView {
    if rows.is_empty() {
        return view! {
            <p class="all-well">
                <Icon name="check-circle"/>
                "Nothing needs attention."
            </p>
        }
        .into_any();
    }
    view! {
        <section aria-labelledby="attention">
            <h2 id="attention">"Needs attention"</h2>
            <ul class="attention">{rows.into_iter().map(|row| view! { <AttentionItem row=row/> }).collect_view()}</ul>
        </section>
    }
    .into_any()
}

#[component]
fn AttentionItem(row: ProjectRow) -> impl IntoView {
    let home = format!("/projects/{}", row.id);
    view! {
        <li class="attention-item">
            <span class="with-marks">
                <a class="row-title" href=home.clone()>
                    {row.name}
                </a>
                <span class="muted">{row.organization}</span>
            </span>
            <LastBackupState last=row.last_backup/>
            <a class="button button-small" href=format!("{home}/policies?tab=backups")>
                "See its backups"
            </a>
        </li>
    }
}

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
                {format!("{rest} more projects are on ")}
                <a href="/projects">"the list of all projects"</a>
                "."
            </p>
        }
    });
    view! {
        <section aria-labelledby="every-project">
            <h2 id="every-project">"Projects"</h2>
            <div class="table-frame">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Organization"</th>
                            <th scope="col">"Backup"</th>
                            <th scope="col">"Last Backup"</th>
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
            <td data-label="Name">
                <a class="row-title" href=format!("/projects/{}", row.id)>
                    {row.name}
                </a>
            </td>
            <td data-label="Organization">{row.organization}</td>
            <td data-label="Backup">
                <Badge look=look/>
            </td>
            <td data-label="Last Backup">
                <LastBackupState last=row.last_backup/>
            </td>
        </tr>
    }
}
