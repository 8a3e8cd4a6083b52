//! Projects and whether they are backed up.

use leptos::prelude::*;
use model::{
    directory::{DirectoryQuery, DirectoryView},
    form::Done,
    ids::ProjectId,
    list::ListQuery,
    many::ManyProjectsForm,
    project::{
        BackupSettingsForm, DeleteProjectForm, MoveProjectForm, ProjectChoices, ProjectForm, ProjectList,
        ProjectOverview, ProjectRef, ProjectView, RecoveryKitForm, RemovalRef,
    },
    search::SearchResults,
};

use crate::api::ApiError;

/// What is in a directory of the organization's roots, to choose one.
#[server(endpoint = "projects/look_into_directory", input = leptos::server_fn::codec::Json)]
pub async fn look_into_directory(query: DirectoryQuery) -> Result<DirectoryView, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::directories::look(&acting, &services, &query).await?)
}

#[server(endpoint = "projects/list", input = leptos::server_fn::codec::Json)]
pub async fn list_projects(query: ListQuery) -> Result<ProjectList, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::projects::list(&acting, &services, &query).await?)
}

#[server(endpoint = "projects/get", input = leptos::server_fn::codec::Json)]
pub async fn get_project(project: ProjectId) -> Result<ProjectView, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::projects::get(&acting, &services, project).await?)
}

/// Projects, backups by name, and files in the newest backups. Takes 5 seconds and a little at most.
#[server(endpoint = "projects/search", input = leptos::server_fn::codec::Json)]
pub async fn search_everything(text: String) -> Result<SearchResults, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::search::everything(&acting, &services, &text).await?)
}

/// How its runs of the last 90 days ended, what comes next, and how much there is.
#[server(endpoint = "projects/overview", input = leptos::server_fn::codec::Json)]
pub async fn get_project_overview(project: ProjectId) -> Result<ProjectOverview, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::dashboard::of_project(&acting, &services, project).await?)
}

/// What the add form (no project) or a project's Settings offer to choose from.
#[server(endpoint = "projects/choices", input = leptos::server_fn::codec::Json)]
pub async fn get_project_choices(project: Option<ProjectId>) -> Result<ProjectChoices, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::projects::choices(&acting, &services, project).await?)
}

#[server(endpoint = "projects/create")]
pub async fn create_project(form: ProjectForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::new_project::create(&acting, &services, &form).await?)
}

/// Switches backup on. Where the switch was turned off, leads to the question whether that is meant.
#[server(endpoint = "projects/save_backup_settings")]
pub async fn save_backup_settings(form: BackupSettingsForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::backup_switch::save(&acting, &services, &form).await?)
}

/// Switches backup off, ends the policies and cancels what is running.
#[server(endpoint = "projects/disable_backup")]
pub async fn disable_backup(form: ProjectRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::backup_switch::disable(&acting, &services, &form).await?)
}

/// Asks for the password before the recovery kit, and leads to its download.
#[server(endpoint = "projects/recovery_kit")]
pub async fn ask_for_recovery_kit(form: RecoveryKitForm) -> Result<Done, ApiError> {
    let ((acting, services), session) = (super::server::signed_in()?, super::server::session()?);
    Ok(services::recovery_kit::ask(&acting, &services, &session, &form).await?)
}

/// Locks the project: nothing of it can be changed. Its scheduled backups go on.
#[server(endpoint = "projects/lock")]
pub async fn lock_project(form: ProjectRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::projects::lock(&acting, &services, &form).await?)
}

#[server(endpoint = "projects/unlock")]
pub async fn unlock_project(form: ProjectRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::projects::unlock(&acting, &services, &form).await?)
}

/// Does one thing to many projects.
#[server(endpoint = "projects/act_on_many")]
pub async fn act_on_projects(form: ManyProjectsForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::many_projects::act(&acting, &services, &form).await?)
}

/// Gives a project to another node, which has its directory from now on.
#[server(endpoint = "projects/move_to_node")]
pub async fn move_project(form: MoveProjectForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::projects::move_to_node(&acting, &services, &form).await?)
}

/// Takes a deleted project back.
#[server(endpoint = "projects/undo_deletion")]
pub async fn undo_project_deletion(form: ProjectRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::projects::undo_deletion(&acting, &services, &form).await?)
}

/// Deletes a project whose name was typed, with its backups where that was ticked.
#[server(endpoint = "projects/delete")]
pub async fn delete_project(form: DeleteProjectForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::projects::delete(&acting, &services, &form).await?)
}

/// Tries at once to remove the backups of a deleted project, which failed before.
#[server(endpoint = "projects/retry_removal")]
pub async fn retry_removal(form: RemovalRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::removals::retry(&acting, &services, &form).await?)
}

/// Leaves the backups of a deleted project in the bucket.
#[server(endpoint = "projects/give_up_removal")]
pub async fn give_up_removal(form: RemovalRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::removals::give_up(&acting, &services, &form).await?)
}
