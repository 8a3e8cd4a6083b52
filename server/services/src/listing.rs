//! What lists have in common: search and order.

use sea_orm::{
    Order,
    sea_query::{Expr, ExprTrait, Func, IntoColumnRef, LikeExpr},
};

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
