//! What was done to a repository lately.

use leptos::prelude::*;
use model::{
    maintenance::{MaintenanceKind, MaintenancePhase, MaintenanceRow},
    run::RunRef,
};

use crate::{
    api::maintenance::CancelMaintenance,
    components::{
        action_button::CancelButton,
        phase::Badge,
        progress::ProgressBar,
        run_link::RunLink,
        time::{MaybeTime, NoValue},
    },
};

#[component]
pub fn RunsTable(runs: Vec<MaintenanceRow>, may_manage: bool) -> impl IntoView {
    let row = move |run| view! { <Row run=run may_manage=may_manage/> };
    view! {
        <section aria-labelledby="repository-runs">
            <h2 id="repository-runs">
                {tr!("Maintenance")}
            </h2>
            <div class="table-frame">
                <table class="table">
                    <caption class="sr-only">{tr!("Maintenance")}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{tr!("Kind")}</th>
                            <th scope="col">{tr!("Status")}</th>
                            <th scope="col">{tr!("Started")}</th>
                            <th scope="col">{tr!("Finished")}</th>
                            <th scope="col">{tr!("Requested by")}</th>
                            <th scope="col" class="actions">
                                {tr!("Actions")}
                            </th>
                        </tr>
                    </thead>
                    <tbody>{runs.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
}

/// What kind of maintenance it is.
pub fn maintenance_word(run: &MaintenanceRow) -> String {
    match (run.kind, run.whole) {
        (MaintenanceKind::Prune, _) => tr!("Clean-up"),
        (MaintenanceKind::Verification, false) => tr!("Verification of a part"),
        (MaintenanceKind::Verification, true) => tr!("Verification of all data"),
        (MaintenanceKind::Repair, _) => tr!("noun" => "Repair"),
    }
}

#[component]
fn Row(run: MaintenanceRow, may_manage: bool) -> impl IntoView {
    let kind = maintenance_word(&run);
    let running = (run.phase == MaintenancePhase::InProgress)
        .then(|| view! { <ProgressBar progress=run.progress label=tr!("Progress of the {}", kind)/> });
    let by = run.created_by.unwrap_or_else(|| tr!("Schedule"));
    let action = if may_manage && run.phase.is_active() {
        let hidden = vec![("maintenance", run.id.to_string())];
        view! { <CancelButton<CancelMaintenance> hidden=hidden requested=run.cancel_requested/> }.into_any()
    } else {
        view! { <NoValue/> }.into_any()
    };
    view! {
        <tr>
            <td data-label=tr!("Kind")>
                <RunLink run=RunRef::Maintenance(run.id) name=kind/>
            </td>
            <td data-label=tr!("Status")>
                <div class="phase-cell">
                    <Badge look=run.phase/>
                    {running}
                    {run.outcome.map(|outcome| view! { <p class="cell-note">{outcome}</p> })}
                    {run.cause.map(|cause| view! { <p class="cell-note cell-cause">{cause}</p> })}
                </div>
            </td>
            <td data-label=tr!("Started")>
                <MaybeTime at=run.started/>
            </td>
            <td data-label=tr!("Finished")>
                <MaybeTime at=run.finished/>
            </td>
            <td data-label=tr!("Requested by")>{by}</td>
            <td data-label=tr!("Actions") class="actions">
                {action}
            </td>
        </tr>
    }
}
