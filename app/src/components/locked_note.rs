//! Why nothing of a project can be changed.

use leptos::prelude::*;

use crate::components::icon::Icon;

#[component]
pub fn LockedNote() -> impl IntoView {
    view! {
        <div class="alert alert-info">
            <Icon name="lock"/>
            <p>
                {tr!("This project is locked, so nothing of it can be changed until it is unlocked in its Settings. Its backups go on.")}
            </p>
        </div>
    }
}
