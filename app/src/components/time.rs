//! Moments, on the clock of the person's time zone.

use std::time::Duration;

use leptos::prelude::*;
use model::time::{self, Moment};

use crate::api::zone;

const MINUTE: Duration = Duration::from_mins(1);

/// The zone whose clock is shown; without one it is UTC.
#[derive(Clone, Copy)]
pub struct Zone {
    shown: RwSignal<Option<String>>,
    /// The one that the server knows of.
    known: StoredValue<Option<String>>,
    /// Changes each minute, once the browser has taken the page over.
    minute: RwSignal<u64>,
}

impl Zone {
    /// Provides it to the whole application. What the server wrote stays until the browser has taken the page over.
    pub fn provide(of_request: Option<String>) {
        let shown = RwSignal::new(zone::first(of_request.clone()));
        provide_context(Self { shown, known: StoredValue::new(of_request), minute: RwSignal::new(0) });
    }

    /// From now on times are those of the browser's zone, which the server is told for the next page.
    pub fn follow_browser(self) {
        set_interval(move || self.minute.update(|minute| *minute += 1), MINUTE);
        let own = zone::of_browser();
        if self.known.with_value(|known| *known != own) {
            zone::remember(own.as_deref());
            self.known.set_value(own.clone());
            self.shown.set(own);
        }
    }

    /// Its name, such as `Europe/Prague`.
    pub fn name(self) -> String {
        self.shown.get().unwrap_or_else(|| "UTC".to_owned())
    }

    /// To the second, with the zone, such as `2026-11-24 20:37:05 Europe/Prague`.
    fn exact(self, at: Moment) -> String {
        self.shown.with(|zone| match zone {
            Some(zone) => {
                let shown = zone::wall_clock(at, zone);
                format!("{} {}:{} {zone}", time::date(shown), time::of_day(shown), time::second(shown))
            }
            None => time::exact(at),
        })
    }

    /// The time of day alone, such as `20:37`.
    pub fn of_day(self, at: Moment) -> String {
        self.shown.with(|zone| time::of_day(zone.as_ref().map_or(at, |zone| zone::wall_clock(at, zone))))
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

/// How long ago a moment was, or in how long it comes; its exact value on hover. A week away it is the day.
#[component]
pub fn Ago(at: Moment) -> impl IntoView {
    let zone = use_zone();
    let words = move || {
        zone.minute.track();
        time::away(at, zone::now()).unwrap_or_else(|| {
            let (date, _) = zone.clock(at);
            date
        })
    };
    view! {
        <time class="time" datetime=time::machine(at) title=move || zone.exact(at)>
            {words}
        </time>
    }
}

/// The same, where there is one.
#[component]
pub fn MaybeAgo(at: Option<Moment>) -> impl IntoView {
    match at {
        Some(at) => view! { <Ago at=at/> }.into_any(),
        None => view! { <NoValue/> }.into_any(),
    }
}

/// Says once on a page whose clock its times are of.
#[component]
pub fn ZoneNote() -> impl IntoView {
    let zone = use_zone();
    view! { <p class="zone-note">{move || tr!("Times are in {}.", zone.name())}</p> }
}

/// A moment to the minute, with its exact value on hover.
#[component]
pub fn Time(at: Moment) -> impl IntoView {
    let zone = use_zone();
    view! {
        <time class="time" datetime=time::machine(at) title=move || zone.exact(at)>
            <span>{move || zone.clock(at).0}</span>
            " "
            <span>{move || zone.clock(at).1}</span>
        </time>
    }
}

/// A moment to the second.
#[component]
pub fn PreciseTime(at: Moment) -> impl IntoView {
    let zone = use_zone();
    let clock = move || format!("{} {}:{}", zone.clock(at).0, zone.of_day(at), time::second(at));
    view! {
        <time class="time" datetime=time::machine(at) title=move || zone.exact(at)>
            {clock}
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
