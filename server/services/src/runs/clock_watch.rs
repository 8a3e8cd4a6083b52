//! Whether the wall clock can be trusted. By one that cannot, nothing is deleted.
//!
//! The wall clock can be set: by hand, by a time service, by a machine that wakes up with a wrong one. The boot clock
//! cannot: it counts from the machine's start. So each node writes down both at each beat, and a clock jump is where the
//! one has passed otherwise than the other since then, also when the process was started anew in between. After a start of
//! the machine the boot clock begins anew. Then a time has passed that nobody has counted; but it did not go back, and
//! where it is more than a day the clock is in doubt too.
//!
//! Jumps are added up. Where they come to more than a day the clock is in doubt, and stays so until a person confirms it,
//! or until it has been steady for an hour and is either where it was before it jumped, or agrees with a witness: the
//! clock of PostgreSQL on another host, and what S3 services tell.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    dashboard::{Attention, Trouble},
    form::Done,
    node::NodeRef,
    permission::{Action, Owner},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::OnConflict,
};
use serde_json::json;

mod jumps;
mod reschedule;
mod rows;
mod tell;
mod witness;

use self::rows::Reading;
use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    context::Services,
    entity::clock_watch::{Column, Entity, Model},
    error::{Refusal, ServiceError},
};

const CLOCK_CONFIRMED: Deed = Deed::new("clock confirmed");

/// The page to which a confirmation leads back.
const PAGE: &str = "/";

/// A node that was not seen for so long is forgotten, unless its clock was in doubt.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(30);

/// Why a clock cannot be confirmed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockConflict {
    #[error("{}", tr!("The clock of this node is not in doubt any more"))]
    ClockNotInDoubt,
}

impl Refusal for ClockConflict {}

/// Whether what has reached its end by `now` may be deleted: not while the clock of any node is in doubt, and not by a time
/// that the clock does not show any more.
///
/// It looks at the clocks at this moment, so that whoever asks right after a jump is not faster than the next beat.
pub(crate) async fn deletions_allowed(services: &Services, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let in_doubt = look(services).await?.iter().any(|row| row.doubtful_since.is_some());
    Ok(!in_doubt && (services.clock().now() - now).abs() <= rows::TOLERATED)
}

/// Whether this node's clock is in doubt and was not steady for an hour since.
pub(crate) async fn has_jumped_lately(services: &Services) -> Result<bool, DbErr> {
    let rows = look(services).await?;
    Ok(own_among(&rows, services).is_some_and(|row| row.doubtful_since.is_some() && !rows::is_steady(row)))
}

/// All nodes, after a beat of this one where its clock has jumped. Mostly it has not, and looking takes no lock.
pub(crate) async fn look(services: &Services) -> Result<Vec<Model>, DbErr> {
    let reading = Reading::now(services.clock());
    let all = Entity::find().all(services.db()).await?;
    if own_among(&all, services).is_some_and(|row| rows::jump(row, &reading).abs() <= rows::TOLERATED) {
        return Ok(all);
    }
    beat(services).await?;
    Entity::find().all(services.db()).await
}

fn own_among<'a>(all: &'a [Model], services: &Services) -> Option<&'a Model> {
    all.iter().find(|row| row.node == services.node().name)
}

/// Compares the clocks with what they were at the last beat, and writes down what they are.
pub(crate) async fn beat(services: &Services) -> Result<(), DbErr> {
    let reading = Reading::now(services.clock());
    if let Some(last) = last(services.db(), services, own(services)).await? {
        // Before the jump is written down: a process that dies in between finds it once more.
        follow(services, last, &reading).await?;
    }
    let tx = services.write().await?;
    // Held, since another process of the same name may do the same.
    let Some(last) = last(&tx, services, own(services).lock_exclusive()).await? else {
        store(&tx, reading.first(&services.node().name)).await?;
        return tx.commit().await;
    };
    let mut next = rows::seen(last.clone(), &reading);
    if rows::may_settle(&next) && rows::is_settled(&next, &witness::differences(services, reading.wall).await?) {
        next = rows::trusted(next);
    }
    tell::change(&tx, services, (&last, &next), reading.wall).await?;
    store(&tx, next).await?;
    tx.commit().await
}

