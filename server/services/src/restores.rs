//! Restores of a project's backups: list, add, cancel, delete.

use std::path::Path;

use model::{
    backup::RestorePhase,
    form::Done,
    ids::{BackupId, OrganizationId, ProjectId, RestoreId},
    language::msgid,
    list::{ListQuery, Page},
    permission::Action,
    project::Source,
    restore::{NewRestore, OnConflict, RestoreForm, RestoreRef, RestoreRow, RestoreTarget, RestoredInto},
    rule::RuleError,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde_json::json;

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    backups, browse,
    clock::Clock,
    context::Services,
    database,
    entity::{TextList, backup, project, restore},
    error::{Refusal, ServiceError},
    listing,
    progress::{RunConflict, count, progress},
    projects, repositories, source_roots, sources, wake,
};

const RESTORE_REQUESTED: Deed = Deed::new("restore requested");
const RESTORE_CANCELLED: Deed = Deed::new("restore cancelled");
const RESTORE_DELETED: Deed = Deed::new("restore deleted");

/// Why a restore cannot be queued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreConflict {
    #[error("{}", tr!("Another restore into the database {} is not done yet. Wait for it, or cancel it", .name))]
    DatabaseIsRestored { name: String },
}

impl Refusal for RestoreConflict {}

/// One page of a project's restores, newest first.
pub async fn list(
    acting: &Acting,
    services: &Services,
    project: ProjectId,
    query: &ListQuery,
) -> Result<Page<RestoreRow>, ServiceError> {
    let db = services.db();
    projects::find(acting, db, Action::SeeProjects, project).await?;
    let select = restore::Entity::find().filter(restore::Column::ProjectId.eq(project.0));
    let all = select.clone();
    let rows = sorted(select, query)
        .offset(query.offset())
        .limit(query.per_page())
        .find_also_related(backup::Entity)
        .all(db)
        .await?;
    let total = listing::total(query, rows.len(), all.count(db)).await?;
    let rows = rows.into_iter().map(|(row, backup)| view(services.clock(), row, backup)).collect::<Result<_, _>>()?;
    Ok(Page::new(query, rows, total))
}

/// The newest first, unless a column is chosen. What has no value in it comes last.
fn sorted(select: Select<restore::Entity>, query: &ListQuery) -> Select<restore::Entity> {
    use restore::Column;
    let by = match query.sort.as_str() {
        "name" => Some(Column::Name),
        "status" => Some(Column::Phase),
        "started" => Some(Column::StartedAt),
        "finished" => Some(Column::FinishedAt),
        "files" => Some(Column::Files),
        _ => None,
    };
    listing::sorted_by(select, by, query).order_by_desc(Column::Id)
}

/// Queues a restore.
pub async fn add(acting: &Acting, services: &Services, form: &RestoreForm) -> Result<Done, ServiceError> {
    let id = form.backup().map_err(|_| ServiceError::NotFound)?;
    let (row, project) = backups::find(acting, services.db(), Action::ManageProjects, id).await?;
    let new = form.parse()?;
    browse::snapshot(&row)?;
    repositories::by_id(services.db(), row.repository_id).await?;
    let into = target(services, &project, &new).await?;
    let now = services.clock().now();
    let tx = services.write().await?;
    // Held, so that no worker begins to remove it meanwhile.
    let held = backup::Entity::find_by_id(row.id).lock_exclusive().one(&tx).await?.ok_or(ServiceError::NotFound)?;
    browse::snapshot(&held)?;
    if !new.target.is_files() && is_restored_into(&tx, project.id, &into).await? {
        return Err(RestoreConflict::DatabaseIsRestored { name: into.place().to_owned() }.into());
    }
    let queued = restore::ActiveModel {
        project_id: Set(project.id),
        backup_id: Set(row.id),
        name: Set(new.name.as_str().to_owned()),
        phase: Set(RestorePhase::Queued),
        queued_at: Set(now),
        paths: Set(TextList(new.paths.clone())),
        target: Set(into.place().to_owned()),
        target_kind: Set(into.kind().to_owned()),
        on_conflict: Set(new.on_conflict.as_str().to_owned()),
        owners_by_name: Set(new.owners_by_name),
        warnings: Set(TextList::default()),
        created_by: Set(Some(acting.actor.email.clone())),
        ..Default::default()
    };
    let queued = match queued.insert(&tx).await {
        Err(error) if database::is_unique_violation(&error) => {
            let message = tr!("This project has a restore named {} already", new.name);
            return Err(ServiceError::at("restore_name", message));
        }
        inserted => inserted?,
    };
    let changes = json!({
        "backup": row.name, "paths": new.paths, "target": into.place(), "on_conflict": new.on_conflict.as_str(),
    });
    audit::record(&tx, acting, now, RESTORE_REQUESTED, subject(&queued, &project), changes).await?;
    tx.commit().await?;
    wake::one(services).await;
    Ok(Done::new(tr!("Restore {} queued", new.name), tab(project.id)))
}

