//! Nodes: which processes take runs, and what each is doing.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    backup::{BackupPhase, RestorePhase},
    ids::ProjectId,
    maintenance::MaintenancePhase,
    node::{NodePhase, NodeRow, NodeRun, RunKind},
    permission::Action,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    RelationTrait,
    sea_query::{Expr, OnConflict, Query},
};

use crate::{
    acting::Acting,
    context::{Node, Services},
    entity::{backup, maintenance, node, organization, project, restore},
    error::ServiceError,
    progress::{Counts, progress},
};

/// A node that has been silent for so long has lost its leases.
const SILENT_AFTER: TimeDelta = TimeDelta::seconds(30);

/// A silent node is listed for so long.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(1);

/// How far a node's clock may be from the database's. Leases allow for that.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::seconds(5);

/// A node that was seen so long ago, by the database's clock, may be working.
const MAY_WORK: TimeDelta = TimeDelta::minutes(1);

/// The nodes, by name, with the runs of the person's account.
pub async fn list(acting: &Acting, services: &Services) -> Result<Vec<NodeRow>, ServiceError> {
    acting.actor.reach(Action::SeeNodes)?;
    let db = services.db();
    let rows = node::Entity::find().order_by_asc(node::Column::Name).order_by_asc(node::Column::StartedAt);
    let mut nodes: Vec<_> = rows.all(db).await?.into_iter().map(|row| view(row, services.clock().now())).collect();
    let running = [
        running_backups(acting, services).await?,
        running_restores(acting, services).await?,
        running_maintenance(acting, services).await?,
    ];
    for (owner, run) in running.into_iter().flatten() {
        if let Some(node) = nodes.iter_mut().find(|node| owner.as_ref() == Some(&node.id)) {
            node.runs.push(run);
        }
    }
    Ok(nodes)
}

fn view(row: node::Model, now: DateTime<Utc>) -> NodeRow {
    NodeRow {
        phase: if now - row.seen_at > SILENT_AFTER { NodePhase::Silent } else { NodePhase::Working },
        id: row.id,
        name: row.name,
        version: row.version,
        serves_pages: row.serves_pages,
        workers: u32::try_from(row.workers).unwrap_or_default(),
        started: row.started_at,
        seen: row.seen_at,
        runs: Vec::new(),
    }
}

/// Running backups, each with the mark of its node.
async fn running_backups(acting: &Acting, services: &Services) -> Result<Vec<(Option<String>, NodeRun)>, DbErr> {
    let rows = backup::Entity::find()
        .filter(backup::Column::Phase.eq(BackupPhase::InProgress))
        .find_also_related(project::Entity)
        .join(JoinType::InnerJoin, project::Relation::Organization.def())
        .filter(organization::Column::AccountId.eq(acting.actor.account.0))
        .all(services.db())
        .await?;
    let run = |(row, project): (backup::Model, Option<project::Model>)| {
        let counts = Counts::from(&row);
        Some((row.lease_owner, node_run(services, (RunKind::Backup, row.name), project?, row.started_at, counts)))
    };
    Ok(rows.into_iter().filter_map(run).collect())
}

async fn running_restores(acting: &Acting, services: &Services) -> Result<Vec<(Option<String>, NodeRun)>, DbErr> {
    let rows = restore::Entity::find()
        .filter(restore::Column::Phase.eq(RestorePhase::InProgress))
        .find_also_related(project::Entity)
        .join(JoinType::InnerJoin, project::Relation::Organization.def())
        .filter(organization::Column::AccountId.eq(acting.actor.account.0))
        .all(services.db())
        .await?;
    let run = |(row, project): (restore::Model, Option<project::Model>)| {
        let counts = Counts::from(&row);
        Some((row.lease_owner, node_run(services, (RunKind::Restore, row.name), project?, row.started_at, counts)))
    };
    Ok(rows.into_iter().filter_map(run).collect())
}

async fn running_maintenance(acting: &Acting, services: &Services) -> Result<Vec<(Option<String>, NodeRun)>, DbErr> {
    let rows = maintenance::Entity::find()
        .filter(maintenance::Column::Phase.eq(MaintenancePhase::InProgress))
        .find_also_related(project::Entity)
        .join(JoinType::InnerJoin, project::Relation::Organization.def())
        .filter(organization::Column::AccountId.eq(acting.actor.account.0))
        .all(services.db())
        .await?;
    let run = |(row, project): (maintenance::Model, Option<project::Model>)| {
        let counts = Counts::from(&row);
        let kind = (RunKind::Maintenance, row.kind.to_string());
        Some((row.lease_owner, node_run(services, kind, project?, row.started_at, counts)))
    };
    Ok(rows.into_iter().filter_map(run).collect())
}

fn node_run(
    services: &Services,
    (kind, name): (RunKind, String),
    project: project::Model,
    started: Option<DateTime<Utc>>,
    counts: Counts,
) -> NodeRun {
    NodeRun {
        kind,
        name,
        project: ProjectId(project.id),
        project_name: project.name,
        started,
        progress: progress(services.clock(), started, counts),
    }
}

