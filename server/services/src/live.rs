//! Tells open pages of runs that moved.
//!
//! While somebody listens, each node looks at the runs that wait or are under way, and says which projects' runs are not
//! what they were a moment ago. One look serves everybody who listens, whichever node does the work.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use model::{
    ids::{AccountId, OrganizationId, ProjectId},
    permission::{Action, Owner},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, Query, SelectStatement, UnionType},
};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::{
    acting::Acting,
    context::{Message, Services},
    entity::{organization, project},
};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a look may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What somebody hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Runs of these projects moved. None are named where some may have been missed.
    Moved(Vec<ProjectId>),
    /// Somebody's session ended, maybe the own.
    SessionEnded,
}

/// Hears what happens, as far as a person may see it.
pub struct Listener(broadcast::Receiver<Message>);

/// Begins to listen.
pub fn listen(services: &Services) -> Listener {
    let listener = Listener(services.live().messages.subscribe());
    services.live().arrived.notify_one();
    listener
}

impl Listener {
    /// The next thing that `acting` may know of; `None` when the process ends.
    pub async fn next(&mut self, acting: &Acting) -> Option<Heard> {
        loop {
            match self.0.recv().await {
                Ok(Message::SessionEnded) => return Some(Heard::SessionEnded),
                Ok(Message::Moved(projects)) => {
                    let visible = |owner: Owner| acting.may(Action::SeeProjects, owner).is_ok();
                    let seen: Vec<_> =
                        projects.iter().filter(|(_, owner)| visible(*owner)).map(|(id, _)| *id).collect();
                    if !seen.is_empty() {
                        return Some(Heard::Moved(seen));
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => return Some(Heard::Moved(Vec::new())),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

/// Looks at the runs while somebody listens, until `stop`.
pub(crate) async fn watch(services: Services, stop: CancellationToken) {
    let watching = async {
        let mut seen: Option<Seen> = None;
        loop {
            let live = services.live();
            if live.messages.receiver_count() == 0 {
                seen = None;
                live.arrived.notified().await;
                continue;
            }
            in_time(look(&services, &mut seen)).await;
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = watching => {}
    }
}

/// A run: its table and its id.
type Key = (String, i64);

/// What a look saw.
#[derive(Debug, Default)]
struct Seen {
    /// The runs that wait or are under way, with their project, their phase and how far they have come.
    active: BTreeMap<Key, (i64, String, i64)>,
    /// The newest run of each table. A run that began and ended between two looks is found by its higher id.
    newest: BTreeMap<String, i64>,
}

#[derive(Debug, FromQueryResult)]
struct Row {
    kind: String,
    id: i64,
    project_id: i64,
    phase: String,
    progress: i64,
    active: i64,
}

/// Tells of what differs from the look before. The first one tells nothing.
async fn look(services: &Services, seen: &mut Option<Seen>) -> Result<(), DbErr> {
    let db = services.db();
    let newest = match seen {
        Some(seen) => seen.newest.clone(),
        None => newest(db).await?,
    };
    let rows = db.query_all(&question(&newest)).await?;
    let rows: Vec<Row> = rows.iter().map(|row| Row::from_query_result(row, "")).collect::<Result<_, _>>()?;
    let mut now = Seen { newest, ..Seen::default() };
    let mut moved = BTreeSet::new();
    for row in rows {
        let newest = now.newest.entry(row.kind.clone()).or_default();
        if row.id > *newest {
            *newest = row.id;
            moved.insert(row.project_id);
        }
        if row.active == 1 {
            now.active.insert((row.kind, row.id), (row.project_id, row.phase, row.progress));
        }
    }
    if let Some(before) = seen.replace(now) {
        let now = seen.get_or_insert_default();
        let differs = |a: &Seen, b: &Seen| -> Vec<i64> {
            a.active.iter().filter(|(key, run)| b.active.get(*key) != Some(*run)).map(|(_, run)| run.0).collect()
        };
        moved.extend(differs(&before, now));
        moved.extend(differs(now, &before));
        tell(services, &moved).await?;
    }
    Ok(())
}

/// Tells the pages that this node serves that runs of `project` moved, where a look might find nothing left to see. Those
/// of other nodes find it when they ask by themselves.
pub(crate) async fn moved(services: &Services, project: ProjectId) {
    in_time(tell(services, &BTreeSet::from([project.0]))).await;
}

/// Tells, or logs that it did not.
async fn in_time(telling: impl Future<Output = Result<(), DbErr>>) {
    match tokio::time::timeout(TIMEOUT, telling).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(error = &error as &dyn std::error::Error, "open pages are not told"),
        Err(_) => tracing::warn!("open pages are not told in time"),
    }
}

/// The projects with their owners, to everybody who listens.
async fn tell(services: &Services, moved: &BTreeSet<i64>) -> Result<(), DbErr> {
    if moved.is_empty() {
        return Ok(());
    }
    let owners: Vec<(i64, i64, i64)> = project::Entity::find()
        .inner_join(organization::Entity)
        .select_only()
        .column(project::Column::Id)
        .column(project::Column::OrganizationId)
        .column(organization::Column::AccountId)
        .filter(project::Column::Id.is_in(moved.iter().copied()))
        .into_tuple()
        .all(services.db())
        .await?;
    let owned = |(id, organization, account)| {
        let owner = Owner { account: AccountId(account), organization: OrganizationId(organization) };
        (ProjectId(id), owner)
    };
    let _ = services.live().messages.send(Message::Moved(owners.into_iter().map(owned).collect()));
    Ok(())
}

/// A table of runs, and the conditions of its indexes for those that are active, word for word.
struct Table {
    name: &'static str,
    /// The columns that hold its identity and its phase, and what changes as it comes on.
    id: &'static str,
    phase: &'static str,
    progress: &'static str,
    active: &'static [&'static str],
}

/// Changes with each step that a run takes, and when somebody cancels it.
const PROGRESS: &str = "done_files + done_bytes + total_files + total_bytes + CASE WHEN cancel_requested THEN 1 ELSE 0 END \
     + CASE WHEN waiting_since IS NULL THEN 0 ELSE 1 END";

const TABLES: [Table; 4] = [
    Table::of_runs("backup", &["phase = 'Queued'", "phase IN ('InProgress', 'Deleting')"]),
    Table::of_runs("restore", &["phase = 'Queued'", "phase = 'InProgress'"]),
    Table::of_runs("maintenance", &["phase = 'Queued'", "phase = 'InProgress'"]),
    Table {
        name: "set_up",
        id: "project_id",
        phase: "step",
        progress: "CAST(0 AS BIGINT)",
        active: &["cause IS NULL"],
    },
];

impl Table {
    const fn of_runs(name: &'static str, active: &'static [&'static str]) -> Self {
        Self { name, id: "id", phase: "phase", progress: PROGRESS, active }
    }

    /// Its runs that are active, or that are newer than `newest`.
    fn questions(&self, newest: i64) -> impl Iterator<Item = SelectStatement> {
        let row = |active: &'static str, condition: Expr| {
            Query::select()
                .expr_as(Expr::cust(format!("'{}'", self.name)), "kind")
                .expr_as(Expr::col(self.id), "id")
                .column("project_id")
                .expr_as(Expr::col(self.phase), "phase")
                .expr_as(Expr::cust(self.progress), "progress")
                .expr_as(Expr::cust(active), "active")
                .from(self.name)
                .and_where(condition)
                .take()
        };
        let active = self.active.iter().map(move |condition| row("CAST(1 AS BIGINT)", Expr::cust(*condition)));
        active.chain([row("CAST(0 AS BIGINT)", Expr::col(self.id).gt(newest))])
    }
}

/// One question for all tables, since it is asked all the time.
fn question(newest: &BTreeMap<String, i64>) -> SelectStatement {
    let newest = |table: &Table| newest.get(table.name).copied().unwrap_or_default();
    let mut questions = TABLES.iter().flat_map(|table| table.questions(newest(table)));
    let mut first = questions.next().unwrap_or_default();
    for further in questions {
        first.union(UnionType::All, further);
    }
    first
}

/// The newest run of each table.
async fn newest(db: &impl ConnectionTrait) -> Result<BTreeMap<String, i64>, DbErr> {
    let mut newest = BTreeMap::new();
    for table in &TABLES {
        let asked = Query::select().expr_as(Expr::col(table.id).max(), "id").from(table.name).take();
        let id: Option<i64> = db.query_one(&asked).await?.map(|row| row.try_get("", "id")).transpose()?.flatten();
        newest.insert(table.name.to_owned(), id.unwrap_or_default());
    }
    Ok(newest)
}
