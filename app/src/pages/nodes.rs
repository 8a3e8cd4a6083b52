//! The nodes, and what each is doing.

use leptos::prelude::*;
use leptos_meta::Title;
use model::node::{NodeRow, NodeRun, RunKind};

use crate::{
    address::page_address,
    api::nodes::list_nodes,
    browser::refresh::keep_fresh,
    components::{
        answer::Answer,
        loaded::loaded,
        phase::Badge,
        progress::ProgressBar,
        time::{NoValue, Time},
    },
};

#[component]
pub fn NodesPage() -> impl IntoView {
    let nodes: Answer<Vec<NodeRow>> = Answer::new(|| (), |()| list_nodes());
    page_address();
    // Nodes come and go without any run that moves.
    keep_fresh(nodes, |_: &Vec<NodeRow>| true);
    view! {
        <Title text=tr!("Nodes")/>
        <header class="page-header">
            <h1>{tr!("Nodes")}</h1>
        </header>
        <p class="page-lead">
            {tr!("Servers that run backups and restores. A project's directory is backed up by the node that it is on; what a silent node was doing is taken over where another one can.")}
        </p>
        {loaded(nodes, |rows| view! { <NodeTable rows=rows/> })}
    }
}

#[component]
fn NodeTable(rows: Vec<NodeRow>) -> impl IntoView {
    view! {
        <div class="table-frame">
            <table class="table">
                <caption class="sr-only">{tr!("Nodes")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{tr!("Name")}</th>
                        <th scope="col">{tr!("State")}</th>
                        <th scope="col">{tr!("Working on")}</th>
                        <th scope="col" class="number">
                            {tr!("Workers")}
                        </th>
                        <th scope="col">{tr!("Pages")}</th>
                        <th scope="col">{tr!("Version")}</th>
                        <th scope="col">{tr!("node" => "Started")}</th>
                        <th scope="col">{tr!("Last Seen")}</th>
                    </tr>
                </thead>
                <tbody>{rows.into_iter().map(|row| view! { <Row row=row/> }).collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(row: NodeRow) -> impl IntoView {
    let runs = if row.runs.is_empty() {
        view! { <NoValue/> }.into_any()
    } else {
        row.runs.into_iter().map(|run| view! { <Run run=run/> }).collect_view().into_any()
    };
    view! {
        <tr>
            <td data-label=tr!("Name")>
                <span class="row-title">{row.name}</span>
            </td>
            <td data-label=tr!("State")>
                <Badge look=row.phase/>
            </td>
            <td data-label=tr!("Working on")>{runs}</td>
            <td data-label=tr!("Workers") class="number">
                {row.workers}
            </td>
            <td data-label=tr!("Pages")>{if row.serves_pages { tr!("Yes") } else { tr!("No") }}</td>
            <td data-label=tr!("Version")>{row.version}</td>
            <td data-label=tr!("node" => "Started")>
                <Time at=row.started/>
            </td>
            <td data-label=tr!("Last Seen")>
                <Time at=row.seen/>
            </td>
        </tr>
    }
}

#[component]
fn Run(run: NodeRun) -> impl IntoView {
    let (kind, page) = match run.kind {
        RunKind::Backup => (tr!("Backup"), "policies?tab=backups"),
        RunKind::Restore => (tr!("noun" => "Restore"), "policies?tab=restores"),
        RunKind::Maintenance => (tr!("Maintenance"), "repository"),
    };
    view! {
        <div class="phase-cell">
            <span>
                {kind} " " <a href=format!("/projects/{}/{page}", run.project)>{run.name.clone()}</a>
                {tr!("run" => " of {}", run.project_name)}
            </span>
            <ProgressBar progress=run.progress label=tr!("Progress of {}", run.name)/>
        </div>
    }
}
