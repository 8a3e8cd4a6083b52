//! When a backup goes.

use leptos::prelude::*;
use model::{backup::Expiry, time};

use crate::components::time::{Ago, NoValue};

#[component]
pub fn Expires(expiry: Option<Expiry>) -> impl IntoView {
    match expiry {
        None => view! { <NoValue/> }.into_any(),
        Some(Expiry::At(at)) => view! { <Ago at=at/> }.into_any(),
        Some(Expiry::Kept(ended)) => {
            let title = tr!("Its retention period ended at {}", time::exact(ended));
            view! { <span title=title>{tr!("Kept for longer")}</span> }.into_any()
        }
    }
}
