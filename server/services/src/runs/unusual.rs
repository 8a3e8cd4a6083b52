//! Backups that differ much from those before them: a source that was not mounted, a directory that somebody emptied, data
//! that was encrypted by somebody else. Complete as they are, they must not outlive the good ones unseen.

use chrono::{DateTime, TimeDelta, Utc};
use model::{backup::BackupPhase, language::msgid, size};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult,
    IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

use super::backup_run::Taken;
use crate::{
    context::Services,
    entity::{
        backup::{self, Column},
        policy, project,
    },
    notifications::events,
    sentence::Sentence,
};

/// Backups that a new one is compared with.
const COMPARED: u64 = 5;

/// How many there must be before sizes are compared.
const FEWEST: usize = 3;

/// Below these a median says nothing.
const FEWEST_FILES: i64 = 10;
const FEWEST_BYTES: i64 = 1024 * 1024;

/// Additions are unusual above so many times their median, above so many bytes, and above this part of the whole.
const TIMES_ADDED: i64 = 5;
const MOST_ADDED: i64 = 100 * 1024 * 1024;
const PART_ADDED: i64 = 10;

/// How long retention waits before it is told that it does.
const PATIENT_FOR: TimeDelta = TimeDelta::days(7);

/// Backups that one turn reminds of.
const BATCH: u64 = 100;

/// What a backup came to.
#[derive(Clone, Copy, Debug, FromQueryResult)]
struct Amount {
    files: Option<i64>,
    bytes: Option<i64>,
    added_bytes: Option<i64>,
}

/// How a backup of a policy differs from those before it, in words; `None` where it does not.
pub async fn judge(db: &impl ConnectionTrait, row: &backup::Model, taken: &Taken) -> Result<Option<Sentence>, DbErr> {
    let Some(id) = row.policy_id else { return Ok(None) };
    let below = policy::Entity::find_by_id(id).one(db).await?.map_or(0, |policy| policy.unusual_below);
    if below == 0 {
        return Ok(None);
    }
    let trusted = Condition::any().add(Column::Unusual.is_null()).add(Column::AcknowledgedAt.is_not_null());
    let before = backup::Entity::find()
        .select_only()
        .columns([Column::Files, Column::Bytes, Column::AddedBytes])
        .filter(Column::PolicyId.eq(id))
        .filter(Column::Id.lt(row.id))
        .filter(Column::Phase.is_in([BackupPhase::Completed, BackupPhase::PartiallyFailed]))
        .filter(Column::DeleteAfter.is_null())
        .filter(trusted)
        .order_by_desc(Column::Id)
        .limit(COMPARED)
        .into_model()
        .all(db)
        .await?;
    let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let now = Compared { files: signed(taken.files), bytes: signed(taken.bytes), added: signed(taken.added_bytes) };
    if before.is_empty() {
        let project = project::Entity::find_by_id(row.project_id).one(db).await?;
        return Ok(first_difference(now, project.is_some_and(|project| project.source_had_files)));
    }
    Ok(difference(&before, now, i64::from(below)))
}

/// How a policy's first backup differs from what can be expected of it.
fn first_difference(now: Compared, source_had_files: bool) -> Option<Sentence> {
    let lacks_all = now.files == 0 && source_had_files;
    lacks_all.then(|| Sentence::said(msgid("It has no files, and the directory had some when the project was made")))
}

#[derive(Clone, Copy, Debug)]
struct Compared {
    files: i64,
    bytes: i64,
    added: i64,
}

/// `before` from the newest to the oldest; `below` in percent.
fn difference(before: &[Amount], now: Compared, below: i64) -> Option<Sentence> {
    let most_files = before.iter().filter_map(|amount| amount.files).max()?;
    if now.files == 0 && most_files > 0 {
        return Some(Sentence::new(|| tr!("It has no files, and one of those before it had {}", most_files)));
    }
    if before.len() < FEWEST {
        return None;
    }
    let few = |now: i64, median: i64| i128::from(now) * 100 < i128::from(median) * i128::from(below);
    let files = median(before.iter().filter_map(|amount| amount.files));
    if files >= FEWEST_FILES && few(now.files, files) {
        return Some(Sentence::new(|| tr!("It has {} files, and those before it had {}", now.files, files)));
    }
    let bytes = median(before.iter().filter_map(|amount| amount.bytes));
    if bytes >= FEWEST_BYTES && few(now.bytes, bytes) {
        return Some(Sentence::new(|| tr!("It has {}, and those before it had {}", words(now.bytes), words(bytes))));
    }
    let added = median(before.iter().filter_map(|amount| amount.added_bytes));
    let much =
        now.added > added.saturating_mul(TIMES_ADDED) && now.added > MOST_ADDED && now.added > now.bytes / PART_ADDED;
    much.then(|| {
        let told = || tr!("It added {} to the bucket, and those before it added {}", words(now.added), words(added));
        Sentence::new(told)
    })
}

