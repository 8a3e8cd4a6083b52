//! Projects: list and add.

mod add;
mod deleted;
mod table;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{permission::Action, project::ProjectList};

use crate::{
    address::page_address,
    api::projects::list_projects,
    components::{
        answer::Answer, dialog::DialogRoute, icon::Icon, loaded::loaded_quietly, organization::OrganizationFilter,
        search_form::SearchForm,
    },
    ui::use_ui,
};
use add::AddProject;
use deleted::DeletedProjects;
use table::ProjectTable;

#[component]
pub fn ProjectsPage() -> impl IntoView {
    let ui = use_ui();
    let address = page_address();
    let list: Answer<ProjectList> = Answer::new(move || address.read().list_query(), list_projects);
    let filter = |list: ProjectList| view! { <OrganizationFilter organizations=list.organizations/> };
    let may_add = ui.can(Action::ManageProjects);
    let add = may_add.then(|| {
        view! {
            <a class="button button-primary" href=move || address.read().dialog("add") data-noscroll="true">
                <Icon name="plus"/>
                {tr!("Add Project")}
            </a>
        }
    });
    let dialog = may_add.then(|| {
        view! {
            <DialogRoute name="add">
                <AddProject/>
            </DialogRoute>
        }
    });
    view! {
        <Title text=tr!("Projects")/>
        <header class="page-header">
            <h1>{tr!("Projects")}</h1>
            {add}
        </header>
        <div class="toolbar">
            <SearchForm>{loaded_quietly(list, filter)}</SearchForm>
        </div>
        <ProjectTable list=list/>
        <DeletedProjects list=list/>
        {dialog}
    }
}
