//! What verifications found.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use engine::VerifyReport;
use model::{
    backup::BackupPhase,
    ids::{OrganizationId, RepositoryId},
    maintenance::{Damage, DamagedFile, DamagedKind},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, sea_query::Expr,
};

use crate::{
    audit::Deed,
    context::Services,
    entity::{DamageList, backup, maintenance, policy, project, repository},
    runs::{
        maintenance_due,
        queue::{self, Place},
        supervisor::stored,
    },
};

pub const DAMAGE_FOUND: Deed = Deed::new("damage found in repository");
const DAMAGE_GONE: Deed = Deed::new("repository sound again");

/// Most damaged files that are noted. A repair takes these; the verification after it finds the rest.
const MOST_NOTED: usize = 1000;

/// Writes down what a verification found. Returns what is new about it, for the audit log.
///
/// One that read a part only, and found nothing, does not clear damage that is known.
pub async fn note(
    db: &impl ConnectionTrait,
    before: &repository::Model,
    run: &maintenance::Model,
    report: &VerifyReport,
    now: DateTime<Utc>,
) -> Result<Option<Deed>, DbErr> {
    let lacking = flag_backups(db, before.id, run, report).await?;
    let found = !report.damaged.is_empty() || !report.incomplete.is_empty() || lacking;
    let clears = !found && (run.whole || before.damaged_at.is_none());
    let mut row = before.clone().into_active_model();
    row.verified_at = Set(Some(now));
    row.verify_due_at = Set(Some(maintenance_due::next_verification(now)));
    row.stored_bytes = Set(Some(stored(report.stored_bytes)));
    if !run.whole {
        row.verify_part = Set(before.verify_part.wrapping_add(1).max(0));
    }
    if found {
        row.damaged_at = Set(before.damaged_at.or(Some(now)));
        row.damage = Set(DamageList(report.damaged.iter().take(MOST_NOTED).map(from_engine).collect()));
    } else if clears {
        row.damaged_at = Set(None);
        row.damage = Set(DamageList::default());
    }
    row.update(db).await?;
    Ok(match (before.damaged_at, found) {
        (None, true) => Some(DAMAGE_FOUND),
        (Some(_), false) if clears => Some(DAMAGE_GONE),
        _ => None,
    })
}

/// Marks the backups that cannot be restored whole, and takes the mark from the others. Returns whether there are any.
async fn flag_backups(
    db: &impl ConnectionTrait,
    repository: i64,
    run: &maintenance::Model,
    report: &VerifyReport,
) -> Result<bool, DbErr> {
    let whole: HashSet<&str> = {
        let incomplete: HashSet<_> = report.incomplete.iter().collect();
        report.snapshots.iter().filter(|id| !incomplete.contains(id)).map(engine::SnapshotId::as_str).collect()
    };
    let with_snapshot = [BackupPhase::Completed, BackupPhase::PartiallyFailed];
    // One that ended later was not there to be looked at.
    let backups = backup::Entity::find()
        .filter(backup::Column::RepositoryId.eq(repository))
        .filter(backup::Column::Phase.is_in(with_snapshot))
        .filter(backup::Column::FinishedAt.lt(run.started_at))
        .all(db)
        .await?;
    let (sound, lacking): (Vec<_>, Vec<_>) =
        backups.into_iter().partition(|row| row.snapshot.as_deref().is_some_and(|id| whole.contains(id)));
    for (rows, damaged) in [(&sound, false), (&lacking, true)] {
        let changed: Vec<i64> = rows.iter().filter(|row| row.damaged != damaged).map(|row| row.id).collect();
        for ids in changed.chunks(500) {
            backup::Entity::update_many()
                .col_expr(backup::Column::Damaged, Expr::value(damaged))
                .filter(backup::Column::Id.is_in(ids.iter().copied()))
                .exec(db)
                .await?;
        }
    }
    Ok(!lacking.is_empty())
}

/// Queues a backup for each policy that is not paused: it stores again what the source still has.
pub async fn back_up_again(
    db: &impl ConnectionTrait,
    services: &Services,
    run: &maintenance::Model,
) -> Result<(), DbErr> {
    let Some(project) = project::Entity::find_by_id(run.project_id).one(db).await? else { return Ok(()) };
    let policies = policy::Entity::living()
        .filter(policy::Column::ProjectId.eq(project.id))
        .filter(policy::Column::Paused.eq(false))
        .order_by_asc(policy::Column::Id)
        .all(db)
        .await?;
    let by = run.created_by.as_deref().unwrap_or_default();
    let place =
        Place { organization: OrganizationId(project.organization_id), repository: RepositoryId(run.repository_id) };
    for policy in policies {
        queue::manual(db, services, &policy, place, by).await?;
    }
    Ok(())
}

fn from_engine(file: &engine::DamagedFile) -> DamagedFile {
    DamagedFile {
        kind: match file.kind {
            engine::DamagedKind::Pack => DamagedKind::Pack,
            engine::DamagedKind::Index => DamagedKind::Index,
            engine::DamagedKind::Snapshot => DamagedKind::Snapshot,
            engine::DamagedKind::Config => DamagedKind::Config,
            engine::DamagedKind::Key => DamagedKind::Key,
        },
        id: file.id.clone(),
        damage: match file.damage {
            engine::Damage::Missing => Damage::Missing,
            engine::Damage::Size => Damage::Size,
            engine::Damage::Content => Damage::Content,
        },
    }
}

pub fn to_engine(file: &DamagedFile) -> engine::DamagedFile {
    engine::DamagedFile {
        kind: match file.kind {
            DamagedKind::Pack => engine::DamagedKind::Pack,
            DamagedKind::Index => engine::DamagedKind::Index,
            DamagedKind::Snapshot => engine::DamagedKind::Snapshot,
            DamagedKind::Config => engine::DamagedKind::Config,
            DamagedKind::Key => engine::DamagedKind::Key,
        },
        id: file.id.clone(),
        damage: match file.damage {
            Damage::Missing => engine::Damage::Missing,
            Damage::Size => engine::Damage::Size,
            Damage::Content => engine::Damage::Content,
        },
    }
}
