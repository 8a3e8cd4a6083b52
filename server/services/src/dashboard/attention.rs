//! What needs attention: a few of each kind of trouble, and how many there are.

use chrono::{DateTime, Utc};
use model::{
    backup::BackupPhase,
    dashboard::{Attention, MOST_SHOWN, Trouble, TroubleCount},
    ids::ProjectId,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
    sea_query::{Expr, ExprTrait},
};

use super::{ByPhase, NOT_SHOWN, Scope, enabled, last_phase, subquery};
use crate::{
    entity::{backup, backup_credential, policy, project, repository},
    runs::clock_watch,
};

type Found = Result<(Vec<Attention>, TroubleCount), DbErr>;

/// The worst first.
pub async fn all(
    db: &impl ConnectionTrait,
    scope: &Scope,
    by_phase: &ByPhase,
    now: DateTime<Utc>,
) -> Result<(Vec<Attention>, Vec<TroubleCount>), DbErr> {
    // Counted once for all: each look at the newest run of every project takes a while.
    let count = |phase: Option<BackupPhase>| by_phase.get(&phase).copied().unwrap_or_default();
    let last = |trouble, phase| by_last_run(db, scope, (trouble, phase), count(Some(phase)));
    let found = [
        damaged(db, scope).await?,
        clocks(db, scope).await?,
        last(Trouble::Failed, BackupPhase::Failed).await?,
        overdue(db, scope, now).await?,
        locked(db, scope).await?,
        last(Trouble::PartiallyFailed, BackupPhase::PartiallyFailed).await?,
        never_backed_up(db, scope, count(None)).await?,
        last(Trouble::Missed, BackupPhase::Cancelled).await?,
        paused(db, scope).await?,
    ];
    let (items, counts): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    Ok((items.concat(), counts.into_iter().filter(|of| of.count > 0).collect()))
}

/// Nodes whose clock is in doubt: until that ends nothing is deleted.
async fn clocks(db: &impl ConnectionTrait, scope: &Scope) -> Found {
    let items = if scope.manages { clock_watch::attention(db).await? } else { Vec::new() };
    let count = TroubleCount { trouble: Trouble::ClockInDoubt, count: items.len() as u64 };
    Ok((items, count))
}

fn enabled_projects(scope: &Scope) -> Select<project::Entity> {
    project::Entity::living()
        .filter(project::Column::OrganizationId.is_in(scope.ids()))
        .filter(Condition::all().add(enabled()))
        .order_by_asc(project::Column::Name)
        .order_by_asc(project::Column::Id)
}

/// Projects in whose repository a verification found damage.
async fn damaged(db: &impl ConnectionTrait, scope: &Scope) -> Found {
    let trouble = Trouble::Damaged;
    let select = repository::Entity::find()
        .inner_join(project::Entity)
        .filter(project::Column::OrganizationId.is_in(scope.ids()))
        .filter(project::Column::DeleteAfter.is_null())
        .filter(repository::Column::BackupCredentialId.is_not_null())
        .filter(repository::Column::DamagedAt.is_not_null());
    let count = select.clone().count(db).await?;
    if count == 0 {
        return Ok((Vec::new(), TroubleCount { trouble, count }));
    }
    let rows = select
        .order_by_asc(repository::Column::DamagedAt)
        .order_by_asc(repository::Column::Id)
        .limit(MOST_SHOWN)
        .select_also(project::Entity)
        .all(db)
        .await?;
    let item = |(repository, project): (repository::Model, Option<project::Model>)| {
        let detail = tr!("{n} damaged file(s)" | "{n} damaged file(s)" % repository.damage.0.len());
        Some(Attention { detail, at: repository.damaged_at, ..of_project(scope, trouble, project?) })
    };
    Ok((rows.into_iter().filter_map(item).collect(), TroubleCount { trouble, count }))
}

/// Projects whose newest run ended in `phase`.
async fn by_last_run(
    db: &impl ConnectionTrait,
    scope: &Scope,
    (trouble, phase): (Trouble, BackupPhase),
    count: u64,
) -> Found {
    if count == 0 {
        return Ok((Vec::new(), TroubleCount { trouble, count }));
    }
    let select = enabled_projects(scope).filter(Condition::all().add(subquery(last_phase()).eq(phase.as_str())));
    let rows = select.limit(MOST_SHOWN).all(db).await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let last = backup::Entity::find()
            .filter(backup::Column::ProjectId.eq(row.id))
            .filter(backup::Column::Phase.is_not_in(NOT_SHOWN))
            .filter(backup::Column::DeleteAfter.is_null())
            .order_by_desc(backup::Column::Id)
            .one(db)
            .await?;
        let detail = last.as_ref().and_then(|last| last.cause.clone()).unwrap_or_default();
        let at = last.map(|last| last.finished_at.unwrap_or(last.queued_at));
        items.push(Attention { detail, at, ..of_project(scope, trouble, row) });
    }
    Ok((items, TroubleCount { trouble, count }))
}

