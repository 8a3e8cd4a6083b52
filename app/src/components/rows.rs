//! The rows of a list.

use std::hash::Hash;

use leptos::prelude::*;
use model::list::Page;

use crate::components::{
    answer::{Answer, Data},
    loaded::{Tells, loaded_once},
    pager::PageFacts,
};

/// Draws each row, and anew only where it has changed: what is open, typed or selected in the others stays.
#[component]
pub fn Rows<T, K, V>(
    rows: Signal<Vec<T>>,
    /// What tells rows apart.
    key: fn(&T) -> K,
    draw: fn(T) -> V,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let row = move |first: T| {
        let own = key(&first);
        let now = Memo::new(move |last: Option<&T>| {
            let found = rows.with(|rows| rows.iter().find(|row| key(row) == own).cloned());
            found.or_else(|| last.cloned()).unwrap_or_else(|| first.clone())
        });
        move || draw(now.get())
    };
    view! { <For each=move || rows.get() key=key children=row/> }
}

/// A page of a list, and what stands there where it has no rows.
pub fn listed<T, R, N, V>(
    answer: Answer<T>,
    tells: Tells,
    page: fn(&T) -> &Page<R>,
    none: impl Fn() -> N + Copy + Send + Sync + 'static,
    table: impl Fn(Signal<Vec<R>>, Signal<PageFacts>) -> V + Copy + Send + Sync + 'static,
) -> impl IntoView
where
    T: Data,
    R: Clone + PartialEq + Send + Sync + 'static,
    N: IntoView + 'static,
    V: IntoView + 'static,
{
    loaded_once(answer, tells, move |list| {
        let rows = Memo::new(move |_| list.with(|list| page(list).rows.clone()));
        let facts = Memo::new(move |_| list.with(|list| PageFacts::from(page(list))));
        let is_empty = Memo::new(move |_| rows.read().is_empty());
        move || if is_empty.get() { none().into_any() } else { table(rows.into(), facts.into()).into_any() }
    })
}
