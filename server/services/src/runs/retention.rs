//! Retention: which backups may go.
//!
//! The rules are those of the policy that a backup was made for, also when it is deleted: then it stays, unseen, until its
//! last backup is gone. Policies are looked at batch by batch, each in a transaction of its own, so that what is wrong with
//! one keeps no other from being tidied.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    backup::{BackupPhase, RestorePhase},
    schedule::TimeZone,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait, SelectStatement},
};

use super::queue;
use crate::{
    context::Services,
    entity::{
        backup::{self, Column},
        policy, project, repository, restore,
    },
    schedule,
    sentence::Sentence,
};

const WITH_SNAPSHOT: [BackupPhase; 2] = [BackupPhase::Completed, BackupPhase::PartiallyFailed];

const WITHOUT_DATA: [BackupPhase; 3] = [BackupPhase::Failed, BackupPhase::Cancelled, BackupPhase::Skipped];

/// Policies that one transaction looks at.
const BATCH: usize = 100;

/// Rows that one statement names. Databases bound how many values a statement may have.
const MOST_NAMED: usize = 500;

/// Marks for deletion what has reached its end, and removes the records of runs that left nothing in the bucket, and of
/// deleted policies that have no backup any more. Returns how many backups there were.
///
/// The newest backup of a policy stays whatever its age, and so do those that its counts keep, those that are kept on
/// purpose, those before an unusual one that nobody has acknowledged, and one that is being restored. One in a repository
/// that is not in use stays too, since it cannot be reached.
pub async fn expire(services: &Services, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let mut expired = remove_without_data(services.db(), now).await?;
    let (policies, former) = with_something_due(services.db(), now).await?;
    for batch in policies.chunks(BATCH) {
        let of_these = Condition::all().add(Column::PolicyId.is_in(batch.iter().copied()));
        expired += counted(expire_of(services, of_these, now).await);
    }
    for batch in former.chunks(BATCH) {
        let of_these =
            Condition::all().add(Column::PolicyId.is_null()).add(Column::RepositoryId.is_in(batch.iter().copied()));
        expired += counted(expire_of(services, of_these, now).await);
    }
    remove_deleted_policies(services.db(), now).await?;
    Ok(expired)
}

/// A batch that failed is tried again at the next turn, and keeps no other waiting.
fn counted(batch: Result<u64, DbErr>) -> u64 {
    batch.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "retention failed for some policies");
        0
    })
}

/// The backups of `policy` that would be marked now.
pub async fn due_of(
    db: &impl ConnectionTrait,
    policy: &policy::Model,
    now: DateTime<Utc>,
) -> Result<HashSet<i64>, DbErr> {
    let rows = looked_at(Condition::all().add(Column::PolicyId.eq(policy.id))).into_model::<Row>().all(db).await?;
    // As the policy says now, which the rows may not know yet.
    let of_policy = |row: Row| Row { expires_at: Some(row.end_by(policy)), ..row };
    let rows: Vec<Row> = rows.into_iter().map(of_policy).collect();
    Ok(due(&rows, Some(policy), now).into_iter().collect())
}

/// Gives a policy's retention period to all its backups: those that are there, and those that wait or run.
pub async fn follow_policy(db: &impl ConnectionTrait, policy: &policy::Model) -> Result<(), DbErr> {
    backup::Entity::update_many()
        .col_expr(Column::RetentionSeconds, Expr::value(policy.retention_seconds))
        .filter(Column::PolicyId.eq(policy.id))
        .exec(db)
        .await?;
    let rows = looked_at(Condition::all().add(Column::PolicyId.eq(policy.id))).into_model::<Row>().all(db).await?;
    for rows in rows.chunks(MOST_NAMED) {
        let mut end = sea_orm::sea_query::CaseStatement::new();
        for row in rows {
            end = end.case(Column::Id.eq(row.id), Expr::value(row.end_by(policy)));
        }
        backup::Entity::update_many()
            .col_expr(Column::ExpiresAt, end.finally(Expr::col(Column::ExpiresAt)).into())
            .filter(Column::Id.is_in(rows.iter().map(|row| row.id)))
            .exec(db)
            .await?;
    }
    Ok(())
}

