//! The dialogs that add an organization and change one.

use leptos::prelude::*;
use model::{
    form::FormErrors,
    names::OrganizationName,
    organization::{OrganizationForm, OrganizationRow},
};

use super::named_organization;
use crate::{
    api::{
        ApiError,
        organizations::{AddOrganization as AddOrganizationFn, UpdateOrganization},
    },
    components::{
        answer::Answer,
        dialog::{Dialog, DialogFooter},
        error_view::ErrorView,
        field::Field,
        form::CheckedForm,
        loaded::loaded_quietly,
        submit::Submit,
        time_zone::{OwnTimeZoneField, TimeZoneField},
    },
};

#[component]
pub fn AddOrganization() -> impl IntoView {
    view! {
        <Dialog title=tr!("Add Organization")>
            <CheckedForm<AddOrganizationFn> check=|call: &AddOrganizationFn| wrong(&call.form) partly=true>
                <OrganizationFields name="" time_zone=None/>
                <DialogFooter>
                    <Submit label=tr!("Add") pending=tr!("Adding…")/>
                </DialogFooter>
            </CheckedForm<AddOrganizationFn>>
        </Dialog>
    }
}

#[component]
pub fn EditOrganization(list: Answer<Vec<OrganizationRow>>) -> impl IntoView {
    let id = named_organization();
    let form = move |rows: Vec<OrganizationRow>| match rows.into_iter().find(|row| row.id == id) {
        Some(row) => view! { <EditForm row=row/> }.into_any(),
        None => view! { <ErrorView error=ApiError::NotFound/> }.into_any(),
    };
    view! { <Dialog title=tr!("Edit Organization")>{loaded_quietly(list, form)}</Dialog> }
}

#[component]
fn EditForm(row: OrganizationRow) -> impl IntoView {
    view! {
        <CheckedForm<UpdateOrganization> check=|call: &UpdateOrganization| wrong(&call.form) partly=true hidden=vec![("organization", row.id.to_string())]>
            <OrganizationFields name=row.name time_zone=Some(row.time_zone)/>
            <DialogFooter>
                <Submit label=tr!("Save") pending=tr!("Saving…")/>
            </DialogFooter>
        </CheckedForm<UpdateOrganization>>
    }
}

#[component]
fn OrganizationFields(
    #[prop(into)] name: String,
    /// Of one that is there.
    time_zone: Option<String>,
) -> impl IntoView {
    let zone = match time_zone {
        Some(zone) => view! { <TimeZoneField value=zone/> }.into_any(),
        None => view! { <OwnTimeZoneField hint=tr!("Schedules of the organization follow it.")/> }.into_any(),
    };
    view! {
        <div class="dialog-body">
            <Field
                name="name"
                label=tr!("Name")
                value=name
                required=true
                focused=true
                hint=tr!("3 to 30 letters, digits, dots, underscores and hyphens.")
            />
            {zone}
        </div>
    }
}

/// Whether it is a time zone the server says: browsers need not fetch the list of them all.
fn wrong(form: &OrganizationForm) -> Option<FormErrors> {
    OrganizationName::parse(&form.name).err().map(|error| FormErrors::at("name", error))
}
