//! The dialogs that add a policy and edit one.

use leptos::prelude::*;
use model::{
    ids::{PolicyId, ProjectId},
    policy::PolicyDraft,
};

use super::policy_fields::PolicyFields;
use crate::{
    address::use_address,
    api::policies::{AddPolicy as AddPolicyFn, UpdatePolicy, draft_policy},
    components::{
        answer::Answer,
        dialog::{Dialog, DialogFooter},
        field::HiddenField,
        form::Form,
        loaded::loaded,
        submission::{Submission, use_submission},
        submit::Submit,
    },
};

#[component]
pub fn AddPolicy(project: Memo<ProjectId>) -> impl IntoView {
    let submission = use_submission::<AddPolicyFn>();
    let draft: Answer<PolicyDraft> = Answer::new(move || project.get(), |project| draft_policy(project, None));
    view! { <Dialog title=tr!("Add Policy")>{loaded(draft, move |draft| view! { <AddForm draft=draft submission=submission/> })}</Dialog> }
}

#[component]
fn AddForm(draft: PolicyDraft, submission: Submission) -> impl IntoView {
    view! {
        <Form submission=submission hidden=vec![("project", draft.form.project.clone())]>
            <PolicyFields draft=draft/>
            <DialogFooter>
                <Submit label=tr!("Add") pending=tr!("Adding…")/>
            </DialogFooter>
        </Form>
    }
}

#[component]
pub fn EditPolicy(project: Memo<ProjectId>) -> impl IntoView {
    let submission = use_submission::<UpdatePolicy>();
    let policy = PolicyId(use_address().read_untracked().number("id").unwrap_or_default());
    let draft: Answer<PolicyDraft> =
        Answer::new(move || project.get(), move |project| draft_policy(project, Some(policy)));
    view! {
        <Dialog title=tr!("Edit Policy")>
            {loaded(draft, move |draft| view! { <EditForm draft=draft submission=submission/> })}
        </Dialog>
    }
}

#[component]
fn EditForm(draft: PolicyDraft, submission: Submission) -> impl IntoView {
    view! {
        <Form submission=submission hidden=vec![("policy", draft.form.policy.clone())]>
            <HiddenField name="version" value=draft.form.version.clone()/>
            <PolicyFields draft=draft/>
            <DialogFooter>
                <Submit label=tr!("Save") pending=tr!("Saving…")/>
            </DialogFooter>
        </Form>
    }
}
