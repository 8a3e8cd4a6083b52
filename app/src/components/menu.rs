//! Further actions of a row, behind one button. The browser opens and closes it by itself.

use leptos::{ev::MouseEvent, prelude::*};

use crate::{
    browser::focus,
    components::{icon::Icon, subject::use_subject},
};

#[component]
pub fn Menu(
    /// Unique on the page.
    #[prop(into)]
    id: String,
    children: Children,
) -> impl IntoView {
    // Whatever was pressed, its outcome is not in the menu.
    let close = |event: MouseEvent| focus::close_menu_of(&event);
    view! {
        <button
            type="button"
            class="button button-quiet button-icon menu-button"
            popovertarget=id.clone()
            aria-label=tr!("More Actions")
            aria-describedby=use_subject()
        >
            <Icon name="more"/>
        </button>
        <div id=id class="menu" popover="auto" on:click=close>
            {children()}
        </div>
    }
}
