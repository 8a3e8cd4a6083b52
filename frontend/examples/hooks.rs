//! The hooks of `app::browser`, each by itself: functions that a browser test calls on an empty page. A failed assertion
//! is an exception there.

#![allow(clippy::missing_panics_doc, reason = "a test fails by a panic")]

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use app::{
    api::{ApiError, page::PageRequest},
    browser::{
        clipboard, document as page, draft::Draft, favicon as tab_icon, fields, focus, live, navigation, prefetch,
        refresh, scroll, timeout,
    },
    components::answer::Answer,
    ui::Ui,
};
use leptos::{
    mount::mount_to_body,
    prelude::*,
    wasm_bindgen::{JsCast, closure::Closure, prelude::wasm_bindgen},
    web_sys::{Element, Event, HtmlFormElement, HtmlInputElement},
};
use leptos_router::{NavigateOptions, components::Router, hooks::use_navigate};
use model::ids::ProjectId;

#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
    // With it comes what runs tasks.
    mount_to_body(|| ());
}

/// What waits for timers and for what is drawn.
async fn after(pause: Duration) {
    let (done, over) = futures::channel::oneshot::channel::<()>();
    set_timeout(move || drop(done), pause);
    let _ = over.await;
}

async fn a_moment() {
    after(Duration::from_millis(100)).await;
}

fn draw(html: &str) {
    document().body().unwrap().set_inner_html(html);
}

fn find<T: JsCast>(selector: &str) -> T {
    let found = document().query_selector(selector).unwrap();
    found.unwrap_or_else(|| panic!("{selector} is not there")).dyn_into().unwrap()
}

fn focused() -> String {
    document().active_element().map(|element| element.id()).unwrap_or_default()
}

#[wasm_bindgen]
pub fn favicon() {
    // Where there is none, nothing happens.
    tab_icon::show("/elsewhere.svg");
    document().head().unwrap().set_inner_html("<link rel='icon' href='/favicon.svg'>");
    let shown = || find::<Element>("link[rel='icon']").get_attribute("href").unwrap();
    tab_icon::show("/favicon-bad.svg");
    assert_eq!(shown(), "/favicon-bad.svg");
    tab_icon::show(tab_icon::USUAL);
    assert_eq!(shown(), "/favicon.svg");
}

/// A press of the button copies the selection. Browsers allow that to a person alone.
#[wasm_bindgen]
pub fn clipboard() {
    mount_to_body(|| {
        let told = RwSignal::new(String::new());
        let copy = move |_| {
            find::<HtmlInputElement>("#secret").select();
            told.set(clipboard::copy_selection().to_string());
        };
        view! {
            <input id="secret" value="copied text"/>
            <button on:click=copy>"Copy"</button>
            <output>{told}</output>
        }
    });
}

#[wasm_bindgen]
pub fn document_() {
    let history = window().history().unwrap();
    history.replace_state_with_url(&leptos::wasm_bindgen::JsValue::NULL, "", Some("/a/b?c=d#e")).unwrap();
    assert_eq!(page::here(), "/a/b?c=d");
    let root = document().document_element().unwrap();
    page::begin();
    assert_eq!(page::here(), "/a/b?c=d", "a page that says nothing of its address has it already");
    root.set_attribute("data-address", "/users?dialog=add").unwrap();
    page::begin();
    assert_eq!(page::here(), "/users?dialog=add");
    assert!(!root.class_list().contains("hydrated"));
    page::mark_hydrated();
    assert!(root.class_list().contains("hydrated"));
}

const FORM: &str = "<form id='f'><input type='hidden' name='id' value='7'><input name='name'><input type='password' name='secret'>\
    <input name='confirm_name'><input type='checkbox' name='tick' checked><select name='kind'><option>a</option><option>b</option>\
    </select><textarea name='note'></textarea></form>";

