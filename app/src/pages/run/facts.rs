//! Everything there is to know of a run.

use leptos::prelude::*;
use model::{maintenance::MaintenanceRow, run::Run};

use crate::{
    components::{
        facts::{Fact, RunTimes},
        phase::Badge,
    },
    pages::{
        policies::{backup_facts, restore_facts},
        repository::maintenance_word,
    },
};

#[component]
pub fn Facts(run: Run) -> impl IntoView {
    let facts = match run {
        Run::Backup(row) => backup_facts(row),
        Run::Restore(row) => restore_facts(row),
        Run::Maintenance(row) => maintenance_facts(row),
    };
    view! { <section class="panel" aria-label=tr!("Details")>{facts}</section> }
}

fn maintenance_facts(row: MaintenanceRow) -> AnyView {
    let kind = maintenance_word(&row);
    view! {
        <dl class="facts facts-list">
            <Fact term=tr!("Kind")>{kind}</Fact>
            <Fact term=tr!("Status")>
                <Badge look=row.phase/>
            </Fact>
            {row.outcome.map(|outcome| view! { <Fact term=tr!("Result")>{outcome}</Fact> })}
            {row.cause.map(|cause| view! { <Fact term=tr!("Cause")>{cause}</Fact> })}
            <Fact term=tr!("Requested by")>{row.created_by.unwrap_or_else(|| tr!("Schedule"))}</Fact>
            <RunTimes queued=row.queued started=row.started finished=row.finished/>
        </dl>
    }
    .into_any()
}
