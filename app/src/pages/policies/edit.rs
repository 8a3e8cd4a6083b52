//! The dialogs that add a policy and edit one.

use leptos::prelude::*;
use model::{
    ids::{PolicyId, ProjectId},
    policy::PolicyDraft,
};

use super::policy_fields::PolicyFields;
use crate::{
    address::named_row,
    api::policies::{AddPolicy as AddPolicyFn, UpdatePolicy, draft_policy},
    components::{
        answer::Answer,
        dialog::{Dialog, DialogFooter},
        field::HiddenField,
        form::CheckedForm,
        loaded::loaded,
        submit::Submit,
    },
};

#[component]
pub fn AddPolicy(project: ProjectId) -> impl IntoView {
    let draft: Answer<PolicyDraft> = Answer::once(move || draft_policy(project, None));
    view! { <Dialog title=tr!("Add Policy")>{loaded(draft, |draft| view! { <AddForm draft=draft/> })}</Dialog> }
}

#[component]
fn AddForm(draft: PolicyDraft) -> impl IntoView {
    view! {
        <CheckedForm<AddPolicyFn> check=|call: &AddPolicyFn| call.form.plainly_wrong() partly=true hidden=vec![("project", draft.form.project.clone())]>
            <PolicyFields draft=draft/>
            <DialogFooter>
                <Submit label=tr!("Add") pending=tr!("Adding…")/>
            </DialogFooter>
        </CheckedForm<AddPolicyFn>>
    }
}

#[component]
pub fn EditPolicy(project: ProjectId) -> impl IntoView {
    let policy = PolicyId(named_row());
    let draft: Answer<PolicyDraft> = Answer::once(move || draft_policy(project, Some(policy)));
    view! { <Dialog title=tr!("Edit Policy")>{loaded(draft, |draft| view! { <EditForm draft=draft/> })}</Dialog> }
}

#[component]
fn EditForm(draft: PolicyDraft) -> impl IntoView {
    view! {
        <CheckedForm<UpdatePolicy> check=|call: &UpdatePolicy| call.form.plainly_wrong() partly=true hidden=vec![("policy", draft.form.policy.clone())]>
            <HiddenField name="version" value=draft.form.version.clone()/>
            <PolicyFields draft=draft/>
            <DialogFooter>
                <Submit label=tr!("Save") pending=tr!("Saving…")/>
            </DialogFooter>
        </CheckedForm<UpdatePolicy>>
    }
}
