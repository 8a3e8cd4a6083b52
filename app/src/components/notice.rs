//! The region that announces a success.

use leptos::prelude::*;

use crate::{components::icon::Icon, ui::use_ui};

/// Always on the page, so that screen readers notice what appears in it.
#[component]
pub fn NoticeRegion() -> impl IntoView {
    let notice = use_ui().notice().map(|message| {
        view! {
            <div class="notice">
                <Icon name="check-circle"/>
                <p>{message}</p>
                <button type="button" class="button button-icon live" aria-label=tr!("Dismiss")>
                    <Icon name="close"/>
                </button>
            </div>
        }
    });
    view! { <div class="notices" role="status" data-kept="">{notice}</div> }
}
