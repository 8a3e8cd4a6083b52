//! The field for a time zone.

use leptos::prelude::*;

use crate::components::field::Field;

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
