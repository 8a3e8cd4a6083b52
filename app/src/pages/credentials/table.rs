//! The list of credentials.

use leptos::prelude::*;
use model::credential::{CredentialList, CredentialRow};

use super::row::CredentialRows;
use crate::{
    address::use_address,
    components::{
        answer::Answer,
        empty::{Empty, NothingFound},
        loaded::EVERYTHING,
        pager::{PageFacts, Pager},
        rows::{Rows, listed},
        sort_header::SortHeader,
    },
};

#[component]
pub fn CredentialTable(list: Answer<CredentialList>) -> impl IntoView {
    let address = use_address();
    let none = move || {
        let address = address.get_untracked();
        let narrowed = ["search", "organization", "page"].iter().any(|key| address.get(key).is_some());
        if narrowed {
            view! { <NothingFound all=address.path()/> }.into_any()
        } else {
            view! { <NoCredentials/> }.into_any()
        }
    };
    listed(list, EVERYTHING, |list| &list.page, none, |rows, facts| view! { <Table rows=rows facts=facts/> })
}

#[component]
fn Table(rows: Signal<Vec<CredentialRow>>, facts: Signal<PageFacts>) -> impl IntoView {
    view! {
        <div class="table-frame">
            <table class="table">
                <caption class="sr-only">{tr!("Backup credentials")}</caption>
                <thead>
                    <tr>
                        <SortHeader column="id" label=tr!("ID") class="narrow"/>
                        <SortHeader column="organization" label=tr!("Organization")/>
                        <SortHeader column="access_key_id" label=tr!("S3 Access Key ID")/>
                        <SortHeader column="endpoint" label=tr!("S3 Endpoint")/>
                        <SortHeader column="s3_name" label=tr!("S3 Name")/>
                        <SortHeader column="projects" label=tr!("Associated Projects")/>
                        <th scope="col" class="actions">
                            {tr!("Actions")}
                        </th>
                    </tr>
                </thead>
                <Rows rows=rows key=|row| row.id draw=|row| view! { <CredentialRows row=row/> }/>
            </table>
        </div>
        <Pager facts=facts/>
    }
}

#[component]
fn NoCredentials() -> impl IntoView {
    let address = use_address();
    view! {
        <Empty icon="key" title=tr!("No backup credentials yet")>
            <p>
                {tr!("A credential is an access key of an S3 service: AWS, or any service that speaks its protocol. Holdfast keeps it sealed, and uses it to make buckets and to store your projects' encrypted backups.")}
            </p>
            <a class="button button-primary" href=move || address.read().dialog("add") data-noscroll="true">
                {tr!("Add your first credential")}
            </a>
        </Empty>
    }
}
