//! What lists have in common: search and order.

use model::list::ListQuery;
use sea_orm::{
    DbErr, EntityTrait, Order, QueryTrait, Select,
    sea_query::{Expr, ExprTrait, Func, IntoColumnRef, LikeExpr, NullOrdering},
};

/// How many rows a list has, of which its page shows `shown`. Where the page is the last one and has room, that is known
/// without counting.
pub async fn total(
    query: &ListQuery,
    shown: usize,
    count: impl Future<Output = Result<u64, DbErr>>,
) -> Result<u64, DbErr> {
    let shown = u64::try_from(shown).unwrap_or(u64::MAX);
    let is_last = shown < query.per_page() && (shown > 0 || query.offset() == 0);
    if is_last { Ok(query.offset() + shown) } else { count.await }
}

/// Whether a text column contains the search, letter case ignored.
pub fn contains(column: impl IntoColumnRef, search: &str) -> Expr {
    text_contains(Expr::col(column), search)
}

/// Whether a number, as it is written, contains the search.
pub fn number_contains(column: impl IntoColumnRef, search: &str) -> Expr {
    text_contains(Expr::col(column).cast_as("TEXT"), search)
}

fn text_contains(text: Expr, search: &str) -> Expr {
    let escaped = search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    Expr::expr(Func::lower(text)).like(LikeExpr::new(format!("%{escaped}%")).escape('\\'))
}

/// A text as it is sorted: letter case ignored.
pub fn folded(column: impl IntoColumnRef) -> Expr {
    Func::lower(Expr::col(column)).into()
}

pub fn order(descending: bool) -> Order {
    if descending { Order::Desc } else { Order::Asc }
}

/// Sorts by a column, where one is chosen. Rows without a value in it come last in either direction, on both databases.
pub fn sorted_by<E: EntityTrait>(mut select: Select<E>, by: Option<E::Column>, query: &ListQuery) -> Select<E> {
    if let Some(by) = by {
        let by = Expr::col((E::default(), by));
        QueryTrait::query(&mut select).order_by_expr_with_nulls(by, order(query.descending), NullOrdering::Last);
    }
    select
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    /// The total of a page of 25, and whether it was counted.
    fn total_of(page: u64, shown: usize) -> Option<u64> {
        let query = ListQuery { page, ..ListQuery::default() };
        let counted = ready(Err(DbErr::Custom("counted".to_owned())));
        futures::executor::block_on(total(&query, shown, counted)).ok()
    }

    #[test]
    fn a_page_with_room_says_how_many_rows_there_are() {
        assert_eq!((total_of(1, 0), total_of(1, 24), total_of(3, 7)), (Some(0), Some(24), Some(57)));
    }

    #[test]
    fn a_full_page_and_one_behind_the_end_are_counted() {
        assert_eq!((total_of(1, 25), total_of(3, 25), total_of(2, 0)), (None, None, None));
    }
}
