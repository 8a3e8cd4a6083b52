//! How projects stand, as the database sees it: [`model::standing`] as expressions about the outer query's project.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use model::{
    backup::BackupPhase,
    rule::RuleError,
    standing::{Standing, Standings},
};
use sea_orm::{
    ConnectionTrait, DbErr, FromQueryResult,
    sea_query::{CaseStatement, Expr, ExprTrait, Order, Query, SelectStatement},
};

use crate::entity::{backup, backup_credential, policy, project, repository};

/// What a list's filter says for every standing that needs attention.
const ATTENTION: &str = "attention";
/// What it says for projects of which something is being backed up.
const RUNNING: &str = "running";

/// Phases that say nothing about how a project stands.
pub const NOT_SHOWN: [BackupPhase; 2] = [BackupPhase::Skipped, BackupPhase::Deleting];
const UNDER_WAY: [BackupPhase; 2] = [BackupPhase::Queued, BackupPhase::InProgress];

/// The projects that a list's filter asks for; `None` where it asks for any.
pub fn filter(state: &str, now: DateTime<Utc>) -> Option<Expr> {
    match state {
        ATTENTION => {
            let troubled = Standing::ALL.into_iter().filter(|standing| standing.needs_attention());
            Some(standing(now).is_in(troubled.map(Standing::as_str)))
        }
        RUNNING => Some(is_running()),
        state => state.parse::<Standing>().ok().map(|wanted| standing(now).eq(wanted.as_str())),
    }
}

/// The project's standing, as [`Standing::as_str`] has it.
pub fn standing(now: DateTime<Utc>) -> Expr {
    let is = |standing: Standing| Expr::val(standing.as_str());
    let failed = last_phase().eq(BackupPhase::Failed.as_str());
    let incomplete = [BackupPhase::PartiallyFailed, BackupPhase::Cancelled].map(BackupPhase::as_str);
    CaseStatement::new()
        .case(is_enabled().not(), is(Standing::Off))
        .case(is_damaged(), is(Standing::Damaged))
        .case(failed, is(Standing::Failed))
        .case(is_overdue(now), is(Standing::Overdue))
        .case(is_blocked(), is(Standing::Blocked))
        .case(last_phase().is_in(incomplete), is(Standing::Incomplete))
        .case(last_phase().is_null(), is(Standing::Waiting))
        .case(is_scheduled().not(), is(Standing::Unscheduled))
        .finally(is(Standing::Protected))
        .into()
}

/// Whether backup is on.
pub fn is_enabled() -> Expr {
    Expr::exists(repository_in_use())
}

fn is_damaged() -> Expr {
    let damaged = repository_in_use()
        .and_where(Expr::col((repository::Entity, repository::Column::DamagedAt)).is_not_null())
        .take();
    Expr::exists(damaged)
}

fn is_blocked() -> Expr {
    let locked = repository_in_use()
        .inner_join(
            backup_credential::Entity,
            Expr::col((backup_credential::Entity, backup_credential::Column::Id))
                .equals((repository::Entity, repository::Column::BackupCredentialId)),
        )
        .and_where(Expr::col((backup_credential::Entity, backup_credential::Column::Locked)).eq(true))
        .take();
    Expr::exists(locked)
}

fn repository_in_use() -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(repository::Entity)
        .and_where(of_project((repository::Entity, repository::Column::ProjectId)))
        .and_where(Expr::col((repository::Entity, repository::Column::BackupCredentialId)).is_not_null())
        .take()
}

fn is_overdue(now: DateTime<Utc>) -> Expr {
    let overdue = active_policy().and_where(Expr::col((policy::Entity, policy::Column::OverdueAt)).lte(now)).take();
    Expr::exists(overdue)
}

/// Whether a policy makes backups by itself.
pub fn is_scheduled() -> Expr {
    Expr::exists(active_policy())
}

fn active_policy() -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(policy::Entity)
        .and_where(of_project((policy::Entity, policy::Column::ProjectId)))
        .and_where(Expr::col((policy::Entity, policy::Column::DeletedAt)).is_null())
        .and_where(Expr::col((policy::Entity, policy::Column::Paused)).eq(false))
        .take()
}

fn is_running() -> Expr {
    let running = runs().expr(Expr::val(1)).and_where(phase().eq(BackupPhase::InProgress.as_str())).take();
    Expr::exists(running)
}

/// The phase of the newest run that has finished.
fn last_phase() -> Expr {
    let finished = runs()
        .expr(phase())
        .and_where(phase().is_not_in(NOT_SHOWN.into_iter().chain(UNDER_WAY).map(BackupPhase::as_str)))
        .and_where(Expr::col((backup::Entity, backup::Column::DeleteAfter)).is_null())
        .order_by((backup::Entity, backup::Column::Id), Order::Desc)
        .limit(1)
        .take();
    Expr::SubQuery(None, Box::new(finished.into()))
}

fn runs() -> SelectStatement {
    Query::select().from(backup::Entity).and_where(of_project((backup::Entity, backup::Column::ProjectId))).take()
}

fn phase() -> Expr {
    Expr::col((backup::Entity, backup::Column::Phase))
}

/// Whether `column` names the outer query's project.
fn of_project<E: sea_orm::sea_query::Iden + 'static, C: sea_orm::sea_query::Iden + 'static>(column: (E, C)) -> Expr {
    Expr::col(column).equals((project::Entity, project::Column::Id))
}

#[derive(FromQueryResult)]
struct Counted {
    organization_id: i64,
    standing: String,
    running: bool,
    count: i64,
}

/// Living projects of `organizations` by how they stand, by organization.
pub async fn count(
    db: &impl ConnectionTrait,
    organizations: impl IntoIterator<Item = i64>,
    now: DateTime<Utc>,
) -> Result<HashMap<i64, Standings>, DbErr> {
    let each = Query::select()
        .column((project::Entity, project::Column::OrganizationId))
        .expr_as(standing(now), "standing")
        .expr_as(is_running(), "running")
        .from(project::Entity)
        .and_where(Expr::col((project::Entity, project::Column::OrganizationId)).is_in(organizations))
        .and_where(Expr::col((project::Entity, project::Column::DeleteAfter)).is_null())
        .take();
    let counted = Query::select()
        .columns(["organization_id", "standing", "running"])
        .expr_as(Expr::val(1).count(), "count")
        .from_subquery(each, "each_project")
        .add_group_by(["organization_id", "standing", "running"].map(Expr::col))
        .take();
    let mut standings: HashMap<i64, Standings> = HashMap::new();
    for row in Counted::find_by_statement(db.get_database_backend().build(&counted)).all(db).await? {
        let (of, count) = (standings.entry(row.organization_id).or_default(), row.count.unsigned_abs());
        of.add(row.standing.parse().map_err(|error: RuleError| DbErr::Type(error.to_string()))?, count);
        if row.running {
            of.running += count;
        }
    }
    Ok(standings)
}
