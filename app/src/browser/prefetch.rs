//! Fetching the code of the other pages while nothing else is to be done.

use std::time::Duration;

use leptos::{
    prelude::{document, set_timeout, window},
    task::spawn_local,
    wasm_bindgen::{JsCast, JsValue},
};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlLinkElement, Response};

/// How long a page has been shown by then.
const PAUSE: Duration = Duration::from_secs(5);

/// The list of the parts that each page needs, beside the script, as leptos names it.
pub const PARTS: &str = "__wasm_split_manifest.json";

/// Fetches them into the browser's cache, with the lowest priority.
pub fn parts_when_idle() {
    set_timeout(
        || {
            spawn_local(async {
                // Without them, each page fetches its own when it is shown.
                let _ = parts().await;
            });
        },
        PAUSE,
    );
}

async fn parts() -> Result<(), JsValue> {
    let script = document().query_selector("link[rel='modulepreload']")?;
    let Some(script) = script.and_then(|script| script.dyn_into::<HtmlLinkElement>().ok()) else { return Ok(()) };
    let script = script.href();
    let folder = script.rsplit_once('/').map_or("", |(folder, _)| folder);
    let answer: Response = JsFuture::from(window().fetch_with_str(&format!("{folder}/{PARTS}"))).await?.dyn_into()?;
    let text = JsFuture::from(answer.text()?).await?.as_string().unwrap_or_default();
    for part in files(&text) {
        let link: HtmlLinkElement = document().create_element("link")?.dyn_into()?;
        link.set_rel("prefetch");
        link.set_as("fetch");
        link.set_cross_origin(Some("anonymous"));
        link.set_href(&format!("{folder}/{part}.wasm"));
        if let Some(head) = document().head() {
            head.append_child(&link)?;
        }
    }
    Ok(())
}

/// The names of all parts, each once.
fn files(manifest: &str) -> std::collections::BTreeSet<String> {
    let pages: std::collections::HashMap<String, Vec<String>> =
        serde_json::from_slice(manifest.as_bytes()).unwrap_or_default();
    pages.into_values().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::files;

    #[test]
    fn each_part_is_named_once() {
        let found: Vec<_> = files(r#"{"a":["chunk_1","split_a"],"b":["chunk_1","split_b"]}"#).into_iter().collect();
        assert_eq!(found, ["chunk_1", "split_a", "split_b"]);
        assert!(files("<html>").is_empty());
    }
}
