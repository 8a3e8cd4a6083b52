//! What happened in a run, step by step.

use leptos::prelude::*;
use model::run::LogLine;

use crate::components::time::PreciseTime;

#[component]
pub fn LogPanel(lines: Vec<LogLine>) -> impl IntoView {
    let body = if lines.is_empty() {
        view! { <p class="muted">{tr!("Nothing has happened yet, or it happened before there was a log.")}</p> }
            .into_any()
    } else {
        view! {
            <div class="table-frame">
                <table class="table">
                    <caption class="sr-only">{tr!("Log")}</caption>
                    <thead>
                        <tr>
                            <th scope="col" class="col-time">
                                {tr!("Time")}
                            </th>
                            <th scope="col">{tr!("Event")}</th>
                            <th scope="col" class="cell-wide">
                                {tr!("Node")}
                            </th>
                        </tr>
                    </thead>
                    <tbody>{lines.into_iter().map(line).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="section" aria-labelledby="run-log">
            <h2 id="run-log">{tr!("Log")}</h2>
            {body}
        </section>
    }
}

fn line(line: LogLine) -> impl IntoView {
    view! {
        <tr>
            <td data-label=tr!("Time")>
                <PreciseTime at=line.at/>
            </td>
            <td class="break" data-label=tr!("Event")>
                {line.text}
            </td>
            <td class="cell-wide" data-label=tr!("Node")>
                {line.node}
            </td>
        </tr>
    }
}
