//! When a backup goes.

use leptos::prelude::*;
use model::time::{self, Moment};

use crate::components::time::MaybeTime;

#[component]
pub fn Expiry(expires: Option<Moment>, kept: bool) -> impl IntoView {
    match expires.filter(|_| kept) {
        Some(ended) => {
            let title = format!("Its retention period ended at {}", time::exact(ended));
            view! { <span title=title>"Kept for longer"</span> }.into_any()
        }
        None => view! { <MaybeTime at=expires/> }.into_any(),
    }
}
