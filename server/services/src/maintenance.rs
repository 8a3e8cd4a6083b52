//! Maintenance of repositories: what is known of them, and what people ask for.

use model::{
    form::Done,
    ids::{BackupId, MaintenanceId, ProjectId},
    maintenance::{
        DamagedBackup, Health, MaintenanceKind, MaintenancePhase, MaintenanceRef, MaintenanceRow, RepositoryState,
        RepositoryView, VerifyForm,
    },
    permission::Action,
    project::ProjectRef,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use crate::{
    acting::Acting,
    audit::Deed,
    clock::Clock,
    context::Services,
    database,
    entity::{backup, maintenance, repository},
    error::{Refusal, ServiceError},
    organizations,
    progress::{RunConflict, count, progress},
    projects,
    repositories::{self, RepositoryConflict},
    runs::maintenance_due,
    sentence::{CANCELLED_BY_A_PERSON, Sentence},
    wake,
};

const MAINTENANCE_REQUESTED: Deed = Deed::new("maintenance of repository requested");
const MAINTENANCE_CANCELLED: Deed = Deed::new("maintenance of repository cancelled");

/// Why a maintenance cannot be queued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MaintenanceConflict {
    #[error("{}", tr!("A {} of this repository is waiting or working already", tr!(.kind)))]
    MaintenanceAlreadyQueued { kind: &'static str },
    #[error("{}", tr!("There is no damaged file to repair. Verify the repository first"))]
    NothingToRepair,
}

impl Refusal for MaintenanceConflict {}

/// Most runs that are listed.
const LISTED: u64 = 25;

/// Most damaged backups that are listed.
const LISTED_BACKUPS: u64 = 100;

/// What is known of a project's repository, and what was done to it lately.
pub async fn get(acting: &Acting, services: &Services, id: ProjectId) -> Result<RepositoryView, ServiceError> {
    let db = services.db();
    let (project, home) = projects::find(acting, db, Action::SeeProjects, id).await?;
    let repository = match repositories::of_project(db, project.id).await? {
        Some(in_use) => Some(state(db, services, in_use.repository).await?),
        None => None,
    };
    let runs = maintenance::Entity::find()
        .filter(maintenance::Column::ProjectId.eq(project.id))
        .order_by_desc(maintenance::Column::Id)
        .limit(LISTED)
        .all(db)
        .await?;
    Ok(RepositoryView {
        project: id,
        repository,
        runs: runs.into_iter().map(|row| view(services.clock(), row)).collect(),
        may_manage: acting.may(Action::ManageProjects, organizations::owner(&home)).is_ok(),
    })
}

/// How many backups of a repository are marked for deletion, and what they added to it.
async fn waiting(db: &impl ConnectionTrait, repository: i64) -> Result<(u64, u64), DbErr> {
    let found: Option<(i64, Option<i64>)> = backup::Entity::find()
        .select_only()
        .column_as(backup::Column::Id.count(), "count")
        .column_as(Expr::col(backup::Column::AddedBytes).sum().cast_as("BIGINT"), "added")
        .filter(backup::Column::RepositoryId.eq(repository))
        .filter(backup::Column::DeleteAfter.is_not_null())
        .into_tuple()
        .one(db)
        .await?;
    let (backups, added) = found.unwrap_or_default();
    Ok((count(backups), count(added.unwrap_or_default())))
}

async fn state(
    db: &impl ConnectionTrait,
    services: &Services,
    row: repository::Model,
) -> Result<RepositoryState, ServiceError> {
    let damaged_backups = backup::Entity::find()
        .filter(backup::Column::RepositoryId.eq(row.id))
        .filter(backup::Column::Damaged.eq(true))
        .order_by_desc(backup::Column::Id)
        .limit(LISTED_BACKUPS)
        .all(db)
        .await?;
    let (waiting, waiting_added) = waiting(db, row.id).await?;
    Ok(RepositoryState {
        health: Health::of(row.verified_at, row.damaged_at),
        stored: row.stored_bytes.map(count),
        unused: row.unused_bytes.map(count),
        keeps_versions: row.keeps_versions,
        noncurrent: row.noncurrent_bytes.map(count),
        waiting,
        waiting_added,
        pruned: row.pruned_at,
        prune_due: row.prune_due_at,
        verified: row.verified_at,
        verify_due: row.verify_due_at,
        weeks: services.config().verification_weeks,
        damaged: row.damage.0,
        damaged_backups: damaged_backups
            .into_iter()
            .map(|row| DamagedBackup { id: BackupId(row.id), name: row.name })
            .collect(),
    })
}

pub(crate) fn view(clock: &Clock, row: maintenance::Model) -> MaintenanceRow {
    let progress = progress(clock, row.started_at, (&row).into());
    MaintenanceRow {
        id: MaintenanceId(row.id),
        kind: row.kind,
        phase: row.phase,
        queued: row.queued_at,
        started: row.started_at,
        finished: row.finished_at,
        progress,
        whole: row.whole,
        outcome: row.outcome.map(|outcome| outcome.to_string()),
        cause: row.cause.map(|cause| cause.to_string()),
        created_by: row.created_by,
        cancel_requested: row.cancel_requested,
    }
}

/// Queues a verification: of the next part, or of everything. What is known to be damaged is always read whole.
pub async fn verify(acting: &Acting, services: &Services, form: &VerifyForm) -> Result<Done, ServiceError> {
    let id = form.project().map_err(|_| ServiceError::NotFound)?;
    ask(acting, services, id, (MaintenanceKind::Verification, form.whole.0)).await
}

/// Queues a prune.
pub async fn prune(acting: &Acting, services: &Services, form: &ProjectRef) -> Result<Done, ServiceError> {
    let id = form.project().map_err(|_| ServiceError::NotFound)?;
    ask(acting, services, id, (MaintenanceKind::Prune, false)).await
}

/// Queues a repair of what is damaged.
pub async fn repair(acting: &Acting, services: &Services, form: &ProjectRef) -> Result<Done, ServiceError> {
    let id = form.project().map_err(|_| ServiceError::NotFound)?;
    ask(acting, services, id, (MaintenanceKind::Repair, false)).await
}

async fn ask(
    acting: &Acting,
    services: &Services,
    id: ProjectId,
    what: (MaintenanceKind, bool),
) -> Result<Done, ServiceError> {
    database::again_after_deadlock(|| ask_once(acting, services, id, what)).await
}

async fn ask_once(
    acting: &Acting,
    services: &Services,
    id: ProjectId,
    (kind, whole): (MaintenanceKind, bool),
) -> Result<Done, ServiceError> {
    let now = services.clock().now();
    let tx = services.write().await?;
    let (project, _) = projects::find(acting, &tx, Action::ManageProjects, id).await?;
    let repository =
        repositories::of_project(&tx, project.id).await?.ok_or(RepositoryConflict::BackupDisabled)?.repository;
    if kind == MaintenanceKind::Repair && repository.damage.0.is_empty() {
        return Err(MaintenanceConflict::NothingToRepair.into());
    }
    let whole = whole || (kind == MaintenanceKind::Verification && repository.damaged_at.is_some());
    let created_by = Some(acting.actor.email.clone());
    if !maintenance_due::insert(&tx, &repository, kind, (whole, created_by), now).await? {
        return Err(MaintenanceConflict::MaintenanceAlreadyQueued { kind: maintenance_due::in_words(kind) }.into());
    }
    maintenance_due::record(&tx, acting, services, MAINTENANCE_REQUESTED, (&project, kind)).await?;
    tx.commit().await?;
    wake::one(services).await;
    let message = match kind {
        MaintenanceKind::Prune => tr!("Cleaning up queued"),
        MaintenanceKind::Verification => tr!("Verification queued"),
        MaintenanceKind::Repair => tr!("Repair queued"),
    };
    Ok(Done::new(message, page(project.id)))
}

/// Takes a waiting maintenance out of the queue, or asks a running one to stop; that one ends within seconds.
pub async fn cancel(acting: &Acting, services: &Services, form: &MaintenanceRef) -> Result<Done, ServiceError> {
    let id = form.maintenance().map_err(|_| ServiceError::NotFound)?;
    let tx = services.write().await?;
    let row = maintenance::Entity::find_by_id(id.0).one(&tx).await?.ok_or(ServiceError::NotFound)?;
    let (project, _) = projects::find(acting, &tx, Action::ManageProjects, ProjectId(row.project_id)).await?;
    let kind = row.kind;
    let word = maintenance_due::in_words(kind);
    let mut change = row.clone().into_active_model();
    let message = match row.phase {
        MaintenancePhase::InProgress => {
            change.cancel_requested = Set(true);
            // Also where it was to make way only.
            change.yields = Set(false);
            tr!("The {} is being cancelled", tr!(word))
        }
        MaintenancePhase::Queued => {
            change.phase = Set(MaintenancePhase::Cancelled);
            change.finished_at = Set(Some(services.clock().now()));
            change.cause = Set(Some(Sentence::said(CANCELLED_BY_A_PERSON)));
            tr!("The {} is cancelled", tr!(word))
        }
        _ => return Err(RunConflict::AlreadyEnded.into()),
    };
    change.update(&tx).await?;
    maintenance_due::record(&tx, acting, services, MAINTENANCE_CANCELLED, (&project, kind)).await?;
    tx.commit().await?;
    Ok(Done::new(message, page(project.id)))
}

fn page(project: i64) -> String {
    format!("/projects/{project}/repository")
}
