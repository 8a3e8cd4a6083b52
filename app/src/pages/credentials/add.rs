//! The dialog that adds a credential.

use leptos::{html::Span, prelude::*};
use model::credential::{AWS_REGIONS, CredentialList, aws_endpoint, region_of_aws_endpoint};

use crate::{
    api::credentials::AddCredential as AddCredentialFn,
    components::{
        answer::Answer,
        dialog::{Dialog, DialogFooter},
        field::{Field, Kind},
        form::Form,
        form_state::input_name,
        icon::Icon,
        loaded::loaded_quietly,
        organization::OrganizationField,
        submit::Submit,
        typed::follow_form,
    },
};

/// AWS's own list of endpoints.
const AWS_ENDPOINTS: &str = "https://docs.aws.amazon.com/general/latest/gr/s3.html";

#[component]
pub fn AddCredential(list: Answer<CredentialList>) -> impl IntoView {
    view! {
        <Dialog title=tr!("Add Backup Credentials")>
            <Form<AddCredentialFn>>
                <div class="dialog-body">
                    {loaded_quietly(list, |list| view! { <OrganizationField organizations=list.organizations/> })}
                    <KeyFields/>
                    <PlaceFields/>
                </div>
                <DialogFooter>
                    <Submit label=tr!("Add") pending=tr!("Checking the keys…")/>
                </DialogFooter>
            </Form<AddCredentialFn>>
        </Dialog>
    }
}

#[component]
fn KeyFields() -> impl IntoView {
    view! {
        <Field
            name="s3_name"
            label=tr!("S3 Name")
            required=true
            focused=true
            hint=tr!("3 to 30 characters, by which people here know it.")
        />
        <Field name="access_key_id" label=tr!("S3 Access Key ID") kind=Kind::Code required=true/>
        <Field
            name="secret_key"
            label=tr!("S3 Secret Key")
            kind=Kind::NewPassword
            required=true
            hint=tr!("Sealed before it is stored, and never shown again.")
        />
    }
}

/// Endpoint and region.
#[component]
fn PlaceFields() -> impl IntoView {
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
            required=true
            hint=tr!("Filled in from an AWS endpoint. Other services name it in their documentation; often it is us-east-1.")
        />
        <RegionOfEndpoint/>
        <p class="field-aside">
            <a href=AWS_ENDPOINTS target="_blank" rel="noreferrer">
                {tr!("AWS's list of S3 endpoints")}
                <Icon name="external"/>
            </a>
        </p>
    }
}

/// An AWS endpoint says its region, which is filled in unless somebody has typed another one.
#[island]
fn RegionOfEndpoint() -> impl IntoView {
    let node = NodeRef::<Span>::new();
    let filled_in = StoredValue::new(String::new());
    follow_form(node, move |form, input| {
        let endpoint = form.get("endpoint");
        let Some(known) = region_of_aws_endpoint(&endpoint) else { return };
        let typed = form.get("region");
        let is_endpoint = input == Some(&input_name("endpoint"));
        if is_endpoint && (typed.is_empty() || filled_in.with_value(|filled_in| *filled_in == typed)) {
            form.set("region", known);
            filled_in.set_value(known.to_owned());
        }
    });
    view! { <span node_ref=node hidden></span> }
}
