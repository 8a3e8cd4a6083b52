//! The field for a time zone.

use leptos::prelude::*;

use crate::{
    api::zone,
    components::{field::Field, form_state::FormState},
};

/// Suggestions; any IANA name may be typed.
const ZONES: [&str; 14] = [
    "UTC",
    "America/Los_Angeles",
    "America/New_York",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Paris",
    "Europe/Prague",
    "Africa/Johannesburg",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
];

/// The field of something new: it starts with the zone of the browser as soon as that is known.
#[component]
pub fn OwnTimeZoneField(#[prop(into)] hint: String) -> impl IntoView {
    const UNKNOWN: &str = "UTC";
    let state = expect_context::<FormState>();
    Effect::new(move |filled: Option<bool>| {
        let filled = filled.unwrap_or_default();
        if filled || !state.is_read() {
            return filled;
        }
        if untrack(|| state.value("time_zone", UNKNOWN)) == UNKNOWN
            && let Some(own) = zone::of_browser()
        {
            state.set("time_zone", &own);
        }
        true
    });
    let known = zone::of_request().unwrap_or_else(|| UNKNOWN.to_owned());
    view! { <TimeZoneField value=known hint=hint/> }
}

#[component]
pub fn TimeZoneField(
    #[prop(into)] value: String,
    #[prop(default = tr!("A name such as Europe/Prague."), into)] hint: String,
) -> impl IntoView {
    let suggestion = |zone: &'static str| view! { <option value=zone></option> };
    view! {
        <Field
            name="time_zone"
            label=tr!("Time Zone")
            value=value
            list="time-zones"
            required=true
            hint=hint
        />
        <datalist id="time-zones">{ZONES.into_iter().map(suggestion).collect_view()}</datalist>
    }
}
