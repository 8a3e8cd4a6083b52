//! Where the focus goes after something has happened.

use std::time::Duration;

use leptos::{
    prelude::{document, request_animation_frame, set_timeout},
    wasm_bindgen::JsCast,
};
use web_sys::{Element, Event, HtmlElement};

/// Moves the focus to the first failed field below `within`, a selector, or else to the summary, once they are drawn.
pub fn failure(within: &str) {
    let within = within.to_owned();
    request_animation_frame(move || {
        let find = |what: &str| document().query_selector(&format!("{within} {what}")).ok().flatten();
        if let Some(target) = find("[aria-invalid='true']").or_else(|| find("[role='alert']")) {
            if let Some(folded) = target.closest("details:not([open])").ok().flatten() {
                let _ = folded.set_attribute("open", "");
            }
            focus(target);
        }
    });
}

/// How long, and how often in that time, the focus is looked after when something was pressed: the list that it changes
/// is asked for anew.
const WATCH: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(50);

/// What was pressed, and what is around it, from the inside out.
pub struct Pressed(Vec<Element>);

impl Pressed {
    /// Where the focus is when a form is sent.
    pub fn now() -> Self {
        let pressed = document().active_element();
        Self(std::iter::successors(pressed, |element: &Element| element.parent_element()).collect())
    }

    /// While the page is drawn anew: whoever pressed something with the keyboard goes on from there, unless something else
    /// has taken the focus. Where it is gone, the focus goes to what was around it, and not to the next button, which does
    /// something else.
    pub fn focus_again(self) {
        self.look_again(WATCH.as_millis() / LOOK.as_millis());
    }

    fn look_again(self, times: u128) {
        let body = |element: &Element| element.tag_name() == "BODY";
        let lost = document().active_element().is_none_or(|active| body(&active));
        let place = self.0.iter().find(|element| element.is_connected()).filter(|place| lost && !body(place));
        if let Some(place) = place {
            if !matches!(place.tag_name().as_str(), "BUTTON" | "A" | "INPUT" | "SELECT") {
                let _ = place.set_attribute("tabindex", "-1");
            }
            focus(place.clone());
        }
        if times > 0 {
            set_timeout(move || self.look_again(times - 1), LOOK);
        }
    }
}

/// The text of the button that sent a form.
pub fn label_of_submitter(event: &web_sys::SubmitEvent) -> Option<String> {
    let text = event.submitter()?.text_content()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The element that an event happened to, or the nearest around it that `selector` describes.
pub fn target<T: JsCast>(event: &Event, selector: &str) -> Option<T> {
    let element: Element = event.target()?.dyn_into().ok()?;
    element.closest(selector).ok().flatten()?.dyn_into().ok()
}

/// Closes the menu in which something was pressed; the focus goes back to its button.
pub fn close_menu_of(event: &Event) {
    let pressed = target::<HtmlElement>(event, "a, button");
    if let Some(menu) = pressed.and_then(|_| target::<HtmlElement>(event, "[popover]")) {
        let _ = menu.hide_popover();
    }
}

fn focus(element: Element) {
    if let Ok(element) = element.dyn_into::<HtmlElement>() {
        let _ = element.focus();
    }
}
