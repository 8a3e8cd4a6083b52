//! Projects: list and add.

mod add;
mod deleted;
mod many;
mod table;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{permission::Action, project::ProjectList, standing::Standing};

use crate::{
    address::page_address,
    api::projects::list_projects,
    components::{
        answer::Answer, dialog::DialogRoute, filter::FilterSelect, icon::Icon, loaded::loaded_quietly,
        organization::OrganizationFilter, search_form::SearchForm, select::Choice,
    },
    ui::use_ui,
};
use add::AddProject;
use deleted::DeletedProjects;
use many::{Chosen, ManyForm};
use table::ProjectTable;

#[component]
pub fn ProjectsPage() -> impl IntoView {
    let ui = use_ui();
    let address = page_address();
    let list: Answer<ProjectList> = Answer::new(move || address.read().list_query(), list_projects);
    let filter = |list: ProjectList| {
        view! {
            <StateFilter/>
            <OrganizationFilter organizations=list.organizations/>
        }
    };
    let may_add = ui.can(Action::ManageProjects);
    Chosen::provide();
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
            <SearchForm filters=&["organization", "state"]>{loaded_quietly(list, filter)}</SearchForm>
        </div>
        {may_add.then(|| view! { <ManyForm/> })}
        <ProjectTable list=list/>
        <DeletedProjects list=list/>
        {dialog}
    }
}

/// How the projects stand.
#[component]
fn StateFilter() -> impl IntoView {
    let all = [("attention", tr!("Need attention")), ("running", tr!("Running"))]
        .map(|(state, label)| Choice::new(state, label));
    let each = Standing::ALL.into_iter().map(|standing| {
        let label = standing.label();
        Choice::new(standing, tr!(label))
    });
    let choices: Vec<Choice> = all.into_iter().chain(each).collect();
    view! { <FilterSelect name="state" label=tr!("Status") all=tr!("Any status") choices=choices/> }
}
