//! What takes more room than in the backup before.

use leptos::prelude::*;
use model::{
    run::{Comparison, Grown},
    size,
};

use crate::address::use_address;

/// The parameter of the address that asks for the comparison.
pub const COMPARE: &str = "compare";

#[component]
pub fn GrowthPanel(comparison: Comparison) -> impl IntoView {
    let compare = use_address().get_untracked().with(COMPARE, 1).href();
    let body = match comparison {
        Comparison::NoData => return ().into_any(),
        Comparison::Offered => view! {
            <p>
                <a class="button" href=compare>
                    {tr!("Compare with the Backup Before")}
                </a>
            </p>
        }
        .into_any(),
        Comparison::First => {
            view! { <p class="muted">{tr!("There is no earlier backup of this policy to compare with.")}</p> }
                .into_any()
        }
        Comparison::TooLong => view! {
            <p>{tr!("Comparing takes too long. The backups differ in very many folders.")}</p>
        }
        .into_any(),
        Comparison::Made { since, grown } if grown.is_empty() => {
            view! { <p>{tr!("Nothing grew since {}.", since)}</p> }.into_any()
        }
        Comparison::Made { since, grown } => view! {
            <p>{tr!("Since {}, in bytes of the source:", since)}</p>
            <ul class="lines">{grown.into_iter().map(grew).collect_view()}</ul>
        }
        .into_any(),
    };
    view! {
        <section class="section" aria-labelledby="run-growth">
            <h2 id="run-growth">{tr!("What Grew Most")}</h2>
            {body}
        </section>
    }
    .into_any()
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