/// What decides about a backup.
#[derive(Clone, Debug, FromQueryResult)]
struct Row {
    id: i64,
    policy_id: Option<i64>,
    repository_id: i64,
    policy_name: Option<String>,
    phase: BackupPhase,
    queued_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    kept_at: Option<DateTime<Utc>>,
    unusual: Option<Sentence>,
    acknowledged_at: Option<DateTime<Utc>>,
    damaged: bool,
}

/// Whose rules decide. Earlier versions forgot a deleted policy; what is left of it is its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Group {
    Policy(i64),
    Former { repository: i64, policy: Option<String> },
}

impl Row {
    fn group(&self) -> Group {
        self.policy_id.map_or_else(
            || Group::Former { repository: self.repository_id, policy: self.policy_name.clone() },
            Group::Policy,
        )
    }

    /// When it may go by what the policy says now.
    fn end_by(&self, policy: &policy::Model) -> DateTime<Utc> {
        let ended = self.finished_at.or(self.started_at).unwrap_or(self.queued_at);
        queue::expiry(ended, policy.retention_seconds)
    }

    const fn is_doubtful(&self) -> bool {
        self.unusual.is_some() && self.acknowledged_at.is_none()
    }
}

/// The backups that are there to be kept, of some policies, from the newest to the oldest. Their ids tell which is newer
/// whatever the clock said.
fn looked_at(of: Condition) -> Select<backup::Entity> {
    backup::Entity::find()
        .select_only()
        .columns([
            Column::Id,
            Column::PolicyId,
            Column::RepositoryId,
            Column::PolicyName,
            Column::Phase,
            Column::QueuedAt,
            Column::StartedAt,
            Column::FinishedAt,
            Column::ExpiresAt,
            Column::KeptAt,
            Column::Unusual,
            Column::AcknowledgedAt,
            Column::Damaged,
        ])
        .filter(of)
        .filter(Column::Phase.is_in(WITH_SNAPSHOT))
        .filter(Column::DeleteAfter.is_null())
        .order_by_desc(Column::Id)
}

/// What a backup must be to be marked.
fn may_be_marked(now: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(Column::ExpiresAt.lte(now))
        .add(Column::DeleteAfter.is_null())
        .add(Column::KeptAt.is_null())
        .add(Column::Phase.is_in(WITH_SNAPSHOT))
        .add(Column::RepositoryId.in_subquery(reachable()))
}

/// Repositories in use: others cannot be reached. While a project is deleted and can be taken back, all that it has stays
/// as it is.
pub fn reachable() -> SelectStatement {
    repository::Entity::find()
        .inner_join(project::Entity)
        .filter(project::Column::DeleteAfter.is_null())
        .select_only()
        .column(repository::Column::Id)
        .filter(repository::Column::BackupCredentialId.is_not_null())
        .into_query()
}

/// Backups that a restore needs.
pub fn being_restored() -> SelectStatement {
    restore::Entity::find()
        .select_only()
        .column(restore::Column::BackupId)
        .filter(restore::Column::Phase.is_in([RestorePhase::Queued, RestorePhase::InProgress]))
        .into_query()
}

