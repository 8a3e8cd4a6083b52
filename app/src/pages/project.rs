//! One project: what is backed up, where to, and how it went.

use leptos::prelude::*;
use leptos_meta::Title;
use model::{
    permission::Action,
    project::{Backup, ProjectView},
};

use crate::{
    address::page_address,
    components::{
        last_backup::LastBackupState,
        loaded::loaded_quietly,
        phase::{Badge, Look},
        project_frame::{ProjectFrame, use_project, use_project_id},
        time::NoValue,
    },
    ui::use_ui,
};

#[component]
pub fn ProjectPage() -> impl IntoView {
    page_address();
    let project = use_project(use_project_id());
    view! {
        <Title text=tr!("Project")/>
        <ProjectFrame project=project/>
        {loaded_quietly(project, |project| view! { <Overview project=project/> })}
    }
}

#[component]
fn Overview(project: ProjectView) -> impl IntoView {
    let home = format!("/projects/{}", project.id);
    let kind = project.source.kind();
    let look = if project.backup == Backup::Off { Look::BACKUP_OFF } else { Look::BACKUP_ON };
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
        Backup::Off => view! { <NoValue/> }.into_any(),
    }
}
