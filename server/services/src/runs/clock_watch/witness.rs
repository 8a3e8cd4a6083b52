//! What clocks of other machines say.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ConnectionTrait, DbErr,
    sea_query::{Expr, Query},
};

use crate::context::Services;

/// Both ends of the connection have the same address where the database is on this host, or none over its socket. Then it
/// has this host's clock.
const ELSEWHERE: &str = "inet_server_addr() IS DISTINCT FROM inet_client_addr()";

/// How far each witness that there is differs from `now`.
pub async fn differences(services: &Services, now: DateTime<Utc>) -> Result<Vec<TimeDelta>, DbErr> {
    let told = [database(services).await?, services.clock().heard()];
    Ok(told.into_iter().flatten().map(|time| time - now).collect())
}

async fn database(services: &Services) -> Result<Option<DateTime<Utc>>, DbErr> {
    if !services.has_other_nodes() {
        return Ok(None);
    }
    let now = Query::select()
        .expr_as(Expr::cust("clock_timestamp()"), "now")
        .expr_as(Expr::cust(ELSEWHERE), "elsewhere")
        .take();
    let Some(row) = services.db().query_one(&now).await? else { return Ok(None) };
    Ok(if row.try_get("", "elsewhere")? { Some(row.try_get("", "now")?) } else { None })
}