/// The names of the nodes that answer, each once.
pub(crate) async fn names(services: &Services, db: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let mut names: Vec<String> = node::Entity::find()
        .select_only()
        .column(node::Column::Name)
        .filter(node::Column::SeenAt.gte(services.clock().now() - SILENT_AFTER))
        .order_by_asc(node::Column::Name)
        .into_tuple()
        .all(db)
        .await?;
    names.dedup();
    Ok(names)
}

/// How many runs all nodes that answer can work on at the same time.
pub(crate) async fn workers(services: &Services, db: &impl ConnectionTrait) -> Result<usize, DbErr> {
    let workers: Vec<i32> = node::Entity::find()
        .select_only()
        .column(node::Column::Workers)
        .filter(node::Column::SeenAt.gte(services.clock().now() - SILENT_AFTER))
        .into_tuple()
        .all(db)
        .await?;
    Ok(workers.into_iter().map(|count| usize::try_from(count).unwrap_or_default()).sum())
}

/// What a run waits for whose project belongs to a node that does not work; `None` where it does.
pub(crate) async fn missing(
    services: &Services,
    db: &impl ConnectionTrait,
    node: Option<&str>,
) -> Result<Option<String>, DbErr> {
    let Some(node) = node else { return Ok(None) };
    let works = names(services, db).await?.iter().any(|name| name == node);
    Ok((!works).then(|| {
        tr!(
            "Waits for node {}, which has the directory and is not working. Start it, or move the project in its Settings",
            node
        )
    }))
}

/// Whether this node takes part in what nodes do together, which is looked at anew: only with a clock that is the
/// database's, as long as other nodes work on it.
///
/// Leases, schedules and the end of a backup's retention are told by each node's own clock. One that is hours ahead would
/// take the runs of all others for dead, end them, and delete backups before their time; so it takes no part until its
/// clock is set. A node that is alone is right by itself.
pub(crate) async fn take_part(services: &Services) -> Result<bool, DbErr> {
    let in_step = is_in_step(services).await?;
    if services.set_takes_part(in_step) && !in_step {
        tracing::error!(
            "the clock of this machine is not the database's, which other nodes rely on: this node does nothing until \
             it is set"
        );
    }
    Ok(in_step)
}

async fn is_in_step(services: &Services) -> Result<bool, DbErr> {
    if !services.has_other_nodes() {
        return Ok(true);
    }
    let clock = services.clock();
    let now = Query::select().expr_as(Expr::cust("clock_timestamp()"), "now").take();
    let before = clock.now();
    let Some(row) = services.db().query_one(&now).await? else { return Ok(true) };
    let (database, after): (DateTime<Utc>, _) = (row.try_get("", "now")?, clock.now());
    // The answer took its time on the way; only what lies outside of it is a difference.
    let differs = (before - database).max(database - after);
    if differs <= CLOCKS_DIFFER {
        return Ok(true);
    }
    let others = node::Entity::find()
        .filter(node::Column::Id.ne(services.node().id.as_str()))
        .filter(node::Column::SeenAt.between(database - MAY_WORK, database + MAY_WORK))
        .count(services.db())
        .await?;
    Ok(others == 0)
}

/// Begins to take part. Said at once, so that a node with a wrong clock sees this one before it does any harm.
pub(crate) async fn join(services: &Services) {
    let joined = async {
        if take_part(services).await? {
            beat(services).await?;
        }
        Ok::<_, ServiceError>(())
    };
    if let Err(error) = joined.await {
        // The dispatcher does both again and again.
        tracing::error!(error = &error as &dyn std::error::Error, "the node could not sign on");
    }
}

/// Says that this process is there.
pub(crate) async fn beat(services: &Services) -> Result<(), ServiceError> {
    let Node { id, name, serves_pages, started } = services.node();
    let row = node::ActiveModel {
        id: Set(id.clone()),
        name: Set(name.clone()),
        version: Set(env!("CARGO_PKG_VERSION").to_owned()),
        serves_pages: Set(*serves_pages),
        workers: Set(i32::try_from(services.config().workers).unwrap_or(i32::MAX)),
        started_at: Set(*started),
        seen_at: Set(services.clock().now()),
    };
    let seen_again = OnConflict::column(node::Column::Id).update_column(node::Column::SeenAt).to_owned();
    node::Entity::insert(row).on_conflict(seen_again).exec_without_returning(services.db()).await?;
    Ok(())
}

/// Says that this process ends. Where that fails it is silent from now on, which comes to the same.
pub(crate) async fn leave(services: &Services) {
    if let Err(error) = node::Entity::delete_by_id(services.node().id.clone()).exec(services.db()).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "the node could not sign off");
    }
}

/// Forgets nodes that have been silent for long.
pub(crate) async fn forget_old(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    let old = node::Column::SeenAt.lt(now - FORGOTTEN_AFTER);
    node::Entity::delete_many().filter(old).exec(db).await.map(drop)
}
