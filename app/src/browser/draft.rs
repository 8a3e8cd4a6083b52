//! What was typed into a form, kept for this tab: a reload, a crash or a lost session takes nothing away. Secrets and
//! confirmations are never kept.

use std::time::Duration;

use leptos::{
    prelude::{set_timeout, window},
    wasm_bindgen::JsCast,
    web_sys::UrlSearchParams,
};
use web_sys::{FormData, HtmlFormElement, HtmlInputElement, Storage};

use super::{document::here, fields};

/// How long a form's fields may take to be drawn, and how often they are looked for.
const WAIT: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(100);

/// Inputs that are drawn once the form's choices are known.
const VISIBLE: &str = "input:not([type='hidden']), select, textarea";
/// Inputs whose values are never kept.
const UNKEPT: &str = "[type='password'], [type='hidden'], [name*='confirm']";

/// The draft of one form on one page.
#[derive(Clone)]
pub struct Draft {
    key: String,
}

impl Draft {
    /// Of the form with this id, on the page where the person is.
    pub fn here(form: &str) -> Self {
        Self { key: format!("draft {} {form}", here()) }
    }

    /// Keeps what the form holds now.
    pub fn keep(&self, form: &HtmlFormElement) {
        if let (Some(storage), Some(held)) = (storage(), held(form)) {
            let _ = storage.set_item(&self.key, &held);
        }
    }

    pub fn forget(&self) {
        if let Some(storage) = storage() {
            let _ = storage.remove_item(&self.key);
        }
    }

    /// Fills the form with what was kept as soon as its fields are there, and then calls `restored`.
    pub fn restore(self, form: HtmlFormElement, restored: impl FnOnce() + 'static) {
        let kept = storage().and_then(|storage| storage.get_item(&self.key).ok().flatten());
        if let Some(kept) = kept.filter(|kept| Some(kept) != held(&form).as_ref()) {
            fill_when_drawn(form, kept, restored, WAIT.as_millis() / LOOK.as_millis());
        }
    }
}

fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// What may be kept of a form, as `application/x-www-form-urlencoded`.
fn held(form: &HtmlFormElement) -> Option<String> {
    let fields = UrlSearchParams::new_with_str_sequence_sequence(&FormData::new_with_form(form).ok()?.into()).ok()?;
    for input in fields::matching::<HtmlInputElement>(form, UNKEPT) {
        fields.delete(&input.name());
    }
    fields.to_string().as_string()
}

fn fill_when_drawn(form: HtmlFormElement, kept: String, restored: impl FnOnce() + 'static, times: u128) {
    if !form.is_connected() {
        return;
    }
    if form.query_selector(VISIBLE).is_ok_and(|found| found.is_some()) {
        fill(&form, &kept);
        restored();
    } else if times > 0 {
        set_timeout(move || fill_when_drawn(form, kept, restored, times - 1), LOOK);
    }
}

fn fill(form: &HtmlFormElement, kept: &str) {
    let Ok(kept) = UrlSearchParams::new_with_str(kept) else { return };
    for tick in fields::matching::<HtmlInputElement>(form, "[type='checkbox']") {
        tick.set_checked(kept.has(&tick.name()));
    }
    for field in fields::matching::<leptos::web_sys::Element>(form, "input:not([type='checkbox']), select, textarea") {
        let unkept = field.matches(UNKEPT).unwrap_or(true);
        let value = field.get_attribute("name").filter(|_| !unkept).and_then(|name| kept.get(&name));
        if let Some(value) = value {
            fields::fill(field.unchecked_ref(), &value);
        }
    }
}
