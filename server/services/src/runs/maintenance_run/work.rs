//! What is done to a repository.

use std::time::Duration;

use engine::{Part, Permit, PruneReport, PruneRequest, RepairReport, RepairRequest, Repository, S3, VerifyReport};
use model::{maintenance::MaintenanceKind, size};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use tokio_util::sync::CancellationToken;

use crate::{
    context::Services,
    entity::{maintenance, repository},
    error::ServiceError,
    repositories::{self, InUse},
    runs::{damage, kind::Work, supervisor::stored},
};

/// How long a pack stays after it was written, and how long after it was found to be unneeded: longer than a download or
/// restore that is still reading it takes.
const GRACE: Duration = Duration::from_hours(24);

/// Most bytes that one prune writes anew, so that a backup never waits for long.
const MOST_REPACKED: u64 = 2 << 30;

/// What a maintenance came to.
#[derive(Debug)]
pub enum Outcome {
    Pruned(PruneReport),
    Verified(VerifyReport),
    Repaired(RepairReport),
}

/// Does what the kind asks for.
pub async fn work(
    services: &Services,
    row: &maintenance::Model,
    kind: MaintenanceKind,
    Work { lease, counters, cancel }: Work,
) -> Result<Outcome, ServiceError> {
    let in_use = repositories::by_id(services.db(), row.repository_id).await?;
    let repository = repositories::open(services, &in_use).await?;
    let permit = Permit::new(move || lease.is_held());
    let outcome = match kind {
        MaintenanceKind::Prune => {
            let request = PruneRequest { grace: GRACE, most_repacked: MOST_REPACKED, permit };
            Outcome::Pruned(repository.prune(request, counters, cancel).await?)
        }
        MaintenanceKind::Verification => {
            let part = part(services, row, &in_use);
            let report = repository.verify(part, counters, cancel).await?;
            if report.damaged.is_empty() {
                repositories::keep_copy(services, &in_use, &repository).await;
            }
            Outcome::Verified(report)
        }
        MaintenanceKind::Repair => Outcome::Repaired(repair(&repository, &in_use, permit, cancel).await?),
    };
    measure_versions(services, &in_use).await;
    Ok(outcome)
}

/// Measures what a bucket that keeps versions has of what was deleted. That it cannot be measured is no reason for a run to
/// fail.
async fn measure_versions(services: &Services, InUse { repository, credential }: &InUse) {
    if !repository.keeps_versions {
        return;
    }
    let measured = async {
        let s3 = S3::connect(&repositories::access(services, credential)?, services.network());
        let bytes = s3.noncurrent_bytes(&repository.bucket, &repository.prefix).await;
        let bytes = bytes.map_err(engine::RepositoryError::from)?;
        repository::Entity::update_many()
            .col_expr(repository::Column::NoncurrentBytes, Expr::value(stored(bytes)))
            .filter(repository::Column::Id.eq(repository.id))
            .exec(services.db())
            .await?;
        Ok::<_, ServiceError>(())
    };
    if let Err(error) = measured.await {
        let repository = repository.id;
        tracing::warn!(repository, error = &error as &dyn std::error::Error, "noncurrent versions were not measured");
    }
}

fn part(services: &Services, row: &maintenance::Model, in_use: &InUse) -> Part {
    let of = services.config().verification_weeks;
    if row.whole || of <= 1 {
        return Part::Whole;
    }
    Part::OneOf { number: u32::try_from(in_use.repository.verify_part).unwrap_or_default() % of, of }
}

async fn repair(
    repository: &Repository,
    in_use: &InUse,
    permit: Permit,
    cancel: CancellationToken,
) -> Result<RepairReport, ServiceError> {
    let damaged = in_use.repository.damage.0.iter().map(damage::to_engine).collect();
    Ok(repository.repair(RepairRequest { damaged, permit }, cancel).await?)
}

/// What came of it, in words.
pub fn in_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Pruned(PruneReport { removed_bytes, unused_bytes, goes_on, .. }) => {
            let removed = match removed_bytes {
                0 => tr!("Nothing removed"),
                removed => tr!("data" => "{} removed", size::bytes(*removed)),
            };
            if *goes_on {
                tr!("{}. {} not needed any more go later", removed, size::bytes(*unused_bytes))
            } else {
                removed
            }
        }
        Outcome::Verified(report) => {
            let read = size::bytes(report.read_bytes);
            match (report.damaged.len(), report.incomplete.len()) {
                (0, 0) => tr!("Sound. {} of {} read", read, size::bytes(report.stored_bytes)),
                (files, backups) => tr!(
                    "{}, {}. {} read",
                    tr!("{n} damaged file" | "{n} damaged files" % files),
                    tr!("{n} backup not whole" | "{n} backups not whole" % backups),
                    read
                ),
            }
        }
        Outcome::Repaired(report) => {
            let rescued = tr!("{n} piece of data rescued" | "{n} pieces of data rescued" % report.rescued);
            tr!("{}, {} lost where they were", rescued, report.lost)
        }
    }
}
