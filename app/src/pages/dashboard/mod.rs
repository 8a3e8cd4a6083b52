//! The dashboard: what needs attention first, then how backups went.

mod attention;
mod charts;
mod organizations;
mod steps;
mod tables;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{
    dashboard::{Dashboard, Standings},
    list::{ListQuery, PAGE_SIZES},
    permission::Action,
    project::ProjectList,
};

use crate::{
    address::page_address,
    api::{ApiError, credentials::list_credentials, dashboard::get_dashboard, projects::list_projects},
    browser::refresh::keep_fresh,
    components::{answer::Answer, empty::Empty, loaded::loaded},
    ui::use_ui,
};
use attention::NeedsAttention;
use charts::{Growth, Timeline};
use organizations::Organizations;
use steps::NextSteps;
use tables::Everything;

/// The dashboard, the first projects, and whether the account has a credential; `None` for whoever may not see them.
type Shown = (Dashboard, ProjectList, Option<bool>);

#[component]
pub fn DashboardPage() -> impl IntoView {
    let ui = use_ui();
    let manages = ui.can(Action::ManageCredentials);
    page_address();
    let shown: Answer<Shown> = Answer::new(move || manages, ask);
    keep_fresh(shown, |(dashboard, ..): &Shown| dashboard.standings.running > 0);
    let draw =
        |(dashboard, list, credential)| view! { <Overview dashboard=dashboard list=list credential=credential/> };
    view! {
        <Title text=tr!("Dashboard")/>
        <header class="page-header">
            <h1>{tr!("Dashboard")}</h1>
        </header>
        {loaded(shown, draw)}
    }
}

async fn ask(manages: bool) -> Result<Shown, ApiError> {
    let dashboard = get_dashboard().await?;
    let projects = list_projects(ListQuery { per_page: PAGE_SIZES[0], ..ListQuery::default() }).await?;
    let credential = if manages { Some(list_credentials(ListQuery::default()).await?.page.total > 0) } else { None };
    Ok((dashboard, projects, credential))
}

#[component]
fn Overview(dashboard: Dashboard, list: ProjectList, credential: Option<bool>) -> impl IntoView {
    let (rows, total) = (list.page.rows, list.page.total);
    let steps = credential.filter(|_| !dashboard.started);
    let steps = steps.map(|credential| view! { <NextSteps credential=credential waiting=dashboard.waiting_project/> });
    let nothing = (total == 0 && credential.is_none()).then(|| view! { <NothingYet/> });
    let standing = (total > 0).then(|| {
        view! {
            <NeedsAttention items=dashboard.attention counts=dashboard.counts/>
            <Tiles standings=dashboard.standings/>
            <Runs hours=dashboard.hours first=dashboard.first_hour/>
            <Organizations rows=dashboard.organizations/>
            <Stored days=dashboard.growth/>
            <Everything rows=rows total=total/>
        }
    });
    view! {
        {steps}
        {standing}
        {nothing}
    }
}

#[component]
fn Tiles(standings: Standings) -> impl IntoView {
    let tiles = [
        (tr!("Need attention"), standings.troubled),
        (tr!("Running"), standings.running),
        (tr!("Protected"), standings.protected),
        (tr!("Waiting for first backup"), standings.waiting),
        (tr!("Not backed up"), standings.off),
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
                {tr!("Measured is what each backup that is still listed added to its bucket, after compression and deduplication, by the day in UTC on which it ended. Deleted backups are no longer counted, although others may share their data; so a bucket can hold more than this, or less after it was tidied up.")}
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
