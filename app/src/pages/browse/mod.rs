//! What is in a backup.

mod entries;
mod place;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use model::{
    backup::{BackupRow, BrowseQuery, BrowseView, BrowsedBackup},
    ids::BackupId,
    list::ListQuery,
    size,
};

use crate::{
    address::{page_address, use_address},
    api::backups::{browse_backup, get_browsed_backup},
    components::{
        answer::Answer,
        breadcrumb::Breadcrumb,
        loaded::{loaded, loaded_quietly},
        phase::Badge,
        project_frame::use_project_id,
        search_form::SearchForm,
        time::MaybeTime,
    },
};
use entries::{Entries, archive_address, archive_links};
use place::Place;

#[component]
pub fn BrowsePage() -> impl IntoView {
    let address = page_address();
    let project = use_project_id();
    let parameters = use_params_map();
    let backup = Memo::new(move |_| {
        BackupId(parameters.read().get("backup").and_then(|id| id.parse().ok()).unwrap_or_default())
    });
    let query = move || {
        let backup = backup.get();
        let address = address.read();
        let text = |key| address.get(key).unwrap_or_default().to_owned();
        let ListQuery { page, per_page, .. } = address.list_query();
        BrowseQuery { project: project.get(), backup, path: text("path"), search: text("search"), page, per_page }
    };
    let browsed: Answer<BrowsedBackup> =
        Answer::new(move || (project.get(), backup.get()), |(project, backup)| get_browsed_backup(project, backup));
    let view: Answer<BrowseView> = Answer::new(query, browse_backup);
    view! {
        <Title text=tr!("Browse")/>
        // The heading is there also where S3 is slow or away. What is wrong with either is told once, by what is in it.
        {loaded_quietly(browsed, |browsed| view! { <Head project_name=browsed.project_name backup=browsed.backup/> })}
        {loaded_quietly(view, move |_| view! { <Tools backup=backup.get_untracked()/> })}
        {loaded(view, move |view| view! { <Entries view=view backup=backup.get_untracked()/> })}
    }
}

#[component]
fn Head(project_name: String, backup: BackupRow) -> impl IntoView {
    let project = use_project_id().get_untracked();
    let home = format!("/projects/{project}");
    let steps = vec![
        (tr!("Projects"), "/projects".to_owned()),
        (project_name, home.clone()),
        (tr!("Backups"), format!("{home}/policies?tab=backups")),
    ];
    view! {
        <Breadcrumb steps=steps/>
        <header class="page-header">
            <h1 class="break">{backup.name}</h1>
            <div class="page-marks">
                <Badge look=backup.phase/>
                <span class="muted">
                    <MaybeTime at=backup.started/>
                </span>
                {backup.size.map(|size| view! { <span class="muted">{size::bytes(size)}</span> })}
            </div>
        </header>
    }
}

/// Where one is, and the search.
#[component]
fn Tools(backup: BackupId) -> impl IntoView {
    let address = use_address().get_untracked();
    let project = use_project_id().get_untracked();
    let path = address.get("path").unwrap_or_default().to_owned();
    // What was found lies in many folders, of which none is shown.
    let of_folder = address.get("search").is_none();
    let to = |format| archive_address(project.0, backup.0, &path, format);
    let archives = of_folder.then(|| view! { <div class="action-row action-row-wide">{archive_links(to)}</div> });
    view! {
        <div class="toolbar toolbar-split">
            <Place path=path/>
            {archives}
            <SearchForm/>
        </div>
    }
}
