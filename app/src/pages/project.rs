//! One project: what is backed up, where to, and how it went.

use leptos::prelude::*;
use leptos_meta::Title;
use model::{
    ids::ProjectId,
    permission::Action,
    project::{Backup, ProjectDay, ProjectOverview, ProjectView},
    size, time,
};

use crate::{
    address::page_address,
    api::projects::get_project_overview,
    browser::refresh::keep_fresh_of,
    components::{
        answer::Answer,
        facts::Fact,
        last_backup::LastBackupState,
        loaded::loaded_quietly,
        phase::{Badge, Look},
        project_frame::{ProjectFrame, use_project, use_project_id},
        time::{MaybeAgo, NoValue},
    },
    ui::use_ui,
};

#[component]
pub fn ProjectPage() -> impl IntoView {
    page_address();
    let id = use_project_id();
    let project = use_project(id);
    keep_fresh_of(project, id, |project| matches!(project.backup, Backup::SettingUp { .. }));
    let runs: Answer<ProjectOverview> = Answer::new(move || id.get(), get_project_overview);
    view! {
        <Title text=tr!("Project")/>
        <ProjectFrame project=project/>
        {loaded_quietly(project, |project| view! { <Overview project=project/> })}
        {loaded_quietly(runs, move |runs| view! { <Runs runs=runs project=id.get_untracked()/> })}
    }
}

#[component]
fn Overview(project: ProjectView) -> impl IntoView {
    let home = format!("/projects/{}", project.id);
    let kind = project.source.kind();
    let look = match project.backup {
        Backup::Off => Look::BACKUP_OFF,
        Backup::SettingUp { .. } => Look::SETTING_UP,
        Backup::On { .. } => Look::BACKUP_ON,
    };
    view! {
        <Title text=project.name.clone()/>
        <div class="cards">
            <section class="card">
                <h2>{tr!("Source")}</h2>
                <p class="card-value">{tr!(kind)}</p>
                <code class="break">{project.source.location()}</code>
                {project.node.map(|node| view! { <p class="card-note">{tr!("On node {}", node)}</p> })}
            </section>
            <section class="card">
                <h2>{tr!("switch" => "Backup")}</h2>
                <p class="card-value">
                    <Badge look=look/>
                </p>
                <BackupPlace backup=project.backup home=home.clone()/>
            </section>
            <section class="card">
                <h2>{tr!("Last Backup")}</h2>
                <p class="card-value">
                    <LastBackupState last=project.last_backup/>
                </p>
                <a href=format!("{home}/policies?tab=backups")>{tr!("All backups")}</a>
            </section>
            <section class="card">
                <h2>{tr!("Repository")}</h2>
                <p class="card-value">
                    {match project.health {
                        Some(health) => view! { <Badge look=health/> }.into_any(),
                        None => view! { <NoValue/> }.into_any(),
                    }}
                </p>
                <a href=format!("{home}/repository")>{tr!("Verification and space")}</a>
            </section>
            <section class="card">
                <h2>{tr!("Policies")}</h2>
                <p class="card-value">{project.policies}</p>
                <a href=format!("{home}/policies?tab=schedules")>{tr!("Schedules")}</a>
            </section>
        </div>
    }
}

#[component]
fn BackupPlace(backup: Backup, home: String) -> impl IntoView {
    let manages = use_ui().can(Action::ManageProjects);
    match backup {
        Backup::On { credential_name, bucket, prefix, .. } => {
            let place = if prefix.is_empty() { bucket } else { format!("{bucket}/{prefix}") };
            view! {
                <p class="card-note">{tr!("With {} into", credential_name)}</p>
                <code class="break">{place}</code>
            }
            .into_any()
        }
        Backup::Off if manages => {
            view! { <a href=format!("{home}/settings")>{tr!("Enable backup in Settings")}</a> }.into_any()
        }
        Backup::SettingUp { step, .. } => {
            let step = step.label();
            view! { <p class="card-note">{tr!(step)}</p> }.into_any()
        }
        Backup::Off => view! { <NoValue/> }.into_any(),
    }
}

/// How the last 90 days went, each day a way to its backups.
#[component]
fn Runs(runs: ProjectOverview, project: ProjectId) -> impl IntoView {
    let backups = format!("/projects/{project}/policies?tab=backups");
    let day = move |day: ProjectDay| {
        let ProjectDay { completed, incomplete, failed, .. } = day;
        let class = match (failed, incomplete, completed) {
            (1.., _, _) => "calendar-day mark-bad",
            (0, 1.., _) => "calendar-day mark-warn",
            (0, 0, 1..) => "calendar-day mark-good",
            (0, 0, 0) => "calendar-day",
        };
        let date = time::day(day.day);
        if completed + incomplete + failed == 0 {
            return view! { <li class=class title=tr!("{}: no run", date)></li> }.into_any();
        }
        let words = tr!(
            "{date}: {completed} completed, {incomplete} incomplete, {failed} failed",
            date,
            completed,
            incomplete,
            failed
        );
        let title = words.clone();
        // A backup's name has its day.
        let href = format!("{backups}&search={}", date.replace('-', ""));
        view! {
            <li>
                <a class=class href=href title=title>
                    <span class="sr-only">{words}</span>
                </a>
            </li>
        }
        .into_any()
    };
    view! {
        <section aria-labelledby="days">
            <h2 id="days">{tr!("Last 90 days")}</h2>
            <ol class="calendar">{runs.days.iter().copied().map(day).collect_view()}</ol>
            <dl class="facts">
                <Fact term=tr!("Next Run")>
                    <MaybeAgo at=runs.next_run/>
                </Fact>
                <Fact term=tr!("Backups")>{runs.backups}</Fact>
                <Fact term=tr!("Size of all")>{size::bytes(runs.size)}</Fact>
                <Fact term=tr!("Stored")>{stored(&runs)}</Fact>
            </dl>
        </section>
    }
}

/// What they take, and how much deduplication and compression save.
fn stored(runs: &ProjectOverview) -> String {
    match runs.size.checked_div(runs.added) {
        Some(times) if times >= 2 => tr!("{}, {} times less than their size", size::bytes(runs.added), times),
        _ => size::bytes(runs.added),
    }
}
