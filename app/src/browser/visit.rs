//! Fetching another page, or the same one again, and showing it.

use std::cell::Cell;

use leptos::{
    prelude::{document, window},
    task::spawn_local,
    wasm_bindgen::{JsCast, JsValue},
};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, Document, DomParser, Headers, HtmlElement, RequestInit, Response, SupportedType, Url, UrlSearchParams,
};

use super::{
    dom::{find, find_in},
    live,
    morph::{self, Reason},
    notices, page,
};
use crate::api::{ApiError, flash::REFRESH};

/// How long a page may take, in milliseconds.
const PATIENCE: u32 = 60_000;
/// How long the server may take to do something: it asks other servers, each with a deadline of its own.
const PATIENCE_WITH_POSTS: u32 = 300_000;

/// The attribute of the document while another page is on its way.
const LEAVING: &str = "data-leaving";

/// What becomes of the address that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A step in the history.
    Forward,
    /// None: the address takes the place of the one before.
    InPlace,
    /// The browser has made it already.
    Made,
}

/// A page that has come.
pub struct Page {
    place: String,
    document: Document,
}

impl Page {
    pub fn path(&self) -> &str {
        self.place.split('?').next().unwrap_or_default()
    }

    /// Shows what it announces, and nothing else of it.
    pub fn announce(&self) {
        notices::take_over(&self.document);
    }
}

/// Why none has come.
#[derive(Debug)]
pub enum Failure {
    Offline,
    /// Something else than a page.
    Strange,
}

thread_local! {
    /// Counts what was asked for, so that what comes late is not shown.
    static ASKED: Cell<u32> = const { Cell::new(0) };
    /// How much is on its way that somebody asked for.
    static PENDING: Cell<u32> = const { Cell::new(0) };
    static REFRESHING: Cell<bool> = const { Cell::new(false) };
    static ONCE_MORE: Cell<bool> = const { Cell::new(false) };
    /// How many pages are on their way that take the place of the one that is shown.
    static LEFT_FOR: Cell<i32> = const { Cell::new(0) };
}

/// Goes to an address of this site. `jump` is whether the new page is shown from its top.
pub fn go(href: &str, step: Step, jump: bool) {
    let href = href.to_owned();
    spawn_local(async move {
        let turn = begin();
        leaving(1);
        let came = fetch(&href, Asking::ForPage).await;
        leaving(-1);
        if !end(turn) {
            return;
        }
        match came {
            Ok(new) => show(&new, step, jump),
            Err(Failure::Strange) => leave_for(&href),
            Err(Failure::Offline) => notices::announce(&ApiError::Offline.to_string()),
        }
    });
}

/// Asks for the page that is shown again, unless another one is on its way. One at a time: what is asked for meanwhile
/// is asked for once more afterwards.
pub async fn refresh() {
    if REFRESHING.replace(true) {
        ONCE_MORE.set(true);
        return;
    }
    loop {
        ONCE_MORE.set(false);
        refresh_once().await;
        if !ONCE_MORE.get() {
            break;
        }
    }
    REFRESHING.set(false);
}

async fn refresh_once() {
    if PENDING.get() > 0 {
        return;
    }
    let (turn, here) = (ASKED.get(), page::place());
    let came = fetch(&here, Asking::Again).await;
    if ASKED.get() != turn || page::place() != here {
        return;
    }
    match came {
        Ok(new) if new.place == here && page::is_alike(&new.document) => {
            morph::show(&new.document, Reason::Moved);
            page::shown();
        }
        Ok(_) => {
            live::stop();
            notices::announce(&ApiError::SignedOut.to_string());
        }
        Err(Failure::Offline) => notices::announce(&ApiError::Offline.to_string()),
        Err(Failure::Strange) => {}
    }
}

/// Sends a form. The page that answers is not shown yet; where somebody has gone elsewhere meanwhile, only what it
/// announces is, and this is `None`.
pub async fn post(action: &str, fields: &UrlSearchParams) -> Option<Result<Page, Failure>> {
    let turn = begin();
    let came = fetch(action, Asking::ToDo(fields)).await;
    if end(turn) {
        return Some(came);
    }
    match came {
        Ok(page) => page.announce(),
        Err(_) => notices::announce(&ApiError::Offline.to_string()),
    }
    None
}