/// The policies with a backup past its end, and the repositories with one of a policy that is not known any more.
async fn with_something_due(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(Vec<i64>, Vec<i64>), DbErr> {
    let due = || backup::Entity::find().select_only().filter(may_be_marked(now)).distinct();
    let policies = due().column(Column::PolicyId).filter(Column::PolicyId.is_not_null());
    let former = due().column(Column::RepositoryId).filter(Column::PolicyId.is_null());
    Ok((policies.into_tuple().all(db).await?, former.into_tuple().all(db).await?))
}

async fn expire_of(services: &Services, of: Condition, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let tx = services.write().await?;
    let rows = looked_at(of).into_model::<Row>().all(&tx).await?;
    let policies = locked(&tx, &rows).await?;
    let mut groups: HashMap<Group, Vec<Row>> = HashMap::new();
    for row in rows {
        groups.entry(row.group()).or_default().push(row);
    }
    let due = groups.iter().flat_map(|(group, rows)| {
        let policy = if let Group::Policy(id) = group { policies.get(id) } else { None };
        due(rows, policy, now)
    });
    let marked = mark(&tx, services, &due.collect::<Vec<_>>(), now).await?;
    tx.commit().await?;
    Ok(marked)
}

/// The policies of these backups, held until the transaction ends, so that nobody changes their rules, or takes the newest
/// backup of one, meanwhile.
async fn locked(tx: &DatabaseTransaction, rows: &[Row]) -> Result<HashMap<i64, policy::Model>, DbErr> {
    let ids: HashSet<i64> = rows.iter().filter_map(|row| row.policy_id).collect();
    let policies = policy::Entity::find()
        .filter(policy::Column::Id.is_in(ids))
        .order_by_asc(policy::Column::Id)
        .lock_exclusive()
        .all(tx)
        .await?;
    Ok(policies.into_iter().map(|policy| (policy.id, policy)).collect())
}

/// Which of a policy's backups, given from the newest to the oldest, may go.
fn due(rows: &[Row], policy: Option<&policy::Model>, now: DateTime<Utc>) -> Vec<i64> {
    let times: Vec<_> = rows.iter().map(|row| row.started_at.unwrap_or(row.queued_at)).collect();
    let counted = policy.map(|policy| {
        let zone = TimeZone::parse(&policy.time_zone).unwrap_or(TimeZone::UTC);
        schedule::keep(policy).kept(&times, zone)
    });
    let newest_complete = rows.iter().position(|row| row.phase == BackupPhase::Completed);
    let newest_sound = rows.iter().position(|row| row.phase == BackupPhase::Completed && !row.damaged);
    // What came before it may be all that is left of what it lacks.
    let newest_doubtful = rows.iter().position(Row::is_doubtful);
    let stays = |index: usize, row: &Row| {
        index == 0
            || Some(index) == newest_complete
            || Some(index) == newest_sound
            || newest_doubtful.is_some_and(|doubtful| index > doubtful)
            || counted.as_ref().is_some_and(|counted| counted[index])
            || row.kept_at.is_some()
            || row.expires_at.is_none_or(|end| end > now)
    };
    rows.iter().enumerate().filter(|(index, row)| !stays(*index, row)).map(|(_, row)| row.id).collect()
}

async fn mark(tx: &DatabaseTransaction, services: &Services, ids: &[i64], now: DateTime<Utc>) -> Result<u64, DbErr> {
    let mut marked = 0;
    for ids in ids.chunks(MOST_NAMED) {
        let update = backup::Entity::update_many()
            .col_expr(Column::DeleteAfter, Expr::value(services.deletion_time(now)))
            .filter(Column::Id.is_in(ids.iter().copied()))
            .filter(may_be_marked(now))
            .filter(Column::Id.not_in_subquery(being_restored()));
        marked += update.exec(tx).await?.rows_affected;
    }
    Ok(marked)
}

/// What left nothing in the bucket.
async fn remove_without_data(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let removed = backup::Entity::delete_many()
        .filter(Column::ExpiresAt.lte(now))
        .filter(Column::Phase.is_in(WITHOUT_DATA))
        .filter(Column::Snapshot.is_null())
        .filter(Column::RetryAt.is_null())
        .exec(db)
        .await?;
    Ok(removed.rows_affected)
}

/// Deleted policies without backups go for good as soon as nobody is likely to take them back any more.
async fn remove_deleted_policies(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    const CAN_BE_UNDONE: TimeDelta = TimeDelta::hours(1);
    let needed = backup::Entity::find()
        .select_only()
        .expr(Expr::val(1))
        .filter(Expr::col((backup::Entity, Column::PolicyId)).equals((policy::Entity, policy::Column::Id)))
        .into_query();
    policy::Entity::delete_many()
        .filter(policy::Column::DeletedAt.lte(now - CAN_BE_UNDONE))
        .filter(Expr::exists(needed).not())
        .exec(db)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use model::keep::KeepCounts;

    use super::*;

    const HOUR: i64 = 3600;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + hour * HOUR, 0).unwrap()
    }

    /// Completed at that hour, past its end an hour later.
    fn row(id: i64) -> Row {
        Row {
            id,
            policy_id: Some(1),
            repository_id: 1,
            policy_name: None,
            phase: BackupPhase::Completed,
            queued_at: at(id),
            started_at: Some(at(id)),
            finished_at: Some(at(id)),
            expires_at: Some(at(id + 1)),
            kept_at: None,
            unusual: None,
            acknowledged_at: None,
            damaged: false,
        }
    }

    fn policy(keep: KeepCounts) -> policy::Model {
        policy::Model {
            id: 1,
            project_id: 1,
            name: "hourly".to_owned(),
            cron: "0 * * * *".to_owned(),
            time_zone: "UTC".to_owned(),
            retention_seconds: HOUR,
            include: crate::entity::TextList::default(),
            exclude: crate::entity::TextList::default(),
            paused: false,
            next_run_at: None,
            created_by: String::new(),
            created_at: at(0),
            version: 1,
            modified_by: None,
            modified_at: None,
            keep_last: keep.last.into(),
            keep_hourly: keep.hourly.into(),
            keep_daily: keep.daily.into(),
            keep_weekly: keep.weekly.into(),
            keep_monthly: keep.monthly.into(),
            keep_yearly: keep.yearly.into(),
            ping_url_sealed: None,
            overdue_at: None,
            overdue_told_at: None,
            deleted_at: None,
            deleted_by: None,
            unusual_below: 50,
            source_options: crate::entity::StoredOptions::default(),
        }
    }

    /// Newest first.
    fn rows(change: impl Fn(&mut Row)) -> Vec<Row> {
        (1..=6)
            .rev()
            .map(row)
            .map(|mut row| {
                change(&mut row);
                row
            })
            .collect()
    }

    #[test]
    fn the_newest_stays_and_so_does_what_the_counts_keep() {
        assert_eq!(due(&rows(|_| {}), None, at(100)), [5, 4, 3, 2, 1]);
        let three = policy(KeepCounts { last: 3, ..KeepCounts::default() });
        assert_eq!(due(&rows(|_| {}), Some(&three), at(100)), [3, 2, 1]);
        assert_eq!(due(&rows(|_| {}), None, at(4)), [3, 2, 1], "the others have not reached their end");
    }

    #[test]
    fn a_newer_backup_that_is_incomplete_or_damaged_replaces_none_that_is_whole() {
        let incomplete = rows(|row| {
            if row.id > 4 {
                row.phase = BackupPhase::PartiallyFailed;
            }
        });
        assert_eq!(due(&incomplete, None, at(100)), [5, 3, 2, 1]);
        let damaged = rows(|row| row.damaged = row.id > 2);
        assert_eq!(due(&damaged, None, at(100)), [5, 4, 3, 1]);
        let none_complete = rows(|row| row.phase = BackupPhase::PartiallyFailed);
        assert_eq!(due(&none_complete, None, at(100)), [5, 4, 3, 2, 1]);
    }

    #[test]
    fn what_is_kept_on_purpose_stays_and_what_came_before_an_unusual_one() {
        let kept = rows(|row| {
            if row.id == 2 {
                row.kept_at = Some(at(50));
            }
        });
        assert_eq!(due(&kept, None, at(100)), [5, 4, 3, 1]);
        let unusual = rows(|row| {
            if row.id == 4 {
                row.unusual = Some(Sentence::new(String::new));
            }
        });
        assert_eq!(due(&unusual, None, at(100)), [5, 4], "it may go itself, and what came after it");
        let acknowledged = rows(|row| {
            row.unusual = Some(Sentence::new(String::new));
            row.acknowledged_at = Some(at(50));
        });
        assert_eq!(due(&acknowledged, None, at(100)), [5, 4, 3, 2, 1]);
    }

    #[test]
    fn a_clock_that_went_back_makes_no_older_backup_the_newest() {
        let back = rows(|row| {
            if row.id > 4 {
                row.started_at = Some(at(row.id - 1000));
                row.expires_at = row.started_at;
            }
        });
        assert_eq!(due(&back, None, at(100)), [5, 4, 3, 2, 1]);
    }
}