/// Does what a jump of the clock needs.
async fn follow(services: &Services, last: Model, reading: &Reading) -> Result<(), DbErr> {
    let jump = rows::jump(&last, reading);
    if jump.abs() <= rows::TOLERATED {
        return Ok(());
    }
    tracing::warn!(seconds = jump.num_seconds(), "the clock has jumped");
    if jump > TimeDelta::zero() {
        return jumps::ahead(services, reading.wall - jump, reading.wall).await;
    }
    let far_behind = rows::is_far_behind(&rows::seen(last, reading));
    jumps::back(services, reading.wall, far_behind).await
}

fn own(services: &Services) -> Select<Entity> {
    Entity::find_by_id(services.node().name.as_str())
}

/// What was seen last by a process of this node's name; where there was none, by that of any other, so that a new name does
/// not bring a new time.
async fn last(db: &impl ConnectionTrait, services: &Services, own: Select<Entity>) -> Result<Option<Model>, DbErr> {
    if let Some(own) = own.one(db).await? {
        return Ok(Some(own));
    }
    let newest = Entity::find().order_by_desc(Column::WallAt).one(db).await?;
    Ok(newest.map(|other| Model { node: services.node().name.clone(), ..other }))
}

async fn store(db: &impl ConnectionTrait, row: Model) -> Result<(), DbErr> {
    let again = OnConflict::column(Column::Node)
        .update_columns([
            Column::WallAt,
            Column::BootId,
            Column::BootMs,
            Column::SteadyMs,
            Column::AheadMs,
            Column::Restarted,
            Column::DoubtfulSince,
            Column::JumpMs,
        ])
        .to_owned();
    Entity::insert(row.into_active_model()).on_conflict(again).exec_without_returning(db).await.map(drop)
}

fn in_doubt() -> Select<Entity> {
    Entity::find().filter(Column::DoubtfulSince.is_not_null())
}

/// The clocks that are in doubt, as what needs attention. They are nobody's own.
pub(crate) async fn attention(db: &impl ConnectionTrait) -> Result<Vec<Attention>, DbErr> {
    let rows = in_doubt().order_by_asc(Column::Node).all(db).await?;
    let item = |row: Model| Attention {
        trouble: Trouble::ClockInDoubt,
        again: None,
        detail: tr!(
            "Its clock jumped {}, and shows {}. Nothing is deleted until it is confirmed, or has been right for an hour",
            tell::in_words(row.jump_ms.unwrap_or_default()),
            model::time::text(row.wall_at)
        ),
        name: row.node,
        organization: String::new(),
        at: row.doubtful_since,
        project: None,
    };
    Ok(rows.into_iter().map(item).collect())
}

/// A Partner says that a node's clock is right as it is now.
pub async fn confirm(acting: &Acting, services: &Services, form: &NodeRef) -> Result<Done, ServiceError> {
    let actor = &acting.actor;
    acting.may(Action::ManageAccount, Owner { account: actor.account, organization: actor.organization })?;
    let now = services.clock().now();
    let tx = services.write().await?;
    let found = in_doubt().filter(Column::Node.eq(form.node.as_str())).lock_exclusive().one(&tx).await?;
    let row = found.ok_or(ClockConflict::ClockNotInDoubt)?;
    let changes = json!({ "jump": tell::in_words(row.jump_ms.unwrap_or_default()), "clock": model::time::exact(now) });
    let subject = Subject { kind: "node", id: 0, name: &row.node, organization: actor.organization };
    audit::record(&tx, acting, now, CLOCK_CONFIRMED, subject, changes).await?;
    let message = tr!("The clock of {} is confirmed", row.node);
    store(&tx, rows::trusted(row)).await?;
    tx.commit().await?;
    Ok(Done::new(message, PAGE))
}

/// Forgets nodes that have not been seen for long.
pub(crate) async fn forget_old(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    let old =
        Entity::delete_many().filter(Column::WallAt.lt(now - FORGOTTEN_AFTER)).filter(Column::DoubtfulSince.is_null());
    old.exec(db).await.map(drop)
}
