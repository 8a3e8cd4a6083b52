//! The person's time zone: the browser tells it in a cookie, so that the server writes times as the browser will.

use leptos::{
    prelude::{document, window},
    wasm_bindgen::JsCast,
};
use model::time::Moment;
use web_sys::HtmlDocument;

use crate::address::encode;

/// The cookie with the zone's IANA name, percent-encoded.
const COOKIE: &str = "holdfast-zone";

/// How long the cookie is kept, in seconds.
const A_YEAR: u32 = 365 * 24 * 3600;

/// The zone that the request names; `None` where it names none that is known, and in the browser, where it comes with
/// the page.
pub fn of_request() -> Option<String> {
    #[cfg(feature = "ssr")]
    {
        use axum::http::header;
        use model::{cookies, schedule::TimeZone};

        let header = super::server::joined(&header::COOKIE, ";");
        let zone = cookies::values(&header, COOKIE).next()?;
        let zone = TimeZone::parse(&zone.replace("%2F", "/")).ok()?;
        (zone != TimeZone::UTC).then(|| zone.name().to_owned())
    }
    #[cfg(not(feature = "ssr"))]
    None
}

/// The zone to begin with. The browser's must be that of the page it was sent, until it has taken the page over.
pub fn first(of_request: Option<String>) -> Option<String> {
    if cfg!(feature = "ssr") || of_request == of_browser() { of_request } else { None }
}

/// A moment as the wall clock of a zone shows it, written as if it were UTC. In the browser the zone is its own.
pub fn wall_clock(at: Moment, zone: &str) -> Moment {
    #[cfg(feature = "ssr")]
    {
        use model::schedule::TimeZone;
        TimeZone::parse(zone).map_or(at, |zone| zone.shown(at))
    }
    #[cfg(not(feature = "ssr"))]
    {
        use leptos::wasm_bindgen::JsValue;
        let _ = zone;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of dates are far below 2^53")]
        let date = js_sys::Date::new(&JsValue::from_f64(at.timestamp_millis() as f64));
        #[expect(clippy::cast_possible_truncation, reason = "an offset is less than a day of whole minutes")]
        model::time::later(at, -date.get_timezone_offset() as i64)
    }
}

/// The present moment, by the clock of whoever draws.
pub fn now() -> Moment {
    #[cfg(feature = "ssr")]
    {
        Moment::from(std::time::SystemTime::now())
    }
    #[cfg(not(feature = "ssr"))]
    {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of dates are far below 2^53")]
        Moment::from_timestamp_millis(js_sys::Date::now() as i64).unwrap_or_default()
    }
}

/// The browser's own zone, where it is not UTC; on the server `None`.
pub fn of_browser() -> Option<String> {
    #[cfg(feature = "ssr")]
    return None;
    #[cfg(not(feature = "ssr"))]
    {
        use js_sys::{Array, Intl::DateTimeFormat, Object, Reflect};
        let options = DateTimeFormat::new(&Array::new(), &Object::new()).resolved_options();
        let zone = Reflect::get(&options, &"timeZone".into()).ok()?.as_string()?;
        (!matches!(zone.as_str(), "UTC" | "Etc/UTC")).then_some(zone)
    }
}

/// Tells the server from now on; without a zone no more.
pub fn remember(zone: Option<&str>) {
    let Ok(document) = document().dyn_into::<HtmlDocument>() else { return };
    let secure =
        if window().location().protocol().is_ok_and(|protocol| protocol == "https:") { "; Secure" } else { "" };
    let (zone, age) = zone.map_or_else(Default::default, |zone| (encode(zone), A_YEAR));
    let _ = document.set_cookie(&format!("{COOKIE}={zone}; Path=/; Max-Age={age}; SameSite=Lax{secure}"));
}
