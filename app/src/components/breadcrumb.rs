//! Where a page stands.

use leptos::prelude::*;

/// Links from the top down to the page's parent.
#[component]
pub fn Breadcrumb(steps: Vec<(String, String)>) -> impl IntoView {
    let step = |(label, href)| view! { <li><a href=href>{label}</a></li> };
    view! {
        <nav class="breadcrumb" aria-label=tr!("Breadcrumb")>
            <ol>{steps.into_iter().map(step).collect_view()}</ol>
        </nav>
    }
}
