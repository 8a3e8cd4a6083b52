//! How each organization of the account stands, for Partners.

use leptos::prelude::*;
use model::{dashboard::OrganizationStanding, language::msgid, size, standing::Standing};

/// Nothing where there is one organization alone: the page says the same of it.
#[component]
pub fn Organizations(rows: Vec<OrganizationStanding>) -> impl IntoView {
    (rows.len() > 1).then(|| {
        view! {
            <section aria-labelledby="by-organization">
                <h2 id="by-organization">{tr!("By organization")}</h2>
                <div class="table-frame">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">{tr!("Organization")}</th>
                                <Numbers/>
                            </tr>
                        </thead>
                        <tbody>{rows.into_iter().map(|row| view! { <Row row=row/> }).collect_view()}</tbody>
                    </table>
                </div>
            </section>
        }
    })
}

const COLUMNS: [&str; 6] = [
    msgid("Need attention"),
    msgid("Overdue policies"),
    msgid("Running"),
    msgid("Protected"),
    msgid("Not backed up"),
    msgid("Stored"),
];

#[component]
fn Numbers() -> impl IntoView {
    COLUMNS.map(|name| view! { <th scope="col" class="number">{tr!(name)}</th> }).into_iter().collect_view()
}

#[component]
fn Row(row: OrganizationStanding) -> impl IntoView {
    let of = row.standings;
    let counts = [of.need_attention(), row.overdue, of.running, of.of(Standing::Protected), of.of(Standing::Off)]
        .map(|count| count.to_string());
    let cells = COLUMNS.into_iter().zip(counts.into_iter().chain([size::bytes(row.stored)]));
    let cell = |(name, text)| {
        view! {
            <td data-label=tr!(name) class="number">
                {text}
            </td>
        }
    };
    view! {
        <tr>
            <td data-label=tr!("Organization")>
                <a class="row-title" href=format!("/projects?organization={}", row.id)>
                    {row.name}
                </a>
            </td>
            {cells.map(cell).collect_view()}
        </tr>
    }
}
