//! What is typed in the form around an island.

use js_sys::Reflect;
use leptos::{
    html::Span,
    prelude::*,
    wasm_bindgen::{JsCast, JsValue, closure::Closure},
};
use web_sys::{Element, Event, HtmlFormElement};

use crate::components::form_state::input_name;

/// A form, as an island in it finds it.
pub struct Typed(HtmlFormElement);

impl Typed {
    /// What a field holds; nothing where there is no such field.
    pub fn get(&self, field: &str) -> String {
        self.input(field).and_then(|input| Reflect::get(&input, &"value".into()).ok()?.as_string()).unwrap_or_default()
    }

    /// Fills a field in.
    pub fn set(&self, field: &str, text: &str) {
        if let Some(input) = self.input(field) {
            let _ = Reflect::set(&input, &"value".into(), &JsValue::from_str(text));
        }
    }

    /// Tells the other islands of the form that something was filled in.
    pub fn tell(&self) {
        if let Ok(event) = Event::new("input") {
            let _ = self.0.dispatch_event(&event);
        }
    }

    fn input(&self, field: &str) -> Option<Element> {
        self.0.query_selector(&format!("[name='{}']", input_name(field))).ok().flatten()
    }
}

/// Calls `look` as soon as the island around `node` is alive, and then whenever something is typed or chosen in its form,
/// with the name of the input where that is known.
pub fn follow_form(node: NodeRef<Span>, look: impl Fn(&Typed, Option<&str>) + 'static) {
    let mut look = Some(look);
    Effect::new(move |_| {
        let form = node.get().and_then(|node| node.closest("form").ok().flatten());
        let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) else { return };
        let Some(look) = look.take() else { return };
        let typed = Typed(form);
        look(&typed, None);
        let form = typed.0.clone();
        // It may be called within itself, by what it fills in.
        let handle = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            let input = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            look(&typed, input.and_then(|input| input.get_attribute("name")).as_deref());
        });
        // The form goes with its page, and what follows it with the form.
        let _ = form.add_event_listener_with_callback("input", handle.into_js_value().unchecked_ref());
    });
}
