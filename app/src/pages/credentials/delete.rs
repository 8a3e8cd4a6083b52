//! The question before a credential is deleted.

use leptos::prelude::*;
use model::credential::{CredentialRow, ProjectLink};

use super::named::{LockedCredential, use_named_credential};
use crate::{
    api::credentials::DeleteCredential as DeleteCredentialFn,
    components::{
        confirm::{NARROW, Question, Refused},
        dialog::Dialog,
        form::Form,
        loaded::loaded,
    },
};

#[component]
pub fn DeleteCredential() -> impl IntoView {
    let credential = use_named_credential();
    let question = |row: CredentialRow| {
        if row.locked {
            view! { <LockedCredential/> }.into_any()
        } else if row.projects.is_empty() {
            view! { <UnusedCredential row=row/> }.into_any()
        } else {
            view! { <UsedCredential projects=row.projects/> }.into_any()
        }
    };
    view! {
        <Dialog title=tr!("Delete Backup Credential") class=NARROW>
            {loaded(credential, question)}
        </Dialog>
    }
}

#[component]
fn UnusedCredential(row: CredentialRow) -> impl IntoView {
    view! {
        <Form<DeleteCredentialFn> hidden=vec![("credential", row.id.to_string())]>
            <Question action=tr!("Delete Credential") pending=tr!("Deleting…")>
                <p>
                    {tr!("Removes the keys of ")} <strong>{row.s3_name}</strong>
                    {tr!(" from Holdfast. Data in the buckets is not deleted.")}
                </p>
            </Question>
        </Form<DeleteCredentialFn>>
    }
}

/// Leads to where each project gets another one.
#[component]
fn UsedCredential(projects: Vec<ProjectLink>) -> impl IntoView {
    let count = projects.len();
    let links = projects.into_iter().map(|project| {
        view! {
            <li>
                <a href=format!("/projects/{}/settings", project.id)>{project.name}</a>
            </li>
        }
    });
    view! {
        <Refused>
            <p role="alert">
                {tr!(
                    "Backup credential is used by {n} project(s). Choose another one for it first:"
                        | "Backup credential is used by {n} project(s). Choose another one for them first:" % count
                )}
            </p>
            <ul>{links.collect_view()}</ul>
        </Refused>
    }
}
