//! A dialog that has an address. The server draws it open, so it is there before WASM and without it; WASM makes it
//! modal.

use leptos::prelude::*;

use crate::{address::use_address, components::icon::Icon};

/// The form that closes the dialog without a script; buttons anywhere in the dialog may belong to it.
const CLOSE_FORM: &str = "dialog-close";

/// Draws its children while the address says that this dialog is open.
#[component]
pub fn DialogRoute(
    /// The value of the parameter `dialog`.
    name: &'static str,
    children: Children,
) -> impl IntoView {
    use_address().shows_dialog(name).then(children)
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
    view! {
        <a class=class href=use_address().dialog_for(name, id) data-noscroll="true">
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
    let address = use_address();
    let key = format!("{}-{}", address.get("dialog").unwrap_or_default(), address.get("id").unwrap_or_default());
    view! {
        <dialog class=class open=true aria-labelledby="dialog-title" data-key=key>
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
            </div>
        </dialog>
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
