//! What takes more room than in the backup before.

use leptos::prelude::*;
use model::{
    run::{Grown, GrowthView},
    size,
};

use crate::address::use_address;

/// The parameter of the address that asks for the comparison.
pub const COMPARE: &str = "compare";

/// `None` where nobody has asked for it.
pub type Comparison = Option<GrowthView>;

#[component]
pub fn GrowthPanel(comparison: Comparison) -> impl IntoView {
    let compare = use_address().get_untracked().with(COMPARE, 1).href();
    let body = match comparison {
        None => view! {
            <p>
                <a class="button" href=compare>
                    {tr!("Compare with the Backup Before")}
                </a>
            </p>
        }
        .into_any(),
        Some(GrowthView { since: None, .. }) => {
            view! { <p class="muted">{tr!("There is no earlier backup of this policy to compare with.")}</p> }
                .into_any()
        }
        Some(GrowthView { grown: None, .. }) => view! {
            <p role="status">{tr!("Comparing takes too long. The backups differ in very many folders.")}</p>
        }
        .into_any(),
        Some(GrowthView { since: Some(since), grown: Some(grown) }) if grown.is_empty() => {
            view! { <p>{tr!("Nothing grew since {}.", since)}</p> }.into_any()
        }
        Some(GrowthView { since: Some(since), grown: Some(grown) }) => view! {
            <p>{tr!("Since {}, in bytes of the source:", since)}</p>
            <ul class="lines">{grown.into_iter().map(grew).collect_view()}</ul>
        }
        .into_any(),
    };
    view! {
        <section aria-labelledby="run-growth">
            <h2 id="run-growth">{tr!("What Grew Most")}</h2>
            {body}
        </section>
    }
}

fn grew(Grown { path, is_folder, bytes }: Grown) -> impl IntoView {
    let path = if is_folder { format!("{path}/") } else { path };
    view! {
        <li>
            <code class="break">{path}</code>
            " +"
            {size::bytes(bytes)}
        </li>
    }
}
