//! The audit log.

mod filters;
mod table;

use leptos::prelude::*;
use leptos_meta::Title;
use model::audit::{AuditLog, AuditQuery};

use crate::{
    address::{Address, page_address, use_address},
    api::audit::list_audit_log,
    components::{answer::Answer, icon::Icon},
};
use filters::AuditFilters;
use table::AuditTable;

#[component]
pub fn AuditLogPage() -> impl IntoView {
    let address = page_address();
    let log: Answer<AuditLog> = Answer::new(move || audit_query(&address.read()), list_audit_log);
    view! {
        <Title text=tr!("Audit Log")/>
        <header class="page-header">
            <h1>{tr!("Audit Log")}</h1>
            <ExportLink/>
        </header>
        <AuditFilters log=log/>
        <AuditTable log=log/>
    }
}

fn audit_query(address: &Address) -> AuditQuery {
    let text = |key| address.get(key).unwrap_or_default().to_owned();
    AuditQuery {
        list: address.list_query(),
        person: text("person"),
        action: text("action"),
        from: text("from"),
        to: text("to"),
    }
}

/// All pages of what is shown.
#[component]
fn ExportLink() -> impl IntoView {
    let address = use_address();
    let href = move || address.get().closed().without(&["page", "per_page"]).at("/audit-log/export").href();
    view! {
        <a class="button" href=href rel="external">
            <Icon name="download"/>
            {tr!("Export CSV")}
        </a>
    }
}
