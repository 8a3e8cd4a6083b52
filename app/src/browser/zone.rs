//! The browser's time zone: the server is told of it, and draws the times anew.

use js_sys::{Array, Intl::DateTimeFormat, Object, Reflect};
use leptos::{
    prelude::{document, window},
    task::spawn_local,
    wasm_bindgen::JsCast,
};
use web_sys::{Element, HtmlDocument};

use super::{dom, visit};
use crate::{address::encode, api::zone::COOKIE};

/// How long the cookie is kept, in seconds.
const A_YEAR: u32 = 365 * 24 * 3600;

/// Tells the server where it does not know.
pub fn tell() {
    let own = own();
    let known = dom::find::<Element>("[data-zone]").and_then(|element| element.get_attribute("data-zone"));
    if known.filter(|zone| !zone.is_empty()) != own {
        remember(own.as_deref());
        spawn_local(visit::refresh());
    }
}

/// None where it is UTC.
fn own() -> Option<String> {
    let options = DateTimeFormat::new(&Array::new(), &Object::new()).resolved_options();
    let zone = Reflect::get(&options, &"timeZone".into()).ok()?.as_string()?;
    (!matches!(zone.as_str(), "UTC" | "Etc/UTC")).then_some(zone)
}

fn remember(zone: Option<&str>) {
    let Ok(document) = document().dyn_into::<HtmlDocument>() else { return };
    let secure =
        if window().location().protocol().is_ok_and(|protocol| protocol == "https:") { "; Secure" } else { "" };
    let (zone, age) = zone.map_or_else(Default::default, |zone| (encode(zone), A_YEAR));
    let _ = document.set_cookie(&format!("{COOKIE}={zone}; Path=/; Max-Age={age}; SameSite=Lax{secure}"));
}