fn of_project(scope: &Scope, trouble: Trouble, row: project::Model) -> Attention {
    Attention {
        trouble,
        name: row.name,
        organization: scope.name(row.organization_id),
        detail: String::new(),
        at: None,
        project: Some(ProjectId(row.id)),
    }
}

fn waiting(scope: &Scope) -> Select<project::Entity> {
    enabled_projects(scope).filter(Condition::all().add(subquery(last_phase()).is_null()))
}

async fn never_backed_up(db: &impl ConnectionTrait, scope: &Scope, count: u64) -> Found {
    let trouble = Trouble::NeverBackedUp;
    let rows = if count == 0 { Vec::new() } else { waiting(scope).limit(MOST_SHOWN).all(db).await? };
    let item = |row: project::Model| {
        let detail = tr!("Backup is on, but there is no backup yet");
        Attention { detail, ..of_project(scope, trouble, row) }
    };
    Ok((rows.into_iter().map(item).collect(), TroubleCount { trouble, count }))
}

fn policies(scope: &Scope) -> Select<policy::Entity> {
    policy::Entity::living()
        .inner_join(project::Entity)
        .filter(project::Column::OrganizationId.is_in(scope.ids()))
        .filter(project::Column::DeleteAfter.is_null())
}

async fn overdue(db: &impl ConnectionTrait, scope: &Scope, now: DateTime<Utc>) -> Found {
    let select = policies(scope)
        .filter(policy::Column::Paused.eq(false))
        .filter(policy::Column::OverdueAt.lte(now))
        .order_by_asc(policy::Column::OverdueAt);
    of_policies(db, scope, Trouble::Overdue, select).await
}

async fn paused(db: &impl ConnectionTrait, scope: &Scope) -> Found {
    let select = policies(scope).filter(policy::Column::Paused.eq(true)).order_by_asc(policy::Column::Id);
    of_policies(db, scope, Trouble::PolicyPaused, select).await
}

async fn of_policies(
    db: &impl ConnectionTrait,
    scope: &Scope,
    trouble: Trouble,
    select: Select<policy::Entity>,
) -> Found {
    let count = select.clone().count(db).await?;
    if count == 0 {
        return Ok((Vec::new(), TroubleCount { trouble, count }));
    }
    let rows = select.limit(MOST_SHOWN).select_also(project::Entity).all(db).await?;
    let item = |(policy, project): (policy::Model, Option<project::Model>)| {
        let (detail, at) = (tr!("Policy {}", policy.name), policy.overdue_at);
        Some(Attention { detail, at, ..of_project(scope, trouble, project?) })
    };
    Ok((rows.into_iter().filter_map(item).collect(), TroubleCount { trouble, count }))
}

/// Locked credentials that projects are to be backed up with.
async fn locked(db: &impl ConnectionTrait, scope: &Scope) -> Found {
    let rows: Vec<(i64, i64, String, i64)> = repository::Entity::find()
        .inner_join(backup_credential::Entity)
        .select_only()
        .column(backup_credential::Column::Id)
        .column(backup_credential::Column::OrganizationId)
        .column(backup_credential::Column::S3Name)
        .column_as(Expr::col((repository::Entity, repository::Column::Id)).count(), "projects")
        .filter(backup_credential::Column::Locked.eq(true))
        .filter(backup_credential::Column::OrganizationId.is_in(scope.ids()))
        .filter(repository::Column::ProjectId.is_not_null())
        .group_by(backup_credential::Column::Id)
        .group_by(backup_credential::Column::OrganizationId)
        .group_by(backup_credential::Column::S3Name)
        .order_by_asc(backup_credential::Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    let trouble = Trouble::CredentialLocked;
    let count = rows.len() as u64;
    let item = |(_, organization, name, projects): (i64, i64, String, i64)| Attention {
        trouble,
        name,
        organization: scope.name(organization),
        detail: tr!(
            "{n} project(s) cannot be backed up with it" | "{n} project(s) cannot be backed up with it" % projects
        ),
        at: None,
        project: None,
    };
    let shown = rows.into_iter().take(usize::try_from(MOST_SHOWN).unwrap_or_default());
    Ok((shown.map(item).collect(), TroubleCount { trouble, count }))
}
