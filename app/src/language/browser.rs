//! The catalog in a browser: one, of the language that the page came in.

use std::sync::OnceLock;

use leptos::{
    prelude::{document, window},
    wasm_bindgen::{JsCast, JsValue},
    web_sys::{HtmlLinkElement, Response},
};
use model::language::Language;
use wasm_bindgen_futures::JsFuture;

use super::{CATALOG_ELEMENT, Catalog, Interpreter};

static LEARNED: OnceLock<(Language, Catalog)> = OnceLock::new();

pub(super) fn current() -> Option<(Language, &'static Catalog)> {
    LEARNED.get().map(|(language, catalog)| (*language, catalog))
}

/// Only the server's half needs it.
pub const fn catalog_address(_: Language) -> Option<String> {
    None
}

/// Fetches the page's catalog. Where that fails the page goes on in English.
pub async fn learn() {
    let Some((language, address)) = needed() else { return };
    match fetch(&address).await {
        Ok(catalog) => {
            let _ = LEARNED.set((language, catalog));
            model::language::set_translator(Interpreter);
            tr::set_translator!(Interpreter);
        }
        Err(error) => leptos::logging::warn!("the words of this language are missing: {error:?}"),
    }
}

fn needed() -> Option<(Language, String)> {
    let link: HtmlLinkElement = document().get_element_by_id(CATALOG_ELEMENT)?.dyn_into().ok()?;
    let language = document().document_element()?.get_attribute("lang")?.parse().ok()?;
    Some((language, link.href()))
}

async fn fetch(address: &str) -> Result<Catalog, JsValue> {
    let response: Response = JsFuture::from(window().fetch_with_str(address)).await?.dyn_into()?;
    let text = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
    serde_json::from_slice(text.as_bytes()).map_err(|error| JsValue::from(error.to_string()))
}
