//! What is announced: it goes after a while, or when it is dismissed.

use std::{cell::RefCell, time::Duration};

use leptos::{
    leptos_dom::helpers::TimeoutHandle,
    prelude::{set_timeout_with_handle, window},
};
use web_sys::{Document, HtmlElement, HtmlInputElement, MouseEvent};

use super::dom;

/// How long an announcement stays.
const STAYS: Duration = Duration::from_secs(8);

thread_local! {
    static TIMER: RefCell<Option<TimeoutHandle>> = const { RefCell::new(None) };
}

pub fn follow() {
    dom::on("click", |event: MouseEvent| {
        if dom::target::<HtmlElement>(&event, ".notice button").is_some() {
            clear();
        }
    });
}

pub fn announce(words: &str) {
    clear();
    let (Some(region), Some(text)) = (dom::find::<HtmlElement>(".notices"), dom::element("p", "", words)) else {
        return;
    };
    if let Some(notice) = dom::element("div", "notice", "") {
        let _ = notice.append_child(&text);
        let _ = region.append_child(&notice);
        stay_a_while();
    }
}

/// Follows what the server announced.
pub fn shown() {
    if dom::find::<HtmlElement>(".notice").is_some() {
        stay_a_while();
    }
    complete_link();
}

/// Shows what another page announces.
pub fn take_over(page: &Document) {
    let notice = dom::find_in::<HtmlElement>(page, ".notice");
    if let (Some(notice), Some(region)) = (notice, dom::find::<HtmlElement>(".notices")) {
        clear();
        let _ = region.append_child(&notice);
        stay_a_while();
    }
}

fn clear() {
    for notice in dom::find_all::<HtmlElement>(".notice") {
        notice.remove();
    }
}

fn stay_a_while() {
    let timer = set_timeout_with_handle(clear, STAYS).ok();
    if let Some(earlier) = TIMER.replace(timer) {
        earlier.clear();
    }
}

/// The server cannot be sure by which address people reach it, so a link that is to be passed on begins with its path.
fn complete_link() {
    let Some(input) = dom::find::<HtmlInputElement>("#one-time-link") else { return };
    let link = input.value();
    if link.starts_with('/') {
        input.set_value(&format!("{}{link}", window().location().origin().unwrap_or_default()));
        let _ = input.focus();
        input.select();
    }
}