#[wasm_bindgen]
pub async fn draft() {
    draw(FORM);
    let form: HtmlFormElement = find("#f");
    for (name, typed) in
        [("name", "ann"), ("secret", "s3cret"), ("confirm_name", "ann"), ("kind", "b"), ("note", "a\nb")]
    {
        fields::set(&form, name, typed);
    }
    find::<HtmlInputElement>("[name=tick]").set_checked(false);
    let draft = Draft::here("f");
    draft.keep(&form);
    let storage = window().session_storage().unwrap().unwrap();
    let kept = storage.get_item(&storage.key(0).unwrap().unwrap()).unwrap().unwrap();
    assert!(!kept.contains("s3cret") && !kept.contains("confirm"), "secrets and confirmations are never kept: {kept}");

    // As after a reload, where the fields are drawn after the form.
    draw("<form id='f'></form>");
    let form: HtmlFormElement = find("#f");
    let told = std::rc::Rc::new(std::cell::Cell::new(0));
    let count = told.clone();
    Draft::here("f").restore(form.clone(), move || count.set(count.get() + 1));
    a_moment().await;
    assert_eq!(told.get(), 0, "it waits for the fields");
    form.set_inner_html(&FORM["<form id='f'>".len()..FORM.len() - "</form>".len()]);
    after(Duration::from_millis(300)).await;
    let values = fields::Values::of(&form).unwrap();
    let held = |name| values.get(name).unwrap_or_default().replace("\r\n", "\n");
    assert_eq!((held("name").as_str(), held("kind").as_str(), held("note").as_str()), ("ann", "b", "a\nb"));
    assert_eq!((values.get("tick"), held("id").as_str(), told.get()), (None, "7", 1));

    draft.forget();
    assert_eq!(storage.length().unwrap(), 0);
}

#[wasm_bindgen]
pub fn fields_() {
    static SENT: AtomicU32 = AtomicU32::new(0);
    draw(FORM);
    let form: HtmlFormElement = find("#f");
    fields::set(&form, "name", "ann");
    fields::fill(&find::<Element>("select"), "b");
    let values = fields::Values::of(&form).unwrap();
    assert_eq!((values.get("name"), values.get("kind"), values.get("nothing")), (Some("ann"), Some("b"), None));
    assert_eq!(values.get("tick"), Some("on"));
    assert_eq!(fields::matching::<HtmlInputElement>(&form, "input").len(), 5);
    fields::reset("#f");
    assert_eq!(fields::Values::of(&form).unwrap().get("name"), Some(""));
    let tick = find::<HtmlInputElement>("input[type=checkbox]");
    for on in [true, false] {
        fields::tick(&form, &tick.name(), on);
        assert_eq!(tick.checked(), on);
    }
    let listener = Closure::<dyn FnMut(Event)>::new(|event: Event| {
        event.prevent_default();
        SENT.fetch_add(1, Ordering::Relaxed);
    });
    form.add_event_listener_with_callback("submit", listener.as_ref().unchecked_ref()).unwrap();
    fields::send(&form);
    assert_eq!(SENT.load(Ordering::Relaxed), 1);
}

#[wasm_bindgen]
pub async fn focus() {
    draw(
        "<form id='f'><p role='alert' tabindex='-1' id='summary'></p><details><summary>More</summary>\
         <input id='wrong' aria-invalid='true'></details></form><section id='around'><button id='gone'></button></section>",
    );
    focus::failure("#f");
    a_moment().await;
    assert_eq!(focused(), "wrong", "the first failed field, where it is folded away too");
    assert!(find::<Element>("details").has_attribute("open"));
    find::<Element>("#wrong").remove_attribute("aria-invalid").unwrap();
    focus::failure("#f");
    a_moment().await;
    assert_eq!(focused(), "summary");

    find::<leptos::web_sys::HtmlElement>("#gone").focus().unwrap();
    let pressed = focus::Pressed::now();
    find::<Element>("#gone").remove();
    pressed.focus_again();
    a_moment().await;
    assert_eq!(focused(), "around", "what was around it, and no other button");

    draw("<button popovertarget='menu'>Menu</button><div id='menu' popover><a id='entry' href='#x'>Entry</a></div>");
    find::<leptos::web_sys::HtmlElement>("[popovertarget]").click();
    assert!(find::<Element>("#menu").matches(":popover-open").unwrap());
    let heard = window_event_listener(leptos::ev::click, |event| {
        let event: Event = event.into();
        focus::close_menu_of(&event);
        assert_eq!(focus::target::<Element>(&event, "a").map(|entry| entry.id()), Some("entry".to_owned()));
    });
    find::<leptos::web_sys::HtmlElement>("#entry").click();
    heard.remove();
    assert!(!find::<Element>("#menu").matches(":popover-open").unwrap());
}

/// The test's page tells that runs of the projects 7 and 8 moved.
#[wasm_bindgen]
pub async fn live() {
    let owner = Owner::new();
    let live = owner.with(|| {
        live::Live::provide(true);
        live::use_live()
    });
    assert!(live.is_shown());
    for _ in 0..50 {
        a_moment().await;
        if live.count(Some(ProjectId(7))).is_some_and(|count| count > 1) {
            break;
        }
    }
    assert!(live.count(Some(ProjectId(7))).unwrap() > 1, "the one that was told of");
    assert_eq!(live.count(Some(ProjectId(9))), None, "and no other");
    assert!(live.count(None).is_some());
}

