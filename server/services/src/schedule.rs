//! A stored policy: when it runs next, which backups it keeps, and how it ends.

use chrono::{DateTime, Utc};
use model::{
    keep::KeepCounts,
    schedule::{CronPeriod, TimeZone},
};

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};

use crate::entity::{policy, trouble};

/// The next time of a stored schedule; `None` where it is not understood any more.
pub fn next_run(row: &policy::Model, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let schedule = CronPeriod::stored(&row.cron).and_then(|cron| Ok((cron, TimeZone::parse(&row.time_zone)?)));
    match schedule {
        Ok((cron, zone)) => cron.next_after(zone, after),
        Err(error) => {
            tracing::error!(policy = row.id, %error, "a stored schedule is not understood");
            None
        }
    }
}

/// Deletes policies: their schedules end, and they stay unseen for as long as there are backups to be kept by their rules.
pub async fn end(db: &impl ConnectionTrait, policies: &[i64], by: &str, now: DateTime<Utc>) -> Result<(), DbErr> {
    let of_these = || policies.iter().copied();
    trouble::Entity::delete_many().filter(trouble::Column::PolicyId.is_in(of_these())).exec(db).await?;
    policy::Entity::update_many()
        .col_expr(policy::Column::DeletedAt, Expr::value(now))
        .col_expr(policy::Column::DeletedBy, Expr::value(by))
        .col_expr(policy::Column::NextRunAt, Expr::value(Option::<DateTime<Utc>>::None))
        .col_expr(policy::Column::OverdueAt, Expr::value(Option::<DateTime<Utc>>::None))
        .col_expr(policy::Column::OverdueToldAt, Expr::value(Option::<DateTime<Utc>>::None))
        .col_expr(policy::Column::PingUrlSealed, Expr::value(Option::<Vec<u8>>::None))
        .filter(policy::Column::Id.is_in(of_these()))
        .exec(db)
        .await
        .map(drop)
}

/// Which backups a policy keeps whatever their age.
pub fn keep(row: &policy::Model) -> KeepCounts {
    let count = |stored: i32| u16::try_from(stored).unwrap_or_default();
    KeepCounts {
        last: count(row.keep_last),
        hourly: count(row.keep_hourly),
        daily: count(row.keep_daily),
        weekly: count(row.keep_weekly),
        monthly: count(row.keep_monthly),
        yearly: count(row.keep_yearly),
    }
}
