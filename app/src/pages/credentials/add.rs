//! The dialog that adds a credential.

use leptos::prelude::*;
use model::credential::{AWS_REGIONS, CredentialList, aws_endpoint, region_of_aws_endpoint};

use super::connection::ConnectionFields;
use crate::{
    api::credentials::AddCredential as AddCredentialFn,
    components::{
        answer::Answer,
        dialog::{Dialog, DialogFooter},
        field::{Field, Kind},
        form::CheckedForm,
        form_state::FormState,
        icon::Icon,
        loaded::loaded_quietly,
        organization::OrganizationField,
        submit::Submit,
    },
};

/// AWS's own list of endpoints.
const AWS_ENDPOINTS: &str = "https://docs.aws.amazon.com/general/latest/gr/s3.html";

#[component]
pub fn AddCredential(list: Answer<CredentialList>) -> impl IntoView {
    view! {
        <Dialog title=tr!("Add Backup Credentials")>
            <CheckedForm<AddCredentialFn> check=|call: &AddCredentialFn| call.form.parse().err()>
                <div class="dialog-body">
                    {loaded_quietly(list, |list| view! { <OrganizationField organizations=list.organizations/> })}
                    <KeyFields/>
                    <PlaceFields/>
                    <ConnectionFields/>
                </div>
                <DialogFooter>
                    <Submit label=tr!("Add") pending=tr!("Checking the keys…")/>
                </DialogFooter>
            </CheckedForm<AddCredentialFn>>
        </Dialog>
    }
}

/// What services that are not AWS mostly go by.
const USUAL_REGION: &str = "us-east-1";

#[component]
fn KeyFields() -> impl IntoView {
    view! {
        <Field
            name="s3_name"
            label=tr!("S3 Name")
            required=true
            focused=true
            hint=tr!("A name your team will recognize (3–30 characters).")
        />
        <Field name="access_key_id" label=tr!("S3 Access Key ID") kind=Kind::Code required=true/>
        <Field
            name="secret_key"
            label=tr!("S3 Secret Key")
            kind=Kind::NewPassword
            required=true
            hint=tr!("Encrypted at rest. You won't be able to view it again.")
        />
    }
}

/// Endpoint and region.
#[component]
fn PlaceFields() -> impl IntoView {
    follow_endpoint();
    let suggestion = |region: &'static str| view! { <option value=aws_endpoint(region)>{region}</option> };
    view! {
        <Field
            name="endpoint"
            label=tr!("S3 Endpoint")
            kind=Kind::Url
            required=true
            list="aws-endpoints"
            hint=tr!("Such as https://s3.eu-central-1.amazonaws.com.")
        />
        <datalist id="aws-endpoints">{AWS_REGIONS.into_iter().map(suggestion).collect_view()}</datalist>
        <Field
            name="region"
            label=tr!("S3 Region")
            kind=Kind::Code
            value=USUAL_REGION
            required=true
            hint=tr!("Filled in from an AWS endpoint. Most other services take us-east-1; their documentation names it.")
        />
        <p class="field-aside">
            <a href=AWS_ENDPOINTS target="_blank" rel="noreferrer">
                {tr!("AWS's list of S3 endpoints")}
                <Icon name="external"/>
            </a>
        </p>
    }
}

/// An AWS endpoint says its region, which is filled in unless somebody has typed another one.
fn follow_endpoint() {
    let state = expect_context::<FormState>();
    let filled_in = StoredValue::new(USUAL_REGION.to_owned());
    state.on_change("endpoint", move |endpoint| {
        let typed = state.value("region", "");
        let is_ours = typed.is_empty() || filled_in.with_value(|filled_in| *filled_in == typed);
        if let Some(known) = region_of_aws_endpoint(endpoint).filter(|_| is_ours) {
            filled_in.set_value(known.to_owned());
            state.set("region", known);
        }
    });
}
