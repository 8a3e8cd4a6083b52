//! Which runs this process works on, and which ones it may take beside them.
//!
//! Two rules. An organization never has the last free worker while another one has something to run: whoever makes runs
//! that take for ever, by accident or on purpose, holds up only their own. And a run that a process did not survive is
//! tried alone, so that it takes nobody else's along if it ends the process once more.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use super::KINDS;
use crate::{
    context::{Services, count},
    entity::{removal, repository},
    nodes,
};

/// What may be claimed at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Organizations that get nothing more.
    pub without: Vec<i64>,
    /// Nothing runs here, so that a run may be alone.
    pub idle: bool,
}

/// What a worker may claim, best first; nothing where a run has to be alone.
///
/// With one worker in all there is no last one to keep free, so organizations take turns.
pub async fn rooms(services: &Services, now: DateTime<Utc>) -> Result<Vec<Room>, DbErr> {
    let capacity = services.capacity();
    if capacity.is_closed() {
        return Ok(Vec::new());
    }
    let idle = capacity.is_idle();
    let workers = services.config().workers.max(1);
    let mut full = at_most(workers, &capacity.held());
    if workers == 1 && services.has_other_nodes() {
        full.extend(full_on_all_nodes(services, now).await?);
    }
    if !full.is_empty() {
        // Whoever is alone may have all.
        let others = with_something_to_run(services).await?;
        full.retain(|organization| others.iter().any(|other| other != organization));
    }
    let room = Room { without: full, idle };
    let Some(last) = capacity.last().filter(|_| workers == 1) else { return Ok(vec![room]) };
    let mut others_first = room.clone();
    others_first.without.push(last);
    Ok(vec![others_first, room])
}

/// Those that have so many of the workers that one more would be the last.
fn at_most(workers: usize, held: &HashMap<i64, usize>) -> Vec<i64> {
    if workers < 2 {
        return Vec::new();
    }
    held.iter().filter(|(_, count)| **count + 1 >= workers).map(|(organization, _)| *organization).collect()
}

/// The same over all nodes. Where nodes have several workers, each of them keeps one free already.
async fn full_on_all_nodes(services: &Services, now: DateTime<Utc>) -> Result<Vec<i64>, DbErr> {
    let workers = nodes::workers(services, services.db()).await?;
    let held = count(on_all_nodes(services, now).await?.into_iter());
    Ok(at_most(workers, &held))
}

/// The organization of each run that any node works on.
async fn on_all_nodes(services: &Services, now: DateTime<Utc>) -> Result<Vec<i64>, DbErr> {
    let mut found = Vec::new();
    for kind in KINDS {
        found.extend(kind.at_work(services, now).await?);
    }
    Ok(found)
}

/// Organizations that have a repository in use, of which a run may come at any time, or backups to remove.
async fn with_something_to_run(services: &Services) -> Result<BTreeSet<i64>, DbErr> {
    let in_use = repository::Entity::find()
        .select_only()
        .column(repository::Column::OrganizationId)
        .distinct()
        .filter(repository::Column::BackupCredentialId.is_not_null());
    let removals = removal::Entity::find().select_only().column(removal::Column::OrganizationId).distinct();
    let mut found: BTreeSet<i64> = in_use.into_tuple::<i64>().all(services.db()).await?.into_iter().collect();
    found.extend(removals.into_tuple::<i64>().all(services.db()).await?);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organization_has_all_workers_but_one() {
        let full = |workers, held: usize| at_most(workers, &HashMap::from([(7, held), (8, 0)])).contains(&7);
        assert!(!full(1, 1), "there is no other one to keep free");
        assert!(!full(2, 0) && full(2, 1));
        assert!(!full(4, 2) && full(4, 3) && full(4, 4));
    }
}
