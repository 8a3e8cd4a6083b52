//! What needs attention: a few of each kind of trouble, and how many there are.

use chrono::{DateTime, Utc};
use model::{
    backup::BackupPhase,
    dashboard::{Again, Attention, MOST_SHOWN, Trouble, TroubleCount},
    ids::{ProjectId, RemovalId},
    standing::{Standing, Standings},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};

use super::Scope;
use crate::{
    entity::{backup, backup_credential, policy, project, removal, repository},
    runs::clock_watch,
    sentence::Sentence,
    standing,
};

type Found = Result<(Vec<Attention>, TroubleCount), DbErr>;

/// The worst first.
pub async fn all(
    db: &impl ConnectionTrait,
    scope: &Scope,
    standings: &Standings,
    now: DateTime<Utc>,
) -> Result<(Vec<Attention>, Vec<TroubleCount>), DbErr> {
    let mut found = vec![clocks(db, scope).await?, failing(db, scope).await?];
    for (standing, count) in standings.unprotected().filter(|(standing, _)| standing.needs_attention()) {
        found.push(match standing {
            // One alarm for all projects that wait for it.
            Standing::Blocked => locked(db, scope).await?,
            _ => of_standing(db, scope, (standing, count), now).await?,
        });
    }
    found.push(removals(db, scope).await?);
    let (items, counts): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    Ok((items.concat(), counts.into_iter().filter(|of| of.count > 0).collect()))
}

/// Nodes whose clock is in doubt: until that ends nothing is deleted.
async fn clocks(db: &impl ConnectionTrait, scope: &Scope) -> Found {
    let items = if scope.manages { clock_watch::attention(db).await? } else { Vec::new() };
    let count = TroubleCount { trouble: Trouble::ClockInDoubt, count: items.len() as u64 };
    Ok((items, count))
}

/// Removals of deleted projects' backups that have failed.
async fn removals(db: &impl ConnectionTrait, scope: &Scope) -> Found {
    let trouble = Trouble::RemovalFails;
    let failed = removal::Entity::find()
        .filter(removal::Column::OrganizationId.is_in(scope.ids()))
        .filter(removal::Column::Cause.is_not_null());
    let count = if scope.manages { failed.clone().count(db).await? } else { 0 };
    let rows =
        if count > 0 { failed.order_by_asc(removal::Column::Id).limit(MOST_SHOWN).all(db).await? } else { vec![] };
    let item = |row: removal::Model| Attention {
        trouble,
        name: row.project_name,
        organization: scope.name(row.organization_id),
        detail: tr!(
            "Its backups are still in the bucket {}: {}",
            row.bucket,
            row.cause.map(|cause| cause.to_string()).unwrap_or_default().trim_end_matches('.'),
        ),
        at: None,
        project: None,
        again: Some(Again { removal: RemovalId(row.id), at: row.not_before }),
    };
    Ok((rows.into_iter().map(item).collect(), TroubleCount { trouble, count }))
}

/// Projects that stand so. `count` is how many there are.
async fn of_standing(
    db: &impl ConnectionTrait,
    scope: &Scope,
    (standing, count): (Standing, u64),
    now: DateTime<Utc>,
) -> Found {
    let trouble = Trouble::Project(standing);
    let rows = project::Entity::living()
        .filter(project::Column::OrganizationId.is_in(scope.ids()))
        .filter(standing::standing(now).eq(standing.as_str()))
        .order_by_asc(project::Column::Name)
        .order_by_asc(project::Column::Id)
        .limit(MOST_SHOWN)
        .all(db)
        .await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let (detail, at) = reason(db, &row, standing, now).await?;
        items.push(Attention { detail, at, ..of_project(scope, trouble, row) });
    }
    Ok((items, TroubleCount { trouble, count }))
}

/// Why a project stands so, and since when.
async fn reason(
    db: &impl ConnectionTrait,
    row: &project::Model,
    standing: Standing,
    now: DateTime<Utc>,
) -> Result<(String, Option<DateTime<Utc>>), DbErr> {
    Ok(match standing {
        Standing::Damaged => damage(db, row).await?,
        Standing::Failed | Standing::Incomplete => last_run(db, row).await?,
        Standing::Overdue => {
            let overdue = policy::Entity::living()
                .filter(policy::Column::ProjectId.eq(row.id))
                .filter(policy::Column::Paused.eq(false))
                .filter(policy::Column::OverdueAt.lte(now))
                .order_by_asc(policy::Column::OverdueAt)
                .one(db)
                .await?;
            overdue.map(|policy| (tr!("Policy {}", policy.name), policy.overdue_at)).unwrap_or_default()
        }
        Standing::Waiting if has_policy(db, row).await? => {
            (tr!("Backup is on, and its first backup has not finished yet."), None)
        }
        Standing::Waiting => (tr!("Backup is on, but no policy says when."), None),
        Standing::Unscheduled if has_policy(db, row).await? => (tr!("Its policies are paused."), None),
        Standing::Unscheduled => (tr!("It has no policy any more."), None),
        Standing::Blocked | Standing::Off | Standing::Protected => (String::new(), None),
    })
}

