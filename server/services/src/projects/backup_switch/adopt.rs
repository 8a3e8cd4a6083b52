//! The snapshots of a repository that another program or installation has made.

use std::collections::HashSet;

use engine::{Repository, SnapshotInfo};
use model::backup::BackupPhase;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use crate::{
    context::Services,
    entity::{StoredOptions, TextList, UnreadableList, backup, backup_credential, project, repository},
    error::ServiceError,
    repositories,
};

/// Rows that are inserted with one statement.
const BATCH: usize = 100;

/// All snapshots in a place.
pub async fn snapshots(
    services: &Services,
    place: &repository::Model,
    credential: &backup_credential::Model,
) -> Result<Vec<SnapshotInfo>, ServiceError> {
    let repository = Repository::open(repositories::config(services, place, credential)?).await?;
    Ok(repository.snapshots().await?)
}

/// Lists them as backups of no policy. No retention period is theirs, so they stay until somebody deletes them.
pub async fn list(
    db: &impl ConnectionTrait,
    project: &project::Model,
    place: &repository::Model,
    snapshots: Vec<SnapshotInfo>,
) -> Result<(), DbErr> {
    let known: Vec<Option<String>> = backup::Entity::find()
        .filter(backup::Column::RepositoryId.eq(place.id))
        .filter(backup::Column::Snapshot.is_not_null())
        .select_only()
        .column(backup::Column::Snapshot)
        .into_tuple()
        .all(db)
        .await?;
    let known: HashSet<_> = known.into_iter().flatten().collect();
    let new = snapshots.into_iter().filter(|snapshot| !known.contains(snapshot.id.as_str()));
    let rows: Vec<_> = new.map(|snapshot| row(project, place, snapshot)).collect();
    for rows in rows.chunks(BATCH) {
        backup::Entity::insert_many(rows.to_vec()).exec_without_returning(db).await?;
    }
    Ok(())
}

fn row(project: &project::Model, place: &repository::Model, snapshot: SnapshotInfo) -> backup::ActiveModel {
    let id = snapshot.id.as_str();
    // The time as in other backups' names; the id tells apart what was made in the same second.
    let name = format!("adopted-{}-{}", snapshot.time.format("%Y%m%d%H%M%S"), id.get(..8).unwrap_or(id));
    let counted = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    backup::ActiveModel {
        project_id: Set(project.id),
        organization_id: Set(project.organization_id),
        repository_id: Set(place.id),
        name: Set(name),
        phase: Set(BackupPhase::Completed),
        queued_at: Set(snapshot.time),
        started_at: Set(Some(snapshot.time)),
        finished_at: Set(Some(snapshot.time)),
        not_before: Set(snapshot.time),
        files: Set(snapshot.files.map(counted)),
        bytes: Set(snapshot.bytes.map(counted)),
        added_bytes: Set(snapshot.added_bytes.map(counted)),
        snapshot: Set(Some(id.to_owned())),
        include: Set(TextList::default()),
        exclude: Set(TextList::default()),
        source_options: Set(StoredOptions::default()),
        retention_seconds: Set(0),
        attempt: Set(1),
        unreadable: Set(UnreadableList::default()),
        changed: Set(TextList::default()),
        unmatched: Set(TextList::default()),
        ..Default::default()
    }
}
