//! What whoever watches Holdfast asks for, in the text format of `OpenMetrics`.
//!
//! Counters are this process's, since its start. Gauges are read from the database when they are asked for, and are the
//! same on every node.

use std::fmt;

use chrono::{DateTime, Utc};
use engine::S3Counts;
use model::{
    backup::{BackupPhase, RestorePhase},
    maintenance::MaintenancePhase,
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QuerySelect, RelationTrait,
};

use crate::{
    context::{Kind, Services},
    entity::{backup, delivery, maintenance, organization, policy, project, repository, restore},
    error::ServiceError,
    nodes,
};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Place {
    organization: String,
    project: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Version {
    version: &'static str,
}

/// All of it as text.
pub async fn text(services: &Services) -> Result<String, ServiceError> {
    let mut registry = Registry::with_prefix("holdfast");
    let version: Family<Version, Gauge> = Family::default();
    version.get_or_create(&Version { version: env!("CARGO_PKG_VERSION") }).set(1);
    registry.register("build_info", "The version that runs", version);
    services.metrics().register(&mut registry);
    register_s3(&mut registry);
    let now = services.clock().now();
    let db = services.db();
    register_queue(&mut registry, db, now).await?;
    register_projects(&mut registry, db).await?;
    register_running(&mut registry, db).await?;
    register_troubles(&mut registry, db, now).await?;
    let nodes: Gauge = Gauge::default();
    nodes.set(gauge(nodes::names(services, db).await?.len()));
    registry.register("nodes", "Nodes that answer", nodes);
    let mut text = String::new();
    // Writing to a string does not fail.
    let _: fmt::Result = encode(&mut text, &registry);
    Ok(text)
}

fn register_s3(registry: &mut Registry) {
    let counts = S3Counts::now();
    for (name, help, count) in [
        ("s3_requests", "Requests to S3, each try counted", counts.requests),
        ("s3_failures", "Requests to S3 that failed", counts.failures),
    ] {
        let counter: Counter = Counter::default();
        counter.inc_by(count);
        registry.register(name, help, counter);
    }
}

async fn register_queue(registry: &mut Registry, db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    let waiting = backup::Entity::find().filter(backup::Column::Phase.eq(BackupPhase::Queued));
    let length: Gauge = Gauge::default();
    length.set(gauge(waiting.clone().count(db).await?));
    registry.register("queue_length", "Backups that wait for a worker", length);
    let oldest: Option<Option<DateTime<Utc>>> =
        waiting.select_only().column_as(backup::Column::QueuedAt.min(), "oldest").into_tuple().one(db).await?;
    let age: Gauge = Gauge::default();
    age.set(oldest.flatten().map_or(0, |oldest| (now - oldest).num_seconds().max(0)));
    registry.register_with_unit("queue_age", "How long the oldest of them has waited", Unit::Seconds, age);
    Ok(())
}

/// How many runs of each kind are worked on, by whichever node.
async fn register_running(registry: &mut Registry, db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let running: Family<Kind, Gauge> = Family::default();
    let [backups, restores, maintenance] = [
        backup::Entity::find().filter(backup::Column::Phase.eq(BackupPhase::InProgress)).count(db).await?,
        restore::Entity::find().filter(restore::Column::Phase.eq(RestorePhase::InProgress)).count(db).await?,
        maintenance::Entity::find()
            .filter(maintenance::Column::Phase.eq(MaintenancePhase::InProgress))
            .count(db)
            .await?,
    ];
    for (kind, count) in [("backup", backups), ("restore", restores), ("maintenance", maintenance)] {
        running.get_or_create(&Kind { kind }).set(gauge(count));
    }
    registry.register("runs_in_progress", "Runs that are worked on, by kind", running);
    Ok(())
}

/// What somebody should look at.
async fn register_troubles(
    registry: &mut Registry,
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    for (name, help, count) in [
        (
            "policies_overdue",
            "Policies without a completed backup for longer than they promise",
            policy::Entity::living().filter(policy::Column::OverdueAt.lte(now)).count(db).await?,
        ),
        (
            "repositories_damaged",
            "Repositories in which a verification found damage",
            repository::Entity::find().filter(repository::Column::DamagedAt.is_not_null()).count(db).await?,
        ),
        (
            "notifications_waiting",
            "Messages that are not delivered yet",
            delivery::Entity::find().filter(delivery::Column::FinishedAt.is_null()).count(db).await?,
        ),
    ] {
        let metric: Gauge = Gauge::default();
        metric.set(gauge(count));
        registry.register(name, help, metric);
    }
    Ok(())
}

/// When each project was last completely backed up. A project without such a backup is not among them.
async fn register_projects(registry: &mut Registry, db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let last: Vec<(String, String, Option<DateTime<Utc>>)> = backup::Entity::find()
        .select_only()
        .column_as(organization::Column::Name, "organization")
        .column_as(project::Column::Name, "project")
        .column_as(backup::Column::FinishedAt.max(), "last")
        .join(JoinType::InnerJoin, backup::Relation::Project.def())
        .join(JoinType::InnerJoin, project::Relation::Organization.def())
        .filter(backup::Column::Phase.eq(BackupPhase::Completed))
        .filter(backup::Column::DeleteAfter.is_null())
        .filter(project::Column::DeleteAfter.is_null())
        .group_by(project::Column::Id)
        .group_by(project::Column::Name)
        .group_by(organization::Column::Name)
        .into_tuple()
        .all(db)
        .await?;
    let family: Family<Place, Gauge> = Family::default();
    for (organization, project, last) in last {
        let Some(last) = last else { continue };
        family.get_or_create(&Place { organization, project }).set(last.timestamp());
    }
    let help = "When a project was last completely backed up, in seconds since 1970";
    registry.register_with_unit("project_last_completed_backup_timestamp", help, Unit::Seconds, family);
    Ok(())
}

fn gauge(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
