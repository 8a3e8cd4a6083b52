//! Moments.

use leptos::prelude::*;
use model::time::{self, Moment};

/// A moment in UTC, the same on the server and in the browser.
#[component]
pub fn Time(at: Moment) -> impl IntoView {
    view! {
        <time class="time" datetime=time::machine(at)>
            <span>{time::date(at)}</span>
            " "
            <span>{time::clock(at)}</span>
        </time>
    }
}

/// A moment that may not have come.
#[component]
pub fn MaybeTime(at: Option<Moment>) -> impl IntoView {
    match at {
        Some(at) => view! { <Time at=at/> }.into_any(),
        None => view! { <NoValue/> }.into_any(),
    }
}

/// Stands where there is no value.
#[component]
pub fn NoValue() -> impl IntoView {
    view! { <span class="no-value">"–"</span> }
}

/// A text that may not be there.
pub fn or_none(text: Option<String>) -> AnyView {
    match text {
        Some(text) => text.into_any(),
        None => view! { <NoValue/> }.into_any(),
    }
}
