//! Giving a project to another node.

use leptos::prelude::*;
use model::ids::ProjectId;

use crate::{
    api::projects::MoveProject,
    components::{
        form::Form,
        select::{Choice, Select},
        submit::Submit,
    },
};

/// Is there only where several nodes can be: on PostgreSQL.
#[component]
pub fn NodePanel(id: ProjectId, node: Option<String>, nodes: Vec<String>, locked: bool) -> impl IntoView {
    let node = node?;
    let silent = (!nodes.contains(&node)).then(|| Choice::new(&node, tr!("{} (silent)", node)));
    let choices: Vec<Choice> = silent.into_iter().chain(nodes.iter().map(|name| Choice::new(name, name))).collect();
    let panel = view! {
        <section class="panel" aria-labelledby="project-node">
            <h2 id="project-node">{tr!("Node")}</h2>
            <p>{tr!("Only this node backs the directory up and restores into it, because only it has the directory.")}</p>
            <Form<MoveProject> hidden=vec![("project", id.to_string())]>
                <fieldset class="fields" disabled=locked>
                    <Select name="node" label=tr!("Node") groups=vec![choices.into()] value=node/>
                    <div class="form-footer">
                        <Submit label=tr!("Move Project") pending=tr!("Moving…")/>
                    </div>
                </fieldset>
            </Form<MoveProject>>
        </section>
    };
    Some(panel)
}
