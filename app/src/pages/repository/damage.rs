//! What is damaged, and the way out.

use leptos::prelude::*;
use model::maintenance::{DamagedBackup, DamagedFile, Health, RepositoryView};

use crate::{
    address::use_address,
    api::maintenance::RepairRepository,
    components::{answer::Answer, confirm::Confirm, facts::Lines, icon::Icon, loaded::loaded_quietly},
};

#[component]
pub fn DamagePanel(
    health: Health,
    files: Vec<DamagedFile>,
    backups: Vec<DamagedBackup>,
    may_manage: bool,
) -> impl IntoView {
    (health == Health::Damaged).then(|| {
        let address = use_address();
        let advice = advice(files.is_empty(), backups.is_empty());
        let repair = (may_manage && !files.is_empty()).then(|| {
            view! {
                <a class="button button-primary" href=move || address.read().dialog("repair") data-noscroll="true">
                    {tr!("Repair")}
                </a>
            }
        });
        let lines: Vec<_> = files.iter().map(|file| format!("{} {}", file.key(), file.damage)).collect();
        let names: Vec<_> = backups.into_iter().map(|backup| backup.name).collect();
        view! {
            <section class="panel panel-danger" aria-labelledby="repository-damage">
                <h2 id="repository-damage">
                    <Icon name="alert"/>
                    {tr!("This repository is damaged")}
                </h2>
                <p>{advice}</p>
                {(!lines.is_empty()).then(|| view! {
                    <h3>{tr!("Damaged files in the bucket")}</h3>
                    <Lines lines=lines/>
                })}
                {(!names.is_empty()).then(|| view! {
                    <h3>{tr!("Backups that cannot be restored whole")}</h3>
                    <Lines lines=names/>
                })}
                {repair}
            </section>
        }
    })
}

fn advice(no_files: bool, no_backups: bool) -> String {
    match (no_files, no_backups) {
        (true, true) => tr!("It is being verified again, or will be soon."),
        (true, false) => {
            tr!(
                "What these backups lack is nowhere any more. Restore from them what you need, then delete them: the repository is sound again without them."
            )
        }
        (false, _) => {
            tr!(
                "Repair keeps what is intact, forgets what is lost, and backs the project up again at once: whatever the source still has is stored anew, which also mends older backups."
            )
        }
    }
}

#[component]
pub fn RepairQuestion(repository: Answer<RepositoryView>) -> impl IntoView {
    loaded_quietly(repository, |view| {
        view! {
            <Confirm<RepairRepository>
                title=tr!("Repair Repository")
                hidden=vec![("project", view.project.to_string())]
                action=tr!("Repair")
                pending=tr!("Queueing…")
            >
                <p>{tr!("Damaged files are removed from the bucket after what is intact in them is stored anew.")}</p>
                <p>{tr!("Then every policy of the project that is not paused backs it up, and all data is verified.")}</p>
            </Confirm<RepairRepository>>
        }
    })
}