/// Something that somebody asked for is on its way.
fn begin() -> u32 {
    PENDING.set(PENDING.get() + 1);
    ASKED.set(ASKED.get() + 1);
    ASKED.get()
}

/// It has come; whether nothing else was asked for since.
fn end(turn: u32) -> bool {
    PENDING.set(PENDING.get() - 1);
    ASKED.get() == turn
}

/// What is shown is about to be another view: the style sheet keeps it from being clicked, which would mean what stood
/// there before.
fn leaving(more: i32) {
    LEFT_FOR.set(LEFT_FOR.get() + more);
    if let Some(root) = document().document_element() {
        let _ = if LEFT_FOR.get() > 0 { root.set_attribute(LEAVING, "") } else { root.remove_attribute(LEAVING) };
    }
}

pub fn show(new: &Page, step: Step, jump: bool) {
    if !page::is_alike(&new.document) {
        leave_for(&new.place);
        return;
    }
    let before = window().location().pathname().unwrap_or_default();
    let step = if step == Step::Forward && new.place == page::place() { Step::InPlace } else { step };
    if let Ok(history) = window().history() {
        let _ = match step {
            Step::Forward => history.push_state_with_url(&JsValue::NULL, "", Some(&new.place)),
            // A redirect may have led elsewhere.
            Step::InPlace | Step::Made => history.replace_state_with_url(&JsValue::NULL, "", Some(&new.place)),
        };
    }
    morph::show(&new.document, Reason::Asked);
    page::shown();
    notices::shown();
    if before != window().location().pathname().unwrap_or_default()
        && let Some(main) = find::<HtmlElement>("#main")
    {
        let _ = main.focus();
    }
    if jump {
        window().scroll_to_with_x_and_y(0.0, 0.0);
    }
}

/// Leaves it to the browser, with a reload.
pub fn leave_for(href: &str) {
    let _ = window().location().assign(href);
}

/// What for.
#[derive(Clone, Copy)]
enum Asking<'a> {
    ForPage,
    /// For the page that is shown.
    Again,
    ToDo(&'a UrlSearchParams),
}

async fn fetch(href: &str, asking: Asking<'_>) -> Result<Page, Failure> {
    let response = ask(href, asking).await.map_err(|_| Failure::Offline)?;
    let asked = place_of(&response.url()).unwrap_or_else(|| href.to_owned());
    let is_page =
        response.headers().get("content-type").ok().flatten().is_some_and(|kind| kind.starts_with("text/html"));
    if !is_page {
        return Err(Failure::Strange);
    }
    let text = async { JsFuture::from(response.text()?).await };
    let text = text.await.map_err(|_| Failure::Offline)?.as_string().unwrap_or_default();
    let document = DomParser::new().and_then(|parser| parser.parse_from_string(&text, SupportedType::TextHtml));
    match document {
        Ok(document) if find_in::<HtmlElement>(&document, "#main").is_some() => {
            let place = page::own_address(&document).unwrap_or(asked);
            Ok(Page { place, document })
        }
        _ => Err(Failure::Strange),
    }
}

async fn ask(href: &str, asking: Asking<'_>) -> Result<Response, JsValue> {
    let request = RequestInit::new();
    let headers = Headers::new()?;
    headers.set("accept", "text/html")?;
    let mut patience = PATIENCE;
    match asking {
        Asking::ForPage => {}
        Asking::Again => headers.set(REFRESH, "1")?,
        Asking::ToDo(fields) => {
            patience = PATIENCE_WITH_POSTS;
            request.set_method("POST");
            request.set_body(fields);
        }
    }
    request.set_headers(&headers);
    request.set_signal(Some(&AbortSignal::timeout_with_u32(patience)));
    JsFuture::from(window().fetch_with_str_and_init(href, &request)).await?.dyn_into()
}

fn place_of(url: &str) -> Option<String> {
    let url = Url::new(url).ok()?;
    Some(format!("{}{}", url.pathname(), url.search()))
}
