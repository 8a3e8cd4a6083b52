//! Claims policies that are due, batch by batch: each gets a queued backup and its next time in one transaction.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    backup::BackupPhase,
    ids::{OrganizationId, RepositoryId},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{LockBehavior, LockType},
};

use crate::{
    context::Services,
    entity::{backup, policy},
    error::ServiceError,
    repositories::{self, InUse},
    runs::queue::{self, Due, Obstacle, Place, credential_locked},
    schedule,
    sentence::Sentence,
};

/// Policies that one transaction claims. A short transaction lets others in between.
const BATCH: u64 = 100;

/// A run this late was missed while nothing was up, and says so when it is made good.
const MISSED_AFTER: TimeDelta = TimeDelta::seconds(90);

/// Queues a backup for each policy that is due, in the order of their times. Returns how many there were.
pub async fn claim_all(services: &Services, now: DateTime<Utc>) -> Result<u64, ServiceError> {
    let mut claimed = 0;
    loop {
        let batch = claim_batch(services, now).await?;
        claimed += batch;
        if batch < BATCH {
            return Ok(claimed);
        }
    }
}

async fn claim_batch(services: &Services, now: DateTime<Utc>) -> Result<u64, ServiceError> {
    let due = policy::Entity::living()
        .filter(policy::Column::Paused.eq(false))
        .filter(policy::Column::NextRunAt.lte(now))
        .order_by_asc(policy::Column::NextRunAt)
        .order_by_asc(policy::Column::Id)
        .limit(BATCH);
    // Mostly nothing is due, and looking takes no lock.
    if due.clone().one(services.db()).await?.is_none() {
        return Ok(0);
    }
    let tx = services.write().await?;
    let policies = due.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).all(&tx).await?;
    let count = policies.len() as u64;
    let circumstances = Circumstances::of(&tx, &policies).await?;
    let due = policies.iter().filter_map(|policy| circumstances.due(policy, now)).collect();
    queue::scheduled(&tx, services, due, now).await?;
    for policy in policies {
        advance(&tx, policy, now).await?;
    }
    tx.commit().await?;
    Ok(count)
}

/// Queues one run of each of these policies at once, in place of times that do not come again; not where something is in
/// its way, such as a run of it that waits already. Returns how many there were.
pub async fn make_good(
    db: &impl ConnectionTrait,
    services: &Services,
    policies: Vec<policy::Model>,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    if policies.is_empty() {
        return Ok(0);
    }
    let at_once = |policy| policy::Model { next_run_at: Some(now), ..policy };
    let policies: Vec<_> = policies.into_iter().map(at_once).collect();
    let circumstances = Circumstances::of(db, &policies).await?;
    let due = policies.iter().filter_map(|policy| circumstances.due(policy, now)).filter(|due| due.obstacle.is_none());
    let due: Vec<_> = due.map(|due| Due { made_good: true, ..due }).collect();
    let count = due.len() as u64;
    queue::scheduled(db, services, due, now).await?;
    Ok(count)
}

/// Sets the next time. Counted from the later of both, a clock that was set back repeats nothing. A schedule that is not
/// understood any more ends, rather than keeping all others from being dispatched.
async fn advance(db: &impl ConnectionTrait, row: policy::Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    let next = schedule::next_run(&row, row.next_run_at.map_or(now, |scheduled| now.max(scheduled)));
    let mut row = row.into_active_model();
    row.next_run_at = Set(next);
    row.update(db).await.map(drop)
}

/// What decides about the runs of a batch.
struct Circumstances {
    /// By project.
    in_use: HashMap<i64, InUse>,
    /// The name of the running backup, by policy.
    running: HashMap<i64, String>,
    /// The name of the waiting backup, by policy.
    waiting: HashMap<i64, String>,
    /// Due times, by policy, for which a backup is there: the clock went back.
    had: HashSet<(i64, DateTime<Utc>)>,
}

impl Circumstances {
    async fn of(db: &impl ConnectionTrait, policies: &[policy::Model]) -> Result<Self, DbErr> {
        let projects: HashSet<i64> = policies.iter().map(|policy| policy.project_id).collect();
        let of_these = |phase: BackupPhase| {
            backup::Entity::find()
                .filter(backup::Column::PolicyId.is_in(policies.iter().map(|policy| policy.id)))
                .filter(backup::Column::Phase.eq(phase))
                .all(db)
        };
        let by_policy = |rows: Vec<backup::Model>| -> HashMap<i64, String> {
            rows.into_iter().filter_map(|row| Some((row.policy_id?, row.name))).collect()
        };
        Ok(Self {
            in_use: repositories::of_projects(db, projects).await?,
            running: by_policy(of_these(BackupPhase::InProgress).await?),
            waiting: by_policy(of_these(BackupPhase::Queued).await?),
            had: had(db, policies).await?,
        })
    }

    /// The run to queue; `None` where backup is switched off, and where the time has had its run.
    fn due<'a>(&self, policy: &'a policy::Model, now: DateTime<Utc>) -> Option<Due<'a>> {
        let in_use = self.in_use.get(&policy.project_id)?;
        let scheduled_for = policy.next_run_at.unwrap_or(now);
        if self.had.contains(&(policy.id, scheduled_for)) {
            return None;
        }
        Some(Due {
            policy,
            place: Place {
                organization: OrganizationId(in_use.credential.organization_id),
                repository: RepositoryId(in_use.repository.id),
            },
            scheduled_for,
            made_good: now - scheduled_for > MISSED_AFTER,
            obstacle: self.obstacle(policy, in_use),
        })
    }

    /// Why a due run is skipped, if it is. One of another policy of the project is no obstacle: this one waits its turn.
    fn obstacle(&self, policy: &policy::Model, in_use: &InUse) -> Option<Obstacle> {
        if in_use.credential.locked {
            return Some(Obstacle::CredentialLocked { cause: credential_locked(&in_use.credential.s3_name) });
        }
        let working = |name| Sentence::new(|| tr!("The backup {} of this policy was still working", name));
        let waiting = |name| Sentence::new(|| tr!("The backup {} of this policy was still waiting", name));
        let busy = self.running.get(&policy.id).map(working);
        let busy = busy.or_else(|| self.waiting.get(&policy.id).map(waiting));
        busy.map(|cause| Obstacle::StillBusy { cause })
    }
}

async fn had(db: &impl ConnectionTrait, policies: &[policy::Model]) -> Result<HashSet<(i64, DateTime<Utc>)>, DbErr> {
    let times: HashSet<_> = policies.iter().filter_map(|policy| policy.next_run_at).collect();
    let found: Vec<(i64, DateTime<Utc>)> = backup::Entity::find()
        .select_only()
        .columns([backup::Column::PolicyId, backup::Column::ScheduledFor])
        .filter(backup::Column::PolicyId.is_in(policies.iter().map(|policy| policy.id)))
        .filter(backup::Column::ScheduledFor.is_in(times))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}