#[wasm_bindgen]
pub async fn navigation() {
    mount_to_body(|| {
        let strip = NodeRef::new();
        view! {
            <Router>
                <Strip strip=strip/>
            </Router>
        }
    });
    a_moment().await;
    let strip: Element = find("nav");
    assert!(strip.scroll_left() > 500, "the current entry is far to the right: {}", strip.scroll_left());
}

#[component]
fn Strip(strip: NodeRef<leptos::html::Nav>) -> impl IntoView {
    navigation::show_current(strip);
    let entry = |number: u32| {
        let current = (number == 15).then_some("page");
        view! { <a href="#x" aria-current=current style="display: inline-block; width: 100px">{number}</a> }
    };
    view! {
        <nav node_ref=strip style="position: relative; width: 300px; overflow: auto; white-space: nowrap">
            {(0..20).map(entry).collect_view()}
        </nav>
    }
}

/// The test's page has the list of the parts.
#[wasm_bindgen]
pub async fn prefetch() {
    let script = document().create_element("link").unwrap();
    script.set_attribute("rel", "modulepreload").unwrap();
    script.set_attribute("href", "/pkg/holdfast.js").unwrap();
    document().head().unwrap().append_child(&script).unwrap();
    prefetch::parts_when_idle();
    a_moment().await;
    assert_eq!(
        document().query_selector_all("link[rel='prefetch']").unwrap().length(),
        0,
        "not while the page is drawn"
    );
    after(Duration::from_secs(6)).await;
    let parts = document().query_selector_all("link[rel='prefetch']").unwrap();
    let addresses: Vec<_> =
        (0..parts.length()).filter_map(|at| parts.get(at)?.dyn_into::<Element>().ok()?.get_attribute("href")).collect();
    let base = window().location().origin().unwrap();
    assert_eq!(addresses, [format!("{base}/pkg/part_a.wasm"), format!("{base}/pkg/part_b.wasm")], "each once");
}

/// The test's page tells that runs of the projects 7 and 8 moved.
#[wasm_bindgen]
pub async fn refresh() {
    static OF_SEVEN: AtomicU32 = AtomicU32::new(0);
    static OF_NINE: AtomicU32 = AtomicU32::new(0);
    fn keep(project: i64, asked: &'static AtomicU32) {
        let project = Memo::new(move |_| ProjectId(project));
        let ask = move |_: ProjectId| async move { Ok::<u32, ApiError>(asked.fetch_add(1, Ordering::SeqCst)) };
        let answer: Answer<u32> = Answer::new(move || project.get(), ask);
        refresh::keep_fresh_of(answer, project, |_| false);
    }
    mount_to_body(|| {
        Ui::provide(PageRequest::default());
        live::Live::provide(true);
        keep(7, &OF_SEVEN);
        keep(9, &OF_NINE);
    });
    after(Duration::from_secs(3)).await;
    let (seven, nine) = (OF_SEVEN.load(Ordering::SeqCst), OF_NINE.load(Ordering::SeqCst));
    assert!(nine >= 1 && seven > nine, "what moved is asked again, and nothing else: {seven} and {nine}");
}

/// Steps in the history are the test's.
#[wasm_bindgen]
pub fn scroll() {
    mount_to_body(|| {
        scroll::restore();
        view! { <div style="height: 5000px"></div> }
    });
}

/// The test lets a minute pass.
#[wasm_bindgen]
pub async fn timeout() {
    assert_eq!(timeout::of_reading(async { 7 }).await, Some(7));
    let never = timeout::of_reading(futures::future::pending::<()>());
    assert_eq!(never.await, None);
}

/// The test sees the next page loaded as a whole.
#[wasm_bindgen]
pub async fn version() {
    mount_to_body(|| {
        live::Live::provide(false);
        view! {
            <Router>
                <Versioned/>
            </Router>
        }
    });
    a_moment().await;
}

#[component]
fn Versioned() -> impl IntoView {
    let version = live::use_live().version();
    version.reload_with_the_next_page();
    let navigate = use_navigate();
    let go = move |address: &'static str| {
        let navigate = navigate.clone();
        move |_| navigate(address, NavigateOptions::default())
    };
    view! {
        <button on:click=go("/second")>"Next"</button>
        <button on:click=go("/third?a=b")>"Further"</button>
        <button on:click=move |_| version.heard("1")>"Same"</button>
        <button on:click=move |_| version.heard("2")>"Other"</button>
    }
}
