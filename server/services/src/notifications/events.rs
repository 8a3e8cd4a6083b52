//! What happens to backups, as far as it is told: failures, recoveries, and the start and end of runs.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    backup::BackupPhase,
    notification::{DeliveryKind, EventKind},
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QuerySelect};

use super::{outbox, overdue};
use crate::{
    context::Services,
    entity::{backup, organization, policy, project, trouble},
    sender::{Message, likeness},
};

/// For how long the same failure is told once.
const FOLDED_FOR: TimeDelta = TimeDelta::hours(24);

/// How a run ended that will not be tried again.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    pub project: i64,
    pub policy: Option<i64>,
    /// The run's name.
    pub backup: &'a str,
    pub phase: BackupPhase,
    /// In English.
    pub cause: &'a str,
}

impl<'a> Ended<'a> {
    /// A backup in a phase that it has just been put into.
    pub fn of(row: &'a backup::Model, phase: BackupPhase, cause: &'a str) -> Self {
        Self { project: row.project_id, policy: row.policy_id, backup: &row.name, phase, cause }
    }
}

/// Whose run it is.
struct Place {
    project: project::Model,
    home: organization::Model,
    policy: Option<policy::Model>,
}

impl Place {
    /// Holds the policy until the transaction ends, so that what is counted of it is counted once.
    async fn of(db: &impl ConnectionTrait, ended: &Ended<'_>) -> Result<Option<Self>, DbErr> {
        let found = project::Entity::find_by_id(ended.project).find_also_related(organization::Entity).one(db).await?;
        let Some((project, Some(home))) = found else { return Ok(None) };
        let policy = match ended.policy {
            Some(id) => policy::Entity::find_by_id(id).lock_exclusive().one(db).await?,
            None => None,
        };
        Ok(Some(Self { project, home, policy }))
    }

    fn message(&self, services: &Services, ended: &Ended<'_>, what: &str, text: String, now: DateTime<Utc>) -> Message {
        let of = self.policy.as_ref().map(|policy| format!(" (policy {})", policy.name)).unwrap_or_default();
        let subject = format!("[{}] Backup of {} {what}{of}", self.home.name, self.project.name);
        Message {
            project: Some(self.project.name.clone()),
            policy: self.policy.as_ref().map(|policy| policy.name.clone()),
            backup: Some(ended.backup.to_owned()),
            phase: Some(ended.phase.as_str().to_owned()),
            link: services.link(&format!("/projects/{}/policies?tab=backups", self.project.id)),
            ..Message::new(&self.home.name, subject, text, now)
        }
    }
}

/// Tells that a run failed for good, partially, or was skipped because its credential is locked.
pub async fn failed(
    db: &impl ConnectionTrait,
    services: &Services,
    ended: Ended<'_>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let Some(place) = Place::of(db, &ended).await? else { return Ok(()) };
    let what = match ended.phase {
        BackupPhase::PartiallyFailed => "is incomplete",
        BackupPhase::Skipped => "was skipped",
        _ => "failed",
    };
    let cause = outbox::shortened(ended.cause);
    let text = format!("{}: {cause}.", ended.backup).replace("..", ".");
    let message = Message { cause: Some(cause), ..place.message(services, &ended, what, text, now) };
    let key = format!("failure:{}:{}", ended.project, ended.backup);
    if let Some(policy) = &place.policy {
        outbox::ping(db, (policy, place.home.id), DeliveryKind::PingFail, ended.backup, &message, now).await?;
        if is_repeated(db, policy, &ended, (&key, place.home.id), now).await? {
            return Ok(());
        }
    }
    outbox::tell(db, place.home.id, EventKind::Failure, &key, &message, now).await
}

/// Counts the failure. Whether the same was told within a day already.
async fn is_repeated(
    db: &impl ConnectionTrait,
    policy: &policy::Model,
    ended: &Ended<'_>,
    (key, organization): (&str, i64),
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let likeness = likeness(ended.phase.as_str(), ended.cause);
    let Some(before) = trouble::Entity::find_by_id(policy.id).one(db).await? else {
        let first = trouble::ActiveModel {
            policy_id: Set(policy.id),
            likeness: Set(likeness),
            event_key: Set(key.to_owned()),
            told_at: Set(now),
            failures: Set(1),
            since: Set(now),
        };
        trouble::Entity::insert(first).exec_without_returning(db).await?;
        return Ok(false);
    };
    let repeated = before.likeness == likeness && now - before.told_at < FOLDED_FOR;
    let told = before.event_key.clone();
    let mut row = before.clone().into_active_model();
    row.failures = Set(before.failures.saturating_add(1));
    if !repeated {
        row.likeness = Set(likeness);
        row.event_key = Set(key.to_owned());
        row.told_at = Set(now);
    }
    row.update(db).await?;
    if repeated {
        outbox::repeated(db, organization, &told).await?;
    }
    Ok(repeated)
}

