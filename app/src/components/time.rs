//! Moments, on the clock of the person's time zone.

use leptos::prelude::*;
use model::time::{self, Moment};

use crate::{api::zone, ui::use_ui};

/// A moment to the minute, with its exact value on hover.
#[component]
pub fn Time(at: Moment) -> impl IntoView {
    let (day, clock) = match use_ui().zone() {
        Some(zone) => {
            let shown = zone::wall_clock(at, &zone);
            (time::date(shown), time::of_day(shown))
        }
        None => (time::date(at), time::clock(at)),
    };
    view! {
        <time class="time" datetime=time::machine(at) title=time::exact(at)>
            <span>{day}</span>
            " "
            <span>{clock}</span>
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
