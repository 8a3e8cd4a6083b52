//! Projects: list and add.

mod add;
mod table;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{credential::OrganizationChoice, permission::Action, project::ProjectList};

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
use table::ProjectTable;

#[component]
pub fn ProjectsPage() -> impl IntoView {
    let ui = use_ui();
    let address = page_address();
    let query = Memo::new(move |_| address.read().list_query());
    let list: Answer<ProjectList> = Answer::new(move || query.get(), list_projects);
    let organizations = |list: &ProjectList| list.organizations.clone();
    let filter = |organizations: Vec<OrganizationChoice>| view! { <OrganizationFilter organizations=organizations/> };
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
            <SearchForm>{loaded_quietly(list, organizations, filter)}</SearchForm>
        </div>
        <ProjectTable list=list/>
        {dialog}
    }
}
