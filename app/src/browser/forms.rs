//! Forms, sent without a reload.

use leptos::{prelude::document, task::spawn_local, wasm_bindgen::JsCast};
use web_sys::{FormData, HtmlButtonElement, HtmlElement, HtmlFormElement, SubmitEvent, UrlSearchParams};

use super::{
    dom, page,
    visit::{self, Failure, Page, Step},
};
use crate::{address::Address, api::ApiError};

/// Marks forms after which everything on the page differs: the browser sends them, with a reload.
const PLAIN: &str = "data-plain";
/// Where somebody is led whose session has ended.
const SIGN_IN: &str = "/login";
/// Marks a form that is on its way.
const SENT: &str = "aria-busy";

pub fn follow() {
    dom::on("submit", submitted);
}

fn submitted(event: SubmitEvent) {
    let Some(form) = dom::target::<HtmlFormElement>(&event, "form") else { return };
    if event.default_prevented() {
        return;
    }
    match form.get_attribute("method").as_deref() {
        Some("post") if !form.has_attribute(PLAIN) => {
            event.prevent_default();
            let button = event.submitter().and_then(|button| button.dyn_into().ok());
            send(form, button);
        }
        Some("get") => {
            event.prevent_default();
            ask(&form);
        }
        _ => {}
    }
}

/// Goes to the page that the form describes: what is typed and chosen stands in its address.
pub fn ask(form: &HtmlFormElement) {
    let Some(fields) = fields(form) else { return };
    let here = page::address();
    let path = form.get_attribute("action").unwrap_or_else(|| here.path().to_owned());
    let address =
        fields.into_iter().fold(Address::new(&path, ""), |address, (name, value)| address.with(&name, value.trim()));
    visit::go(&address.href(), Step::InPlace, false);
}

fn fields(form: &HtmlFormElement) -> Option<Vec<(String, String)>> {
    let data = FormData::new_with_form(form).ok()?;
    let pairs = data.entries();
    let text = |pair: js_sys::Array| Some((pair.get(0).as_string()?, pair.get(1).as_string()?));
    Some(pairs.into_iter().flatten().filter_map(|pair| text(pair.dyn_into().ok()?)).collect())
}

/// Sends it unless it is on its way already.
fn send(form: HtmlFormElement, button: Option<HtmlButtonElement>) {
    if form.has_attribute(SENT) {
        return;
    }
    let (Some(action), Some(fields)) = (form.get_attribute("action"), fields(&form)) else { return };
    let Ok(body) = UrlSearchParams::new() else { return };
    for (name, value) in fields {
        body.append(&name, &value);
    }
    let _ = form.set_attribute(SENT, "true");
    let waiting = button.map(Waiting::begin);
    spawn_local(async move {
        let answer = visit::post(&action, &body).await;
        let _ = form.remove_attribute(SENT);
        if let Some(waiting) = &waiting {
            waiting.end();
        }
        match answer {
            Some(Ok(page)) if page::is_signed_in() && page.path() == SIGN_IN => complain(&form, &ApiError::SignedOut),
            Some(Ok(page)) => show(&form, &page).await,
            Some(Err(Failure::Offline)) => complain(&form, &ApiError::Offline),
            Some(Err(Failure::Strange)) => complain(&form, &ApiError::Malformed),
            None => {}
        }
        if let Some(waiting) = &waiting {
            waiting.focus_again();
        }
    });
}

/// The button of a form that is on its way.
struct Waiting {
    button: HtmlButtonElement,
    label: String,
    was_focused: bool,
    /// What is around it, from the inside out.
    around: Vec<HtmlElement>,
}

impl Waiting {
    /// It says that it is, and cannot be pressed.
    fn begin(button: HtmlButtonElement) -> Self {
        let label = button.text_content().unwrap_or_default();
        let was_focused = dom::is_focused(&button);
        let parents = std::iter::successors(button.parent_element(), |element| element.parent_element());
        let around = parents.filter_map(|element| element.dyn_into().ok()).collect();
        if let Some(pending) = button.get_attribute("data-pending") {
            button.set_text_content(Some(&pending));
        }
        button.set_disabled(true);
        Self { button, label, was_focused, around }
    }

    fn end(&self) {
        self.button.set_text_content(Some(&self.label));
        self.button.set_disabled(false);
    }

    /// Who pressed it with the keyboard goes on from there, unless something else wants the focus. Where the button is
    /// gone, the focus goes to what was around it and not to the next button, which does something else.
    fn focus_again(&self) {
        let nowhere = document().body().is_some_and(|body| dom::is_focused(&body));
        if !self.was_focused || !nowhere {
            return;
        }
        if self.button.is_connected() {
            let _ = self.button.focus();
        } else if let Some(around) = self.around.iter().find(|element| element.is_connected()) {
            let _ = around.set_attribute("tabindex", "-1");
            let _ = around.focus();
        }
    }
}

async fn show(form: &HtmlFormElement, page: &Page) {
    // Its dialog was closed meanwhile.
    if !form.is_connected() {
        page.announce();
        visit::refresh().await;
        return;
    }
    let same = page.path() == page::address().path();
    let step = if same { Step::InPlace } else { Step::Forward };
    visit::show(page, step, !same);
    let id = form.id();
    let drawn = document().get_element_by_id(&id).and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
    let Some(drawn) = drawn else { return };
    if dom::find_below::<HtmlElement>(&drawn, "[role='alert']").is_some() {
        page::focus_failure(&format!("[id='{id}']"));
    } else {
        // What was typed is done with.
        drawn.reset();
    }
}

/// Says above the fields what did not work, where the server could not. Nothing typed is lost.
fn complain(form: &HtmlFormElement, error: &ApiError) {
    if let Some(earlier) = dom::find_below::<HtmlElement>(form, ":scope > [role='alert']") {
        earlier.remove();
    }
    let text = dom::element("p", "", &error.to_string());
    let (Some(alert), Some(text)) = (dom::element("div", "alert alert-danger", ""), text) else { return };
    let _ = alert.set_attribute("role", "alert");
    let _ = alert.set_attribute("tabindex", "-1");
    let _ = alert.append_child(&text);
    let _ = form.prepend_with_node_1(&alert);
    let _ = alert.focus();
}
