//! Terms and what they are for one thing.

use leptos::prelude::*;
use model::time::Moment;

use crate::components::time::{MaybeTime, NoValue, Time};

#[component]
pub fn Fact(#[prop(into)] term: String, children: Children) -> impl IntoView {
    view! {
        <div>
            <dt>{term}</dt>
            <dd>{children()}</dd>
        </div>
    }
}

/// When a run was queued, started and finished.
#[component]
pub fn RunTimes(queued: Moment, started: Option<Moment>, finished: Option<Moment>) -> impl IntoView {
    view! {
        <Fact term=tr!("moment" => "Queued")>
            <Time at=queued/>
        </Fact>
        <Fact term=tr!("Started")>
            <MaybeTime at=started/>
        </Fact>
        <Fact term=tr!("Finished")>
            <MaybeTime at=finished/>
        </Fact>
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
