//! The question before a credential is deleted.

use leptos::prelude::*;
use model::credential::{CredentialRow, ProjectLink};

use super::named::{LockedCredential, named_credential, use_named_credential};
use crate::{
    api::credentials::DeleteCredential as DeleteCredentialFn,
    components::{confirm::Confirm, loaded::loaded},
};

#[component]
pub fn DeleteCredential() -> impl IntoView {
    let credential = use_named_credential();
    view! {
        <Confirm<DeleteCredentialFn>
            title=tr!("Delete Backup Credential")
            hidden=vec![("credential", named_credential().to_string())]
            action=tr!("Delete Credential")
            pending=tr!("Deleting…")
        >
            {loaded(credential, |row| view! { <Consequences row=row/> })}
        </Confirm<DeleteCredentialFn>>
    }
}

#[component]
fn Consequences(row: CredentialRow) -> impl IntoView {
    let locked = row.locked.then(|| view! { <LockedCredential/> });
    let used = (!row.projects.is_empty()).then(|| {
        let names = names(&row.projects);
        view! { <p>{tr!("Projects that back up with it need another one first: {}.", names)}</p> }
    });
    view! {
        {locked}
        <p>
            {tr!("Removes the keys of ")} <strong>{row.s3_name}</strong>
            {tr!(" from Holdfast. Data in the buckets is not deleted.")}
        </p>
        {used}
    }
}

fn names(projects: &[ProjectLink]) -> String {
    projects.iter().map(|project| project.name.as_str()).collect::<Vec<_>>().join(", ")
}