/// Notes that a run is complete: its policy is not overdue until it misses its times anew, and where it was in trouble
/// that is over.
pub async fn completed(
    db: &impl ConnectionTrait,
    services: &Services,
    row: &backup::Model,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    if row.policy_id.is_none() {
        return Ok(());
    }
    let ended = Ended::of(row, BackupPhase::Completed, "");
    let Some(place) = Place::of(db, &ended).await? else { return Ok(()) };
    let Some(policy) = place.policy.clone() else { return Ok(()) };
    let done = place.message(services, &ended, "completed", format!("{} is complete.", row.name), now);
    let run = attempt(row);
    outbox::ping(db, (&policy, place.home.id), DeliveryKind::PingSuccess, &run, &done, now).await?;
    let trouble = trouble::Entity::find_by_id(policy.id).one(db).await?;
    if trouble.is_some() || policy.overdue_told_at.is_some() {
        recovered(db, services, (&place, &ended), trouble.as_ref(), now).await?;
        trouble::Entity::delete_by_id(policy.id).exec(db).await?;
    }
    let mut change = policy.clone().into_active_model();
    change.overdue_at = Set(overdue::promised(&policy, now));
    change.overdue_told_at = Set(None);
    change.update(db).await.map(drop)
}

async fn recovered(
    db: &impl ConnectionTrait,
    services: &Services,
    (place, ended): (&Place, &Ended<'_>),
    trouble: Option<&trouble::Model>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let before = match trouble {
        Some(trouble) => {
            let since = model::time::text(trouble.since);
            match trouble.failures {
                1 => format!("One run before it failed, at {since}."),
                more => format!("Before it, {more} runs failed since {since}."),
            }
        }
        None => "It had been overdue.".to_owned(),
    };
    let text = format!("{} is complete. {before}", ended.backup);
    let failures = trouble.map_or(0, |trouble| trouble.failures.unsigned_abs());
    let message = Message { failures: Some(failures), ..place.message(services, ended, "works again", text, now) };
    let key = format!("recovery:{}:{}", ended.project, ended.backup);
    outbox::tell(db, place.home.id, EventKind::Recovery, &key, &message, now).await
}

/// Notes that a worker has taken a run.
pub async fn started(
    db: &impl ConnectionTrait,
    services: &Services,
    row: &backup::Model,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let Some(id) = row.policy_id else { return Ok(()) };
    let Some(policy) = policy::Entity::find_by_id(id).one(db).await? else { return Ok(()) };
    // Most policies have none, and are not looked at further.
    if policy.ping_url_sealed.is_none() {
        return Ok(());
    }
    let ended = Ended::of(row, BackupPhase::InProgress, "");
    let Some(place) = Place::of(db, &ended).await? else { return Ok(()) };
    let message = place.message(services, &ended, "started", format!("{} started.", row.name), now);
    outbox::ping(db, (&policy, place.home.id), DeliveryKind::PingStart, &attempt(row), &message, now).await
}

/// Tells that a backup differs much from those before it.
pub async fn unusual(
    db: &impl ConnectionTrait,
    services: &Services,
    (row, words): (&backup::Model, &str),
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let text = format!(
        "{}: {words}. Until somebody acknowledges it, retention takes no earlier backup of the policy.",
        row.name
    );
    tell_unusual(db, services, (row, words), ("is unusual", text, "unusual"), now).await
}

/// Tells that retention has waited for days because nobody has acknowledged an unusual backup.
pub async fn still_unusual(
    db: &impl ConnectionTrait,
    services: &Services,
    (row, words): (&backup::Model, &str),
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let text = format!(
        "{}: {words}. Nobody has acknowledged it, and retention has taken no earlier backup of the policy since.",
        row.name
    );
    tell_unusual(db, services, (row, words), ("is still unusual", text, "unacknowledged"), now).await
}

async fn tell_unusual(
    db: &impl ConnectionTrait,
    services: &Services,
    (row, words): (&backup::Model, &str),
    (what, text, key): (&str, String, &str),
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let ended = Ended::of(row, row.phase, words);
    let Some(place) = Place::of(db, &ended).await? else { return Ok(()) };
    let message = Message { cause: Some(words.to_owned()), ..place.message(services, &ended, what, text, now) };
    let key = format!("{key}:{}:{}", ended.project, ended.backup);
    outbox::tell_as(db, place.home.id, (EventKind::Failure, DeliveryKind::Unusual), &key, &message, now).await
}

/// Tells that a verification found damage in a project's repository, or that it is gone.
pub async fn verified(
    db: &impl ConnectionTrait,
    services: &Services,
    (project, home): (&project::Model, &organization::Model),
    (run, found): (i64, Option<&str>),
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let (what, text) = match found {
        Some(found) => {
            ("is damaged", format!("{found}. Its page Repository names the files, and offers to repair it."))
        }
        None => ("is sound again", "A verification of all data found nothing wrong.".to_owned()),
    };
    let subject = format!("[{}] The repository of {} {what}", home.name, project.name);
    let message = Message {
        project: Some(project.name.clone()),
        cause: found.map(str::to_owned),
        link: services.link(&format!("/projects/{}/repository", project.id)),
        ..Message::new(&home.name, subject, text, now)
    };
    outbox::tell(db, home.id, EventKind::Damage, &format!("damage:{run}"), &message, now).await
}

/// A run and which try of it.
fn attempt(row: &backup::Model) -> String {
    format!("{}:{}", row.name, row.attempt)
}
