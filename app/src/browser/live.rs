//! Hearing from the server that runs moved, so that a page that shows them is asked for again at once.
//!
//! A page that is not looked at does not listen: a browser has few connections to one host. Where nothing can be heard,
//! the page is asked for now and then.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use leptos::{
    leptos_dom::helpers::TimeoutHandle,
    prelude::{document, set_timeout, set_timeout_with_handle},
    task::spawn_local,
    wasm_bindgen::{JsCast, closure::Closure},
};
use web_sys::{Element, Event, EventSource, MessageEvent};

use super::{dom, page, visit};
use crate::components::fresh::{BUSY as IS_BUSY, LIVE, PROJECT};

/// Where the server tells.
const EVENTS: &str = "/events";

/// How long after a refusal it is tried again. A connection that broke off is made again by the browser itself.
const PAUSE: Duration = Duration::from_mins(1);

/// How often a page is asked for: while something runs; otherwise, since a schedule may start something any minute; and
/// both while the server tells what moves, which may miss what begins and ends between two of its looks.
const BUSY: Duration = Duration::from_secs(2);
const IDLE: Duration = Duration::from_secs(10);
const BUSY_AND_TOLD: Duration = Duration::from_secs(5);
const IDLE_AND_TOLD: Duration = Duration::from_secs(30);

thread_local! {
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
    static TIMER: RefCell<Option<TimeoutHandle>> = const { RefCell::new(None) };
    static STOPPED: Cell<bool> = const { Cell::new(false) };
}

pub fn follow() {
    dom::on("visibilitychange", |_: Event| shown());
}

/// Another page is shown, or another state of it, or it is looked at again.
pub fn shown() {
    let looked_at = !document().hidden();
    STOPPED.set(false);
    if looked_at && page::is_signed_in() {
        CONNECTION.with_borrow_mut(|connection| {
            if connection.is_none() {
                *connection = Connection::open();
            }
        });
    } else {
        CONNECTION.set(None);
    }
    ask_later(looked_at);
}

/// Nothing more is to be heard by who is not signed in.
pub fn stop() {
    STOPPED.set(true);
    CONNECTION.set(None);
    set_timer(None);
}

/// What on the page follows the runs, of one project or of all.
fn marks() -> Vec<Element> {
    dom::find_all(&format!("[{LIVE}]"))
}

fn ask_later(looked_at: bool) {
    let marks = marks();
    if marks.is_empty() || !looked_at {
        set_timer(None);
        return;
    }
    let busy = marks.iter().any(|mark| mark.get_attribute(LIVE).as_deref() == Some(IS_BUSY));
    let told = CONNECTION.with_borrow(|connection| connection.as_ref().is_some_and(Connection::is_open));
    let pause = match (busy, told) {
        (true, true) => BUSY_AND_TOLD,
        (true, false) => BUSY,
        (false, true) => IDLE_AND_TOLD,
        (false, false) => IDLE,
    };
    set_timer(set_timeout_with_handle(|| spawn_local(ask()), pause).ok());
}

fn set_timer(timer: Option<TimeoutHandle>) {
    if let Some(earlier) = TIMER.replace(timer) {
        earlier.clear();
    }
}

/// Also where nothing came, it is asked again later.
async fn ask() {
    visit::refresh().await;
    if !STOPPED.get() {
        ask_later(!document().hidden());
    }
}

/// Runs of these projects moved; of any, where none is named.
fn heard(projects: &str) {
    let concerns = |mark: &Element| match mark.get_attribute(PROJECT) {
        Some(project) if !projects.is_empty() => projects.split(',').any(|moved| moved == project),
        _ => true,
    };
    if marks().iter().any(concerns) {
        spawn_local(ask());
    }
}

/// A connection, with what is called when something comes.
struct Connection {
    source: EventSource,
    _opened: Closure<dyn FnMut()>,
    _failed: Closure<dyn FnMut()>,
    _told: Closure<dyn FnMut(MessageEvent)>,
}

impl Connection {
    fn open() -> Option<Self> {
        let source = EventSource::new(EVENTS).ok()?;
        // Something may have moved before.
        let opened = Closure::new(|| heard(""));
        let watched = source.clone();
        let failed = Closure::new(move || {
            if watched.ready_state() == EventSource::CLOSED {
                // Not from within the closure that would be dropped.
                set_timeout(|| CONNECTION.set(None), Duration::ZERO);
                set_timeout(shown, PAUSE);
            }
        });
        let told = Closure::new(|event: MessageEvent| heard(&event.data().as_string().unwrap_or_default()));
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        source.set_onmessage(Some(told.as_ref().unchecked_ref()));
        Some(Self { source, _opened: opened, _failed: failed, _told: told })
    }

    fn is_open(&self) -> bool {
        self.source.ready_state() == EventSource::OPEN
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onerror(None);
        self.source.set_onmessage(None);
        self.source.close();
    }
}