async fn has_policy(db: &impl ConnectionTrait, row: &project::Model) -> Result<bool, DbErr> {
    Ok(policy::Entity::living().filter(policy::Column::ProjectId.eq(row.id)).count(db).await? > 0)
}

async fn damage(db: &impl ConnectionTrait, row: &project::Model) -> Result<(String, Option<DateTime<Utc>>), DbErr> {
    let damaged = repository::Entity::find()
        .filter(repository::Column::ProjectId.eq(row.id))
        .filter(repository::Column::BackupCredentialId.is_not_null())
        .one(db)
        .await?;
    let told =
        |row: repository::Model| (tr!("{n} damaged file" | "{n} damaged files" % row.damage.0.len()), row.damaged_at);
    Ok(damaged.map(told).unwrap_or_default())
}

async fn last_run(db: &impl ConnectionTrait, row: &project::Model) -> Result<(String, Option<DateTime<Utc>>), DbErr> {
    let last = backup::Entity::find()
        .filter(backup::Column::ProjectId.eq(row.id))
        .filter(backup::Column::Phase.is_in([
            BackupPhase::Failed,
            BackupPhase::PartiallyFailed,
            BackupPhase::Cancelled,
        ]))
        .filter(backup::Column::DeleteAfter.is_null())
        .order_by_desc(backup::Column::Id)
        .one(db)
        .await?;
    let told = |last: backup::Model| {
        let detail = match last.phase {
            BackupPhase::Cancelled => tr!("The last run was cancelled."),
            _ => last.cause.map(|cause| cause.to_string()).unwrap_or_default(),
        };
        (detail, Some(last.finished_at.unwrap_or(last.queued_at)))
    };
    Ok(last.map(told).unwrap_or_default())
}

fn of_project(scope: &Scope, trouble: Trouble, row: project::Model) -> Attention {
    Attention {
        trouble,
        name: row.name,
        organization: scope.name(row.organization_id),
        detail: String::new(),
        at: None,
        project: Some(ProjectId(row.id)),
        again: None,
    }
}

/// Credentials in use whose keys do not work: one alarm for all of their projects.
async fn failing(db: &impl ConnectionTrait, scope: &Scope) -> Found {
    let failing = backup_credential::Column::CheckFailure.is_not_null();
    of_credentials(db, scope, Trouble::CredentialFails, failing).await
}

/// Locked credentials that projects are to be backed up with.
async fn locked(db: &impl ConnectionTrait, scope: &Scope) -> Found {
    of_credentials(db, scope, Trouble::CredentialLocked, backup_credential::Column::Locked.eq(true)).await
}

async fn of_credentials(db: &impl ConnectionTrait, scope: &Scope, trouble: Trouble, which: Expr) -> Found {
    let living = project::Entity::living().select_only().column(project::Column::Id).into_query();
    let rows: Vec<(i64, i64, String, Option<Sentence>, i64)> = repository::Entity::find()
        .inner_join(backup_credential::Entity)
        .select_only()
        .column(backup_credential::Column::Id)
        .column(backup_credential::Column::OrganizationId)
        .column(backup_credential::Column::S3Name)
        .column(backup_credential::Column::CheckFailure)
        .column_as(Expr::col((repository::Entity, repository::Column::Id)).count(), "projects")
        .filter(which)
        .filter(backup_credential::Column::OrganizationId.is_in(scope.ids()))
        .filter(repository::Column::ProjectId.in_subquery(living))
        .group_by(backup_credential::Column::Id)
        .group_by(backup_credential::Column::OrganizationId)
        .group_by(backup_credential::Column::S3Name)
        .group_by(backup_credential::Column::CheckFailure)
        .order_by_asc(backup_credential::Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    let count = rows.len() as u64;
    let item = |(_, organization, name, failure, projects): (i64, i64, String, Option<Sentence>, i64)| {
        let concerned =
            tr!("{n} project cannot be backed up with it" | "{n} projects cannot be backed up with it" % projects);
        Attention {
            trouble,
            name,
            organization: scope.name(organization),
            detail: match failure {
                Some(failure) if trouble == Trouble::CredentialFails => format!("{failure}. {concerned}"),
                _ => concerned,
            },
            at: None,
            project: None,
            again: None,
        }
    };
    let shown = rows.into_iter().take(usize::try_from(MOST_SHOWN).unwrap_or_default());
    Ok((shown.map(item).collect(), TroubleCount { trouble, count }))
}
