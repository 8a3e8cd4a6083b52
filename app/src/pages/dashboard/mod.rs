//! The dashboard: what needs attention first, then how every project stands.

mod standing;
mod steps;
mod tables;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{
    list::{ListQuery, PAGE_SIZES},
    permission::Action,
    project::{ProjectList, ProjectRow},
};

use crate::{
    address::page_address,
    api::{ApiError, credentials::list_credentials, projects::list_projects},
    components::{
        empty::Empty,
        loaded::{Answer, keep_fresh, loaded},
    },
    ui::use_ui,
};
use standing::Standing;
use steps::NextSteps;
use tables::{Attention, Everything, Tiles};

/// The projects, and whether the account has a credential; `None` for whoever may not see them.
type Shown = (ProjectList, Option<bool>);

#[component]
pub fn DashboardPage() -> impl IntoView {
    page_address();
    let ui = use_ui();
    let manages = ui.can(Action::ManageCredentials);
    let shown: Answer<Shown> = Resource::new(move || ui.changes(), move |_| ask(manages));
    keep_fresh(shown, |(list, _): &Shown| list.page.rows.iter().any(|row| Standing::of(row) == Standing::Running));
    view! {
        <Title text="Dashboard"/>
        <header class="page-header">
            <h1>"Dashboard"</h1>
        </header>
        {loaded(shown, |(list, credential)| view! { <Overview list=list credential=credential/> })}
    }
}

async fn ask(manages: bool) -> Result<Shown, ApiError> {
    let projects = list_projects(ListQuery { per_page: PAGE_SIZES[2], ..ListQuery::default() }).await?;
    let credential = if manages { Some(list_credentials(ListQuery::default()).await?.page.total > 0) } else { None };
    Ok((projects, credential))
}

#[component]
fn Overview(list: ProjectList, credential: Option<bool>) -> impl IntoView {
    let (mut rows, total) = (list.page.rows, list.page.total);
    rows.sort_by(|a, b| (Standing::of(a), &a.name).cmp(&(Standing::of(b), &b.name)));
    let steps = credential.map(|credential| view! { <NextSteps credential=credential rows=rows.clone()/> });
    let attention: Vec<ProjectRow> = rows.iter().filter(|row| Standing::of(row).needs_attention()).cloned().collect();
    let standing = (total > 0).then(|| {
        view! {
            <Tiles rows=rows.clone()/>
            <Attention rows=attention/>
            <Everything rows=rows.clone() total=total/>
        }
    });
    let nothing = (total == 0 && credential.is_none()).then(|| view! { <NothingYet/> });
    view! {
        {steps}
        {standing}
        {nothing}
    }
}

#[component]
fn NothingYet() -> impl IntoView {
    view! {
        <Empty icon="projects" title="No projects yet">
            <p>"As soon as your organization has projects, you see here how their backups went."</p>
        </Empty>
    }
}
