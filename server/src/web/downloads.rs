//! Files that a person takes home: a file or folder out of a backup, a project's recovery kit, the audit log.

use std::str::FromStr;

use app::api::ApiError;
use axum::{
    Extension,
    body::Body,
    extract::{Path, Query, Request, State as Extracted},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, get},
};
use futures::StreamExt;
use model::{
    audit::AuditQuery,
    backup::ArchiveFormat,
    ids::{BackupId, ProjectId},
    list::ListQuery,
};
use serde::Deserialize;
use services::{Acting, FileStream};
use tower_sessions::Session;

use super::{
    State, attachment, pages, refusal,
    running_downloads::{Download, Full},
};

/// Each address with what answers there.
pub fn table() -> Vec<(&'static str, MethodRouter<State>)> {
    vec![
        ("/projects/{project}/backups/{backup}/download", get(from_backup)),
        ("/projects/{project}/recovery-kit", get(recovery_kit)),
        ("/audit-log/export", get(audit_log)),
    ]
}

#[derive(Deserialize)]
struct Wanted {
    path: Option<String>,
    /// What a folder is packed as; without it the path is a file's.
    #[serde(rename = "as")]
    format: Option<String>,
}

async fn from_backup(
    Extracted(state): Extracted<State>,
    Path((project, backup)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
    acting: Option<Extension<Acting>>,
    request: Request,
) -> Response {
    let begun = acting.as_deref().map(|acting| state.downloads.begin(&acting.actor)).transpose();
    let running = match begun {
        Ok(running) => running,
        Err(full) => return busy(full),
    };
    let answer = async {
        let (acting, project) = (signed_in(acting.as_deref())?, id::<ProjectId>(&project)?);
        let (backup, path) = (id::<BackupId>(&backup)?, wanted.path.ok_or(ApiError::NotFound)?);
        let (headers, stream) = match wanted.format {
            None => file(&state, acting, project, backup, &path).await?,
            Some(format) => folder(&state, acting, project, backup, (&path, &format)).await?,
        };
        Ok((headers, Body::from_stream(stream.map(move |chunk| held(chunk, running.as_ref())))).into_response())
    };
    match answer.await {
        Ok(response) => response,
        Err(error) => refused(&state, request, &error).await,
    }
}

async fn file(
    state: &State,
    acting: &Acting,
    project: ProjectId,
    backup: BackupId,
    path: &str,
) -> Result<(HeaderMap, FileStream), ApiError> {
    let file = services::browse::download(acting, &state.services, project, backup, path).await?;
    let mut headers = attachment::headers(&file.name, "application/octet-stream");
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(file.size));
    Ok((headers, file.stream))
}

/// An archive's size is not known before its end: one that breaks off is no complete answer, and the browser says so.
async fn folder(
    state: &State,
    acting: &Acting,
    project: ProjectId,
    backup: BackupId,
    (path, format): (&str, &str),
) -> Result<(HeaderMap, FileStream), ApiError> {
    let format = ArchiveFormat::parse(format).map_err(|_| ApiError::NotFound)?;
    let folder = services::browse::download_folder(acting, &state.services, project, backup, path, format).await?;
    let kind = match format {
        ArchiveFormat::TarGz => "application/gzip",
        ArchiveFormat::Zip => "application/zip",
    };
    Ok((attachment::headers(&format!("{}.{}", folder.name, format.ending()), kind), folder.stream))
}

/// The stream keeps its place until it has ended or the client has gone, or takes nothing any more.
fn held<T>(chunk: T, _running: Option<&Download>) -> T {
    chunk
}

/// Leads to the question for the password where that was not answered just now.
async fn recovery_kit(
    Extracted(state): Extracted<State>,
    Path(project): Path<String>,
    session: Session,
    acting: Option<Extension<Acting>>,
    request: Request,
) -> Response {
    let answer = async {
        let (acting, project) = (signed_in(acting.as_deref())?, id::<ProjectId>(&project)?);
        Ok(match services::recovery_kit::download(acting, &state.services, &session, project).await? {
            Some(kit) => (attachment::headers(&kit.file_name, "text/plain; charset=utf-8"), kit.text).into_response(),
            None => Redirect::to(&format!("/projects/{project}/settings?dialog=recovery-kit")).into_response(),
        })
    };
    match answer.await {
        Ok(response) => response,
        Err(error) => refused(&state, request, &error).await,
    }
}

/// The view of the log, as the page's address has it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AuditAddress {
    search: String,
    organization: String,
    person: String,
    action: String,
    from: String,
    to: String,
}

impl From<AuditAddress> for AuditQuery {
    fn from(address: AuditAddress) -> Self {
        let list = ListQuery {
            search: address.search,
            organization: address.organization.parse().ok(),
            ..ListQuery::default()
        };
        Self { list, person: address.person, action: address.action, from: address.from, to: address.to }
    }
}

async fn audit_log(
    Extracted(state): Extracted<State>,
    Query(address): Query<AuditAddress>,
    acting: Option<Extension<Acting>>,
    request: Request,
) -> Response {
    let answer = async {
        let csv = services::audit_log::export(signed_in(acting.as_deref())?, &state.services, &address.into()).await?;
        Ok((attachment::headers("audit-log.csv", "text/csv; charset=utf-8"), csv).into_response())
    };
    match answer.await {
        Ok(response) => response,
        Err(error) => refused(&state, request, &error).await,
    }
}

fn signed_in(acting: Option<&Acting>) -> Result<&Acting, ApiError> {
    acting.ok_or(ApiError::SignedOut)
}

/// What is no number is the address of nothing.
fn id<T: FromStr>(text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound)
}

async fn refused(state: &State, request: Request, error: &ApiError) -> Response {
    match error {
        ApiError::NotFound => pages::not_found(state, request).await,
        error => refusal::page(refusal::status(error), error),
    }
}

fn busy(full: Full) -> Response {
    let error = ApiError::Conflict(full.to_string());
    let mut response = refusal::page(StatusCode::SERVICE_UNAVAILABLE, &error);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    response
}
