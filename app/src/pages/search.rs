//! One search for everything: pages, projects, backups, files in the newest backups.

use leptos::prelude::*;
use leptos_meta::Title;
use model::{
    language::msgid,
    permission::Action,
    search::{SHORTEST, SearchResults},
};

use crate::{
    address::{Address, encode, page_address, use_part},
    api::projects::search_everything,
    components::{
        answer::Answer,
        icon::Icon,
        loaded::loaded,
        search_form::SearchForm,
        shortcuts::{Place, places},
    },
    ui::use_ui,
};

/// What can be begun from anywhere: the address of its dialog, its name, and who may do it.
const ACTIONS: [(&str, &str, Action); 5] = [
    ("/projects?dialog=add", msgid("Add Project"), Action::ManageProjects),
    ("/backup-credentials?dialog=add", msgid("Add Credentials"), Action::ManageCredentials),
    ("/users?dialog=add", msgid("Invite User"), Action::ManageUsers),
    ("/organizations?dialog=add", msgid("Add Organization"), Action::ManageOrganizations),
    ("/notifications?dialog=add", msgid("Add Channel"), Action::ManageNotifications),
];

/// The same for a project that was found, below its address.
const PROJECT_ACTIONS: [(&str, &str, Action); 3] = [
    ("/policies?tab=backups", msgid("Restore from a backup of {}"), Action::ManageProjects),
    ("/policies?tab=schedules&dialog=add", msgid("Add a policy to {}"), Action::ManageProjects),
    ("/settings", msgid("Settings of {}"), Action::SeeProjects),
];

/// Projects whose actions are listed.
const MOST_PROJECTS: usize = 3;

#[component]
pub fn SearchPage() -> impl IntoView {
    page_address();
    let text = use_part(|address: &Address| address.get("search").unwrap_or_default().to_owned());
    let results: Answer<SearchResults> = Answer::new(move || text.get(), search_everything);
    let ui = use_ui();
    let named = move |all: Vec<(&str, String)>| -> Vec<Found> {
        let text = text.get().to_lowercase();
        let found = all.into_iter().filter(|(_, name)| name.to_lowercase().contains(&text));
        found.map(|(href, name)| (href.to_owned(), name, String::new())).collect()
    };
    let pages = move || {
        let found = named(places().map(|(_, href, name, _): Place| (href, tr!(name))).collect());
        view! { <Group title=tr!("Pages") found=found/> }
    };
    let actions = move || {
        let mine = ACTIONS.into_iter().filter(|(_, _, action)| ui.can(*action));
        let found = named(mine.map(|(href, name, _)| (href, tr!(name))).collect());
        view! { <Group title=tr!("Actions") found=found/> }
    };
    view! {
        <Title text=tr!("Search")/>
        <header class="page-header">
            <h1>{tr!("Search")}</h1>
        </header>
        <div class="toolbar">
            <SearchForm/>
        </div>
        {pages}
        {actions}
        {loaded(results, move |results| view! { <Results results=results text=text.get_untracked()/> })}
    }
}

#[component]
fn Results(results: SearchResults, text: String) -> impl IntoView {
    if text.trim().chars().count() < SHORTEST {
        return view! { <p class="muted">{tr!("Type at least two letters of a project, a backup or a file.")}</p> }
            .into_any();
    }
    let SearchResults { projects, backups, files, searched, searchable } = results;
    let nothing = projects.is_empty() && backups.is_empty() && files.is_empty();
    let ui = use_ui();
    let actions: Vec<Found> = projects
        .iter()
        .take(MOST_PROJECTS)
        .flat_map(|row| {
            let mine = PROJECT_ACTIONS.into_iter().filter(|(_, _, action)| ui.can(*action));
            mine.map(|(path, name, _)| {
                (format!("/projects/{}{path}", row.id), tr!(name, row.name), row.organization.clone())
            })
        })
        .collect();
    let projects =
        projects.into_iter().map(|row| (format!("/projects/{}", row.id), row.name, row.organization)).collect();
    let backups = backups
        .into_iter()
        .map(|row| {
            let href = format!("/projects/{}/policies?tab=backups&search={}", row.project, encode(&row.name));
            (href, row.name, row.project_name)
        })
        .collect();
    let files = files
        .into_iter()
        .map(|row| {
            let folder = row.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let href = format!("/projects/{}/backups/{}?path={}", row.project, row.backup, encode(folder));
            (href, row.path, row.project_name)
        })
        .collect();
    let extent = (searchable > 0).then(|| {
        let told = tr!(
            "Files: searched in the newest backup of {searched} of {n} project."
                | "Files: searched in the newest backups of {searched} of {n} projects." % searchable,
            searched
        );
        view! { <p class="muted">{told}</p> }
    });
    view! {
        <Group title=tr!("Projects") found=projects/>
        <Group title=tr!("Project actions") found=actions/>
        <Group title=tr!("Backups") found=backups/>
        <Group title=tr!("Files") found=files/>
        {nothing.then(|| view! { <p>{tr!("Nothing found")}</p> })}
        {extent}
    }
    .into_any()
}

/// Address, name, and what it belongs to.
type Found = (String, String, String);

#[component]
fn Group(title: String, found: Vec<Found>) -> impl IntoView {
    let entry = |(href, name, of): Found| {
        view! {
            <li class="found">
                <Icon name="chevron-right"/>
                <a class="row-title" href=href>
                    {name}
                </a>
                <span class="muted">{of}</span>
            </li>
        }
    };
    (!found.is_empty()).then(|| {
        view! {
            <section class="found-group">
                <h2>{title}</h2>
                <ul>{found.into_iter().map(entry).collect_view()}</ul>
            </section>
        }
    })
}
