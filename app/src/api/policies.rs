//! Backup policies.

use leptos::prelude::*;
use model::{
    form::{Done, FormErrors},
    ids::{PolicyId, ProjectId},
    outlook::{Outlook, OutlookForm},
    policy::{PatternTrial, PolicyDraft, PolicyForm, PolicyRef, PolicyRow},
    schedule::CronPreview,
};

use crate::api::ApiError;

/// What is said of something that is still being typed. That it is not in order yet is an answer, and no failure of the
/// question.
pub type Judged<T> = Result<T, FormErrors>;

#[server(endpoint = "policies/list", input = leptos::server_fn::codec::Json)]
pub async fn list_policies(project: ProjectId) -> Result<Vec<PolicyRow>, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::policies::list(&acting, &services, project).await?)
}

/// What the form starts with: for a new policy of the project, or for that one of its policies.
#[server(endpoint = "policies/draft", input = leptos::server_fn::codec::Json)]
pub async fn draft_policy(project: ProjectId, policy: Option<PolicyId>) -> Result<PolicyDraft, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::policies::draft(&acting, &services, project, policy).await?)
}

#[server(endpoint = "policies/add")]
pub async fn add_policy(form: PolicyForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::policies::add(&acting, &services, &form).await?)
}

/// Changes what a policy says, unless somebody else was faster.
#[server(endpoint = "policies/update")]
pub async fn update_policy(form: PolicyForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::policies::update(&acting, &services, &form).await?)
}

/// Nothing is started by the schedule any more.
#[server(endpoint = "policies/pause")]
pub async fn pause_policy(form: PolicyRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::policies::pause(&acting, &services, &form).await?)
}

/// The schedule goes on at its next time.
#[server(endpoint = "policies/resume")]
pub async fn resume_policy(form: PolicyRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::policies::resume(&acting, &services, &form).await?)
}

/// Ends the schedule; its backups go on being kept by its rules.
#[server(endpoint = "policies/delete")]
pub async fn delete_policy(form: PolicyRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::policies::delete(&acting, &services, &form).await?)
}

/// Takes a deleted policy back.
#[server(endpoint = "policies/undo_deletion")]
pub async fn undo_policy_deletion(form: PolicyRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::policies::undo_deletion(&acting, &services, &form).await?)
}

/// Queues a backup now, with what the policy includes.
#[server(endpoint = "policies/run_now")]
pub async fn run_policy_now(form: PolicyRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::policies::run_now(&acting, &services, &form).await?)
}

/// What a cron expression means in words, and the next five runs.
#[allow(clippy::unused_async, reason = "a server function is asked across the network")]
#[server(endpoint = "policies/preview_cron", input = leptos::server_fn::codec::Json)]
pub async fn preview_cron(expression: String, time_zone: String) -> Result<Judged<CronPreview>, ApiError> {
    let (_, services) = super::server::signed_in()?;
    super::server::judged(services::policies::preview(&services, &expression, &time_zone))
}

/// What patterns match in the project's source as it is now.
#[server(endpoint = "policies/try_patterns", input = leptos::server_fn::codec::Json)]
pub async fn try_patterns(
    project: ProjectId,
    include: String,
    exclude: String,
) -> Result<Judged<PatternTrial>, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    super::server::judged(services::policies::try_patterns(&acting, &services, project, &include, &exclude).await)
}

/// Which backups of the next 90 days would remain with what is typed.
#[allow(clippy::unused_async, reason = "a server function is asked across the network")]
#[server(endpoint = "policies/preview_outlook", input = leptos::server_fn::codec::Json)]
pub async fn preview_outlook(terms: OutlookForm) -> Result<Judged<Outlook>, ApiError> {
    let (_, services) = super::server::signed_in()?;
    super::server::judged(services::policies::outlook(&services, &terms))
}

/// Which backups of the next 90 days would remain of a policy as it is.
#[server(endpoint = "policies/outlook", input = leptos::server_fn::codec::Json)]
pub async fn policy_outlook(policy: PolicyId) -> Result<Outlook, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::policies::outlook_of(&acting, &services, policy).await?)
}
