//! The schedules, after the clock went back.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};

use crate::{
    context::Services,
    entity::{backup, policy},
    notifications::overdue,
    runs::due,
    schedule,
};

/// Policies that one transaction looks at. A short transaction lets others in between.
const BATCH: u64 = 100;

/// Times for which a backup is there, by policy.
type Taken = HashSet<(i64, DateTime<Utc>)>;

/// Computes the next time of every schedule anew, and where such times are passed over because a backup is there already,
/// queues one run at once. Returns how many there were.
///
/// A clock that is far behind will be set right, and by then everything would be overdue: so what was promised stays.
pub async fn all(services: &Services, now: DateTime<Utc>, far_behind: bool) -> Result<u64, DbErr> {
    let (mut last, mut caught_up) = (0, 0);
    loop {
        let tx = services.write().await?;
        let policies = policy::Entity::find()
            .filter(policy::Column::Paused.eq(false))
            .filter(policy::Column::NextRunAt.is_not_null())
            .filter(policy::Column::Id.gt(last))
            .order_by_asc(policy::Column::Id)
            .limit(BATCH)
            .lock_exclusive()
            .all(&tx)
            .await?;
        let Some(highest) = policies.last().map(|policy| policy.id) else { return Ok(caught_up) };
        let taken = taken(&tx, &policies, now).await?;
        let mut passed_over = Vec::new();
        for policy in policies {
            let (next, passes) = next_free(&policy, &taken, now);
            if passes {
                passed_over.push(policy.clone());
            }
            let mut change = policy.clone().into_active_model();
            change.next_run_at = Set(next);
            if !far_behind {
                change.overdue_at = Set(promised(&policy, now));
            }
            change.update(&tx).await?;
        }
        caught_up += due::make_good(&tx, services, passed_over, now).await?;
        tx.commit().await?;
        last = highest;
    }
}

/// The times from now on for which backups of these policies are there.
async fn taken(db: &impl ConnectionTrait, policies: &[policy::Model], now: DateTime<Utc>) -> Result<Taken, DbErr> {
    let found: Vec<(i64, DateTime<Utc>)> = backup::Entity::find()
        .select_only()
        .columns([backup::Column::PolicyId, backup::Column::ScheduledFor])
        .filter(backup::Column::PolicyId.is_in(policies.iter().map(|policy| policy.id)))
        .filter(backup::Column::ScheduledFor.gt(now))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}

/// The first time after now without a backup, and whether others were passed over.
fn next_free(policy: &policy::Model, taken: &Taken, now: DateTime<Utc>) -> (Option<DateTime<Utc>>, bool) {
    let first = schedule::next_run(policy, now);
    let mut next = first;
    while let Some(time) = next.filter(|time| taken.contains(&(policy.id, *time))) {
        next = schedule::next_run(policy, time);
    }
    (next, next != first)
}

/// No later than if it were promised anew, and no later than it was.
fn promised(policy: &policy::Model, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let anew = overdue::promised(policy, now);
    policy.overdue_at.map(|before| anew.map_or(before, |anew| anew.min(before)))
}
