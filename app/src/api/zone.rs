//! The person's time zone: the browser tells it in a cookie, so that the server writes times as the browser will.

use model::time::Moment;

/// The cookie with the zone's IANA name, percent-encoded.
pub const COOKIE: &str = "holdfast-zone";

/// The zone that the request names; `None` where it names none that is known, and in the browser.
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

/// A moment as the wall clock of a zone shows it, written as if it were UTC.
pub fn wall_clock(at: Moment, zone: &str) -> Moment {
    #[cfg(feature = "ssr")]
    {
        use model::schedule::TimeZone;
        TimeZone::parse(zone).map_or(at, |zone| zone.shown(at))
    }
    #[cfg(not(feature = "ssr"))]
    {
        let _ = zone;
        at
    }
}