/// Where to restore: a directory under an allowed root, a database that can be made, or the one whose name was typed.
async fn target(services: &Services, project: &project::Model, new: &NewRestore) -> Result<RestoredInto, ServiceError> {
    match (&new.target, sources::of(project)?) {
        (RestoreTarget::Directory(directory), Source::Directory(_)) => {
            directory_target(services, project, directory.as_str(), "target_directory").await
        }
        (RestoreTarget::OriginalLocation { confirmed }, Source::Directory(directory)) => {
            if new.on_conflict == OnConflict::Overwrite && *confirmed != project.name {
                let message = tr!("Type the project's name, {}, to overwrite its files", project.name);
                return Err(ServiceError::at("confirm_project", message));
            }
            directory_target(services, project, directory.as_str(), "target").await
        }
        (RestoreTarget::NewDatabase(name), Source::Postgres(_)) => {
            let database = sources::database(services, project)?;
            let checked = database.check_new(services.postgres_tools(), name.as_str()).await;
            checked.map_err(|error| ServiceError::at("database_name", error))?;
            Ok(RestoredInto::NewDatabase(name.as_str().to_owned()))
        }
        (RestoreTarget::OriginalDatabase { confirmed }, Source::Postgres(address)) => {
            let name = address.database.as_str();
            if confirmed != name {
                let message = tr!("Type the database's name, {}, to replace what is in it", name);
                return Err(ServiceError::at("confirm_name", message));
            }
            Ok(RestoredInto::OriginalDatabase(name.to_owned()))
        }
        _ => Err(ServiceError::at("target", RuleError::Unlisted { field: msgid("Target") })),
    }
}

async fn directory_target(
    services: &Services,
    project: &project::Model,
    directory: &str,
    field: &str,
) -> Result<RestoredInto, ServiceError> {
    if !projects::is_here(services, project.node.as_deref()) {
        // Its node looks when it restores.
        return Ok(RestoredInto::Directory(directory.to_owned()));
    }
    let roots = source_roots::of(services, OrganizationId(project.organization_id)).await?;
    let allowed = roots.restore_target(Path::new(directory));
    allowed.map(|_| RestoredInto::Directory(directory.to_owned())).map_err(|error| ServiceError::at(field, error))
}

/// Whether another restore is waiting for that database, or has it.
async fn is_restored_into(db: &impl ConnectionTrait, project: i64, into: &RestoredInto) -> Result<bool, ServiceError> {
    let active = [RestorePhase::Queued, RestorePhase::InProgress];
    let same = restore::Entity::find()
        .filter(restore::Column::ProjectId.eq(project))
        .filter(restore::Column::TargetKind.eq(into.kind()))
        .filter(restore::Column::Target.eq(into.place()))
        .filter(restore::Column::Phase.is_in(active));
    Ok(same.count(db).await? > 0)
}

/// Takes a waiting restore out of the queue, or asks a running one to stop.
pub async fn cancel(acting: &Acting, services: &Services, form: &RestoreRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let (row, project) = find(acting, &tx, form).await?;
    let mut change = row.clone().into_active_model();
    let message = match row.phase {
        RestorePhase::InProgress => {
            change.cancel_requested = Set(true);
            tr!("Restore {} is being cancelled", row.name)
        }
        RestorePhase::Queued => {
            change.phase = Set(RestorePhase::Cancelled);
            change.finished_at = Set(Some(services.clock().now()));
            tr!("Restore {} cancelled", row.name)
        }
        _ => return Err(RunConflict::AlreadyEnded.into()),
    };
    change.update(&tx).await?;
    let now = services.clock().now();
    let subject = subject(&row, &project);
    audit::record(&tx, acting, now, RESTORE_CANCELLED, subject, audit::no_changes()).await?;
    tx.commit().await?;
    Ok(Done::new(message, tab(project.id)))
}

/// Deletes the record of a restore that is not running. What was restored stays.
pub async fn delete(acting: &Acting, services: &Services, form: &RestoreRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let (row, project) = find(acting, &tx, form).await?;
    if row.phase.is_active() {
        return Err(RunConflict::StillRunning.into());
    }
    restore::Entity::delete_by_id(row.id).exec(&tx).await?;
    let now = services.clock().now();
    let subject = subject(&row, &project);
    audit::record(&tx, acting, now, RESTORE_DELETED, subject, audit::no_changes()).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Restore {} deleted", row.name), tab(project.id)))
}

async fn find(
    acting: &Acting,
    db: &impl ConnectionTrait,
    form: &RestoreRef,
) -> Result<(restore::Model, project::Model), ServiceError> {
    let id = form.restore().map_err(|_| ServiceError::NotFound)?;
    let row = restore::Entity::find_by_id(id.0).one(db).await?.ok_or(ServiceError::NotFound)?;
    let (project, _) = projects::find(acting, db, Action::ManageProjects, ProjectId(row.project_id)).await?;
    Ok((row, project))
}

pub(crate) fn view(
    clock: &Clock,
    row: restore::Model,
    backup: Option<backup::Model>,
) -> Result<RestoreRow, ServiceError> {
    let progress = progress(clock, row.started_at, (&row).into());
    Ok(RestoreRow {
        id: RestoreId(row.id),
        phase: row.phase,
        on_conflict: OnConflict::parse(&row.on_conflict).map_err(ServiceError::Stored)?,
        name: row.name,
        backup: BackupId(row.backup_id),
        backup_name: backup.map(|backup| backup.name).unwrap_or_default(),
        paths: row.paths.0,
        target: RestoredInto::parse(&row.target_kind, row.target).map_err(ServiceError::Stored)?,
        queued: row.queued_at,
        started: row.started_at,
        finished: row.finished_at,
        progress,
        files: row.files.map(count),
        bytes: row.bytes.map(count),
        skipped: row.skipped.map(count),
        warnings: row.warnings.0,
        cause: row.cause.map(|cause| cause.to_string()),
        created_by: row.created_by.unwrap_or_default(),
        cancel_requested: row.cancel_requested,
    })
}

fn subject<'a>(row: &'a restore::Model, project: &project::Model) -> Subject<'a> {
    Subject { kind: "restore", id: row.id, name: &row.name, ..projects::subject(project) }
}

fn tab(project: i64) -> String {
    format!("/projects/{project}/policies?tab=restores")
}
