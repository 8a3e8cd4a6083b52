//! The dashboard: what needs attention first, then how every project stands.

mod standing;
mod steps;
mod tables;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{
    credential::CredentialList,
    list::{ListQuery, PAGE_SIZES},
    permission::Action,
    project::{ProjectList, ProjectRow},
};

use crate::{
    address::page_address,
    api::{credentials::list_credentials, projects::list_projects},
    components::loaded::{Answer, keep_fresh, loaded_part, loaded_quietly},
    ui::use_ui,
};
use standing::Standing;
use steps::NextSteps;
use tables::{Attention, Everything, Tiles};

#[component]
pub fn DashboardPage() -> impl IntoView {
    page_address();
    let ui = use_ui();
    let query = || ListQuery { per_page: PAGE_SIZES[2], ..ListQuery::default() };
    let projects: Answer<ProjectList> = Resource::new(move || ui.changes(), move |_| list_projects(query()));
    keep_fresh(projects, |list: &ProjectList| list.page.rows.iter().any(|row| Standing::of(row) == Standing::Running));
    let part = |list: &ProjectList| (list.page.rows.clone(), list.page.total);
    let steps = ui.can(Action::ManageCredentials).then(|| view! { <StepsForManagers projects=projects/> });
    view! {
        <Title text="Dashboard"/>
        <header class="page-header">
            <h1>"Dashboard"</h1>
        </header>
        {steps}
        {loaded_part(projects, part, |(rows, total)| view! { <Overview rows=rows total=total/> })}
    }
}

/// What is still to do before anything is backed up.
#[component]
fn StepsForManagers(projects: Answer<ProjectList>) -> impl IntoView {
    let ui = use_ui();
    let credentials: Answer<CredentialList> =
        Resource::new(move || ui.changes(), |_| list_credentials(ListQuery::default()));
    let counted = |list: &CredentialList| list.page.total > 0;
    let draw = move |credential: bool| {
        let rows = Memo::new(move |_| projects.get().and_then(Result::ok).map(|list| list.page.rows));
        move || rows.get().map(|rows| view! { <NextSteps credential=credential rows=rows/> })
    };
    loaded_quietly(credentials, counted, draw)
}

#[component]
fn Overview(rows: Vec<ProjectRow>, total: u64) -> impl IntoView {
    let mut rows = rows;
    rows.sort_by(|a, b| (Standing::of(a), &a.name).cmp(&(Standing::of(b), &b.name)));
    let attention: Vec<ProjectRow> = rows.iter().filter(|row| Standing::of(row).needs_attention()).cloned().collect();
    (total > 0).then(|| {
        view! {
            <Tiles rows=rows.clone()/>
            <Attention rows=attention/>
            <Everything rows=rows total=total/>
        }
    })
}
