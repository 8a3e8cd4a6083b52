//! Moments, on the clock of the person's time zone.

use leptos::prelude::*;
use model::time::{self, Moment};

use crate::api::zone;

/// The zone whose clock is shown; without one it is UTC.
#[derive(Clone, Copy)]
pub struct Zone {
    shown: RwSignal<Option<String>>,
    /// The one that the server knows of.
    known: StoredValue<Option<String>>,
}

impl Zone {
    /// Provides it to the whole application. What the server wrote stays until the browser has taken the page over.
    pub fn provide(of_request: Option<String>) {
        let shown = RwSignal::new(zone::first(of_request.clone()));
        provide_context(Self { shown, known: StoredValue::new(of_request) });
    }

    /// From now on times are those of the browser's zone, which the server is told for the next page.
    pub fn follow_browser(self) {
        let own = zone::of_browser();
        if self.known.with_value(|known| *known != own) {
            zone::remember(own.as_deref());
            self.known.set_value(own.clone());
            self.shown.set(own);
        }
    }

    /// What the clock shows, such as `2026-11-24` and `20:37`.
    fn clock(self, at: Moment) -> (String, String) {
        self.shown.with(|zone| match zone {
            Some(zone) => {
                let shown = zone::wall_clock(at, zone);
                (time::date(shown), time::of_day(shown))
            }
            None => (time::date(at), time::clock(at)),
        })
    }
}

pub fn use_zone() -> Zone {
    expect_context()
}

/// A moment to the minute, with its exact value on hover.
#[component]
pub fn Time(at: Moment) -> impl IntoView {
    let zone = use_zone();
    view! {
        <time class="time" datetime=time::machine(at) title=time::exact(at)>
            <span>{move || zone.clock(at).0}</span>
            " "
            <span>{move || zone.clock(at).1}</span>
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