fn words(bytes: i64) -> String {
    size::bytes(bytes.unsigned_abs())
}

/// The middle one; the lower of two.
fn median(values: impl Iterator<Item = i64>) -> i64 {
    let mut values: Vec<i64> = values.collect();
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// Tells once that retention has waited for long because an unusual backup was not acknowledged.
pub async fn remind(services: &Services, now: DateTime<Utc>) -> Result<(), DbErr> {
    let forgotten = backup::Entity::find()
        .filter(Column::Unusual.is_not_null())
        .filter(Column::AcknowledgedAt.is_null())
        .filter(Column::RemindedAt.is_null())
        .filter(Column::DeleteAfter.is_null())
        .filter(Column::FinishedAt.lt(now - PATIENT_FOR))
        .limit(BATCH);
    if forgotten.clone().limit(1).one(services.db()).await?.is_none() {
        return Ok(());
    }
    let tx = services.write().await?;
    for row in forgotten.lock_exclusive().all(&tx).await? {
        let words = row.unusual.as_ref().map(Sentence::in_english).unwrap_or_default();
        events::still_unusual(&tx, services, (&row, &words), now).await?;
        let mut change = row.into_active_model();
        change.reminded_at = Set(Some(now));
        change.update(&tx).await?;
    }
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: i64 = 1024 * 1024;

    fn before(count: usize, files: i64, bytes: i64, added: i64) -> Vec<Amount> {
        vec![Amount { files: Some(files), bytes: Some(bytes), added_bytes: Some(added) }; count]
    }

    fn differs(before: &[Amount], files: i64, bytes: i64, added: i64) -> bool {
        difference(before, Compared { files, bytes, added }, 50).is_some()
    }

    #[test]
    fn a_backup_without_files_is_unusual_where_one_before_had_some() {
        assert!(differs(&before(1, 100, 5, 0), 0, 0, 0));
        assert!(!differs(&before(5, 0, 0, 0), 0, 0, 0));
        assert!(!differs(&[], 0, 0, 0));
    }

    #[test]
    fn a_first_backup_without_files_is_unusual_where_the_source_had_some() {
        let now = |files| Compared { files, bytes: 0, added: 0 };
        assert!(first_difference(now(0), true).is_some());
        assert!(first_difference(now(0), false).is_none());
        assert!(first_difference(now(1), true).is_none());
    }

    #[test]
    fn from_the_fourth_on_less_than_half_of_the_median_is_unusual() {
        assert!(!differs(&before(2, 100, 10 * MIB, 0), 10, MIB, 0), "there are too few to compare with");
        assert!(differs(&before(3, 100, 10 * MIB, 0), 49, 10 * MIB, 0));
        assert!(!differs(&before(3, 100, 10 * MIB, 0), 50, 10 * MIB, 0));
        assert!(differs(&before(3, 100, 10 * MIB, 0), 100, 5 * MIB - 1, 0));
        assert!(!differs(&before(3, 9, 10 * MIB, 0), 1, 10 * MIB, 0), "few files say nothing");
        assert!(!differs(&before(3, 9, MIB - 1, 0), 9, 1, 0), "few bytes say nothing");
        let one_was_odd = [before(2, 100, 10 * MIB, 0), before(1, 1, 1, 0), before(2, 100, 10 * MIB, 0)].concat();
        assert!(differs(&one_was_odd, 40, 10 * MIB, 0));
    }

    #[test]
    fn much_more_than_usual_added_is_unusual() {
        let grown = |added| differs(&before(4, 100, 1000 * MIB, 10 * MIB), 100, 1000 * MIB, added);
        assert!(grown(101 * MIB));
        assert!(!grown(100 * MIB));
        assert!(!differs(&before(4, 100, 2000 * MIB, 10 * MIB), 100, 2000 * MIB, 150 * MIB), "a small part of it");
        assert!(!differs(&before(4, 100, 500 * MIB, 80 * MIB), 100, 500 * MIB, 200 * MIB), "it varies as much");
    }

    #[test]
    fn the_policy_says_how_much_less_is_unusual() {
        let now = Compared { files: 85, bytes: 10 * MIB, added: 0 };
        assert!(difference(&before(3, 100, 10 * MIB, 0), now, 90).is_some());
        assert!(difference(&before(3, 100, 10 * MIB, 0), now, 80).is_none());
    }
}
