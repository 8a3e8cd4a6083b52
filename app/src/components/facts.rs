//! Terms and what they are for one thing.

use leptos::prelude::*;

use crate::components::time::NoValue;

#[component]
pub fn Fact(#[prop(into)] term: String, children: Children) -> impl IntoView {
    view! {
        <div>
            <dt>{term}</dt>
            <dd>{children()}</dd>
        </div>
    }
}

/// Several values of one term.
#[component]
pub fn Lines(lines: Vec<String>) -> impl IntoView {
    if lines.is_empty() {
        return view! { <NoValue/> }.into_any();
    }
    let line = |line: String| {
        view! {
            <li>
                <code>{line}</code>
            </li>
        }
    };
    view! { <ul class="lines">{lines.into_iter().map(line).collect_view()}</ul> }.into_any()
}
