//! A project's backup policies: schedules, backups, restores.

mod asked;
mod backup_actions;
mod backup_description;
mod backups;
mod compose;
mod describe;
mod edit;
mod expires;
mod outlook;
mod policy_fields;
mod preview;
mod restore;
mod restores;
mod schedules;
mod trial;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{language::msgid, permission::Action, project::ProjectView};

use crate::{
    address::{page_address, use_address},
    components::{
        icon::Icon,
        loaded::loaded_quietly,
        locked_note::LockedNote,
        project_frame::{ProjectFrame, use_project, use_project_id},
        tabs::{Tab, TabPanel, Tabs},
    },
    ui::use_ui,
};
pub use backup_description::backup_facts;
use backups::BackupsTab;
pub use describe::restore_facts;
use restores::RestoresTab;
use schedules::SchedulesTab;

const SCHEDULES: &str = "schedules";
const BACKUPS: &str = "backups";
const RESTORES: &str = "restores";
const TABS: [Tab; 3] = [(SCHEDULES, msgid("Schedules")), (BACKUPS, msgid("Backups")), (RESTORES, msgid("Restores"))];

#[component]
pub fn PoliciesPage() -> impl IntoView {
    let address = page_address();
    let id = use_project_id();
    let project = use_project(id);
    let tab = Memo::new(move |_| {
        let address = address.read();
        TABS.iter().find(|(value, _)| address.get("tab") == Some(value)).map_or(SCHEDULES, |(value, _)| value)
    });
    let head = move |project: ProjectView| {
        let enabled = project.backup.is_on();
        view! { <Head tab=tab enabled=enabled locked=project.locked/> }
    };
    let body = move || match tab.get() {
        BACKUPS => view! { <BackupsTab project=id view=project/> }.into_any(),
        RESTORES => view! { <RestoresTab project=id/> }.into_any(),
        _ => view! { <SchedulesTab project=id/> }.into_any(),
    };
    view! {
        <Title text=tr!("Backup Policy")/>
        <ProjectFrame project=project heading=tr!("Backup Policy")/>
        {loaded_quietly(project, head)}
        <TabPanel tab=tab>{body}</TabPanel>
    }
}

/// The tabs, and what can be done whatever the tab.
#[component]
fn Head(tab: Memo<&'static str>, enabled: bool, locked: bool) -> impl IntoView {
    let address = use_address();
    let manages = use_ui().can(Action::ManageProjects);
    let add_policy = (manages && enabled && !locked).then(|| {
        let href = move || format!("{}?tab={SCHEDULES}&dialog=add", address.read().path());
        view! {
            <a class="button button-primary" href=href data-noscroll="true">
                <Icon name="plus"/>
                {tr!("Add Policy")}
            </a>
        }
    });
    let locked = (manages && locked).then(|| view! { <LockedNote/> });
    let off = (!enabled).then(|| view! { <BackupIsOff manages=manages/> });
    view! {
        {off}
        {locked}
        <div class="tab-bar">
            <Tabs label=tr!("Backup policy") tabs=&TABS chosen=tab/>
            {add_policy}
        </div>
    }
}

#[component]
fn BackupIsOff(manages: bool) -> impl IntoView {
    let address = use_address();
    let settings = address.read_untracked().path().replace("/policies", "/settings");
    let way = manages.then(|| view! { <a href=settings>{tr!("Enable it in Settings")}</a> });
    view! {
        <div class="alert alert-info">
            <Icon name="pause"/>
            <p>{tr!("Backup is off for this project, so nothing is scheduled.")} " " {way}</p>
        </div>
    }
}
