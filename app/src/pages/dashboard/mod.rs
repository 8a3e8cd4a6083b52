//! The dashboard: what needs attention first, then how backups went.

mod attention;
mod charts;
mod guide;
mod organizations;
mod summary;
mod tables;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{
    dashboard::Dashboard,
    list::{ListQuery, PAGE_SIZES},
    project::ProjectList,
};

use crate::{
    address::page_address,
    api::{ApiError, dashboard::get_dashboard, projects::list_projects},
    browser::refresh::keep_fresh,
    components::{answer::Answer, empty::Empty, loaded::loaded},
};
use attention::NeedsAttention;
use charts::{Growth, Timeline};
use guide::Steps;
use organizations::Organizations;
use summary::{Summary, Tiles};
use tables::Everything;

/// The dashboard and the first projects.
type Shown = (Dashboard, ProjectList);

#[component]
pub fn DashboardPage() -> impl IntoView {
    page_address();
    let shown: Answer<Shown> = Answer::new(|| (), |()| ask());
    keep_fresh(shown, |(dashboard, _): &Shown| dashboard.standings.running > 0);
    let draw = |(dashboard, list)| view! { <Overview dashboard=dashboard list=list/> };
    view! {
        <Title text=tr!("Dashboard")/>
        <header class="page-header">
            <h1>{tr!("Dashboard")}</h1>
        </header>
        {loaded(shown, draw)}
    }
}

async fn ask() -> Result<Shown, ApiError> {
    let dashboard = get_dashboard().await?;
    let projects = list_projects(ListQuery { per_page: PAGE_SIZES[0], ..ListQuery::default() }).await?;
    Ok((dashboard, projects))
}

#[component]
fn Overview(dashboard: Dashboard, list: ProjectList) -> impl IntoView {
    let (rows, total) = (list.page.rows, list.page.total);
    let guides = dashboard.guide.is_some();
    let guide = dashboard.guide.filter(|guide| !guide.is_done()).map(|guide| view! { <Steps guide=guide/> });
    let nothing = (total == 0 && !guides).then(|| view! { <NothingYet/> });
    let troubled = !dashboard.attention.is_empty();
    let summary = (total > 0).then(|| view! { <Summary standings=dashboard.standings troubled=troubled/> });
    let standing = (total > 0).then(|| {
        view! {
            <Tiles standings=dashboard.standings/>
            <Runs hours=dashboard.hours first=dashboard.first_hour/>
            <Organizations rows=dashboard.organizations/>
            <Stored days=dashboard.growth/>
            <Everything rows=rows total=total/>
        }
    });
    view! {
        {guide}
        {summary}
        <NeedsAttention items=dashboard.attention counts=dashboard.counts/>
        {standing}
        {nothing}
    }
}

#[component]
fn Runs(hours: Vec<model::dashboard::Hour>, first: model::time::Moment) -> impl IntoView {
    view! {
        <section aria-labelledby="runs">
            <h2 id="runs">{tr!("Last 24 hours")}</h2>
            <Timeline hours=hours first=first/>
        </section>
    }
}

#[component]
fn Stored(days: Vec<model::dashboard::DayGrowth>) -> impl IntoView {
    view! {
        <section aria-labelledby="growth">
            <h2 id="growth">{tr!("Growth")}</h2>
            <Growth days=days/>
            <p class="muted">
                {tr!("Data added per day (UTC), after compression and deduplication. Deleted backups are not included, so a bucket can hold more than this.")}
            </p>
        </section>
    }
}

#[component]
fn NothingYet() -> impl IntoView {
    view! {
        <Empty icon="projects" title=tr!("No projects yet")>
            <p>{tr!("As soon as your organization has projects, you see here how their backups went.")}</p>
        </Empty>
    }
}
