//! A dialog that has an address. The server draws it open, so it is there before WASM and without it; WASM makes it
//! modal.

use leptos::{html, prelude::*, wasm_bindgen::JsCast};
use web_sys::{Event, HtmlDialogElement, HtmlElement};

use crate::{
    address::{use_address, use_part, use_replace_address},
    components::{form_state::TypedInDialog, icon::Icon, subject::use_subject},
};

/// The form that closes the dialog without a script; buttons anywhere in the dialog may belong to it.
const CLOSE_FORM: &str = "dialog-close";

/// Draws its children while the address says that this dialog is open, anew for each thing that it is about.
#[component]
pub fn DialogRoute(
    /// The value of the parameter `dialog`.
    name: &'static str,
    children: ChildrenFn,
) -> impl IntoView {
    let open =
        use_part(move |address| address.shows_dialog(name).then(|| address.get("id").unwrap_or_default().to_owned()));
    view! { <For each=move || open.get() key=Clone::clone children=move |_| children()/> }
}

/// A link that opens a dialog about one row.
#[component]
pub fn DialogLink(
    /// The value of the parameter `dialog`.
    name: &'static str,
    /// The row's.
    id: i64,
    #[prop(into)] label: String,
    #[prop(default = "button button-quiet button-small")] class: &'static str,
) -> impl IntoView {
    let address = use_address();
    view! {
        <a
            class=class
            href=move || address.read().dialog_for(name, id)
            data-noscroll="true"
            aria-describedby=use_subject()
        >
            {label}
        </a>
    }
}

#[component]
pub fn Dialog(
    #[prop(into)] title: String,
    #[prop(default = "dialog")] class: &'static str,
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    let address = use_address();
    let replace_address = use_replace_address();
    let typed = TypedInDialog::provide();
    let asks = RwSignal::new(false);
    Effect::new(move |_| {
        if let Some(dialog) = node.get() {
            make_modal(&dialog);
        }
    });
    // Escape: what was typed is not thrown away without a question.
    let on_cancel = move |event: Event| {
        if typed.is_anything() && !asks.get_untracked() {
            event.prevent_default();
            asks.set(true);
        }
    };
    let on_close = move |_| {
        typed.settle();
        let address = address.get_untracked();
        if address.get("dialog").is_some() {
            replace_address(&address.closed().href());
        }
    };
    view! {
        <dialog node_ref=node class=class open=true aria-labelledby="dialog-title" on:cancel=on_cancel on:close=on_close>
            <div class="dialog-box">
                <header class="dialog-header">
                    <h2 id="dialog-title">{title}</h2>
                    <form method="dialog" id=CLOSE_FORM>
                        <button type="submit" class="button button-icon" aria-label=tr!("Close")>
                            <Icon name="close"/>
                        </button>
                    </form>
                </header>
                {children()}
                {move || asks.get().then(|| view! { <Discard asks=asks/> })}
            </div>
        </dialog>
    }
}

/// Whether what was typed may be thrown away.
#[component]
fn Discard(asks: RwSignal<bool>) -> impl IntoView {
    let keep = NodeRef::<html::Button>::new();
    Effect::new(move |_| {
        if let Some(keep) = keep.get() {
            let _ = keep.focus();
        }
    });
    view! {
        <div class="discard" role="alertdialog" aria-labelledby="discard-title">
            <p id="discard-title">{tr!("Discard what you typed?")}</p>
            <button type="submit" form=CLOSE_FORM class="button button-danger">
                {tr!("Discard")}
            </button>
            <button type="button" class="button" node_ref=keep on:click=move |_| asks.set(false)>
                {tr!("Keep Editing")}
            </button>
        </div>
    }
}

/// A text that may be longer than the screen, so that the keyboard can scroll it.
#[component]
pub fn DialogText(children: Children) -> impl IntoView {
    view! {
        <div class="dialog-body" role="region" aria-labelledby="dialog-title" tabindex="0">
            {children()}
        </div>
    }
}

/// The buttons at a dialog's end; **Cancel** comes by itself.
#[component]
pub fn DialogFooter(
    #[prop(default = tr!("Cancel"), into)] cancel: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <footer class="dialog-footer">
            <button type="submit" form=CLOSE_FORM class="button">
                {cancel}
            </button>
            {children.map(|children| children())}
        </footer>
    }
}

/// Closes the open dialog, so that the browser gives the focus back to what opened it.
pub fn close_dialog() {
    let open = document().query_selector("dialog[open]").ok().flatten();
    if let Some(dialog) = open.and_then(|element| element.dyn_into::<HtmlDialogElement>().ok()) {
        dialog.close();
    }
}

/// An open dialog cannot be made modal, so it is closed first; whoever is typing in it goes on where they were.
fn make_modal(dialog: &HtmlDialogElement) {
    if dialog.matches(":modal").unwrap_or(false) {
        return;
    }
    let focused = document().active_element().filter(|element| dialog.contains(Some(element)));
    let _ = dialog.remove_attribute("open");
    let _ = dialog.show_modal();
    if let Some(element) = focused {
        let _ = element.dyn_into::<HtmlElement>().map(|element| element.focus());
    }
}
