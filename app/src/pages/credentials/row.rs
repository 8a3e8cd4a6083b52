//! One credential: its row, and what it expands to.

use leptos::{ev::SubmitEvent, prelude::*};
use model::credential::{CredentialRow, ProjectLink};

use super::details::Details;
use crate::{
    address::{use_address, use_part, use_replace_address},
    components::{
        icon::Icon,
        phase::{Badge, Look},
        search_form::kept_inputs,
        time::NoValue,
    },
};

#[component]
pub fn CredentialRows(row: CredentialRow) -> impl IntoView {
    let id = row.id;
    let detail_id = format!("credential-{id}");
    let expanded = use_part(move |address| address.number("expand") == Some(id.0));
    let marks = view! {
        {row.default.then(|| view! { <Badge look=Look::DEFAULT/> })}
        {row.locked.then(|| view! { <Badge look=Look::LOCKED/> })}
        {row.check_failure.is_some().then(|| view! { <Badge look=Look::KEYS_FAIL/> })}
    };
    let detailed = row.clone();
    let details = move || expanded.get().then(|| view! { <Details row=detailed.clone()/> });
    view! {
        <tbody class="row-group" class:row-group-open=move || expanded.get()>
            <tr>
                <td data-label=tr!("ID") class="narrow">
                    {id.0}
                </td>
                <td data-label=tr!("Organization")>{row.organization}</td>
                <td data-label=tr!("S3 Access Key ID")>
                    <code>{row.access_key_id}</code>
                </td>
                <td data-label=tr!("S3 Endpoint") class="break">
                    {row.endpoint}
                </td>
                <td data-label=tr!("S3 Name")>
                    <span class="with-marks">
                        <span>{row.s3_name}</span>
                        {marks}
                    </span>
                </td>
                <td data-label=tr!("Associated Projects")>
                    <ProjectLinks projects=row.projects/>
                </td>
                <td data-label=tr!("Actions") class="actions">
                    <ExpandButton id=id.0 expanded=expanded controls=detail_id.clone() default=row.default/>
                </td>
            </tr>
            <tr class="detail" id=detail_id hidden=move || !expanded.get()>
                <td colspan="7">{details}</td>
            </tr>
        </tbody>
    }
}

#[component]
fn ProjectLinks(projects: Vec<ProjectLink>) -> impl IntoView {
    if projects.is_empty() {
        return view! { <NoValue/> }.into_any();
    }
    let link = |project: ProjectLink| {
        view! {
            <li>
                <a href=format!("/projects/{}", project.id)>{project.name}</a>
            </li>
        }
    };
    view! { <ul class="inline-list">{projects.into_iter().map(link).collect_view()}</ul> }.into_any()
}

/// Sends the page's own address with the row to expand, so that it works without WASM.
#[component]
fn ExpandButton(
    id: i64,
    expanded: Memo<bool>,
    controls: String,
    /// The default credential's button is lighter.
    default: bool,
) -> impl IntoView {
    let address = use_address();
    let replace_address = use_replace_address();
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        let next = if expanded.get_untracked() { String::new() } else { id.to_string() };
        replace_address(&address.get_untracked().closed().with("expand", next).href());
    };
    let target = move || (!expanded.get()).then(|| view! { <input type="hidden" name="expand" value=id/> });
    let class = if default { "button button-small button-tint" } else { "button button-small" };
    view! {
        <form method="get" class="action-form" on:submit=on_submit>
            {move || kept_inputs(&address.read(), &["expand"])}
            {target}
            <button
                type="submit"
                class=class
                aria-expanded=move || if expanded.get() { "true" } else { "false" }
                aria-controls=controls
            >
                <span class="expand-mark" class:expand-mark-open=move || expanded.get()>
                    <Icon name="chevron-right"/>
                </span>
                {move || if expanded.get() { tr!("Collapse") } else { tr!("Expand") }}
            </button>
        </form>
    }
}
