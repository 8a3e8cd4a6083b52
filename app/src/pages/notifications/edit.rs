//! The dialogs that add a channel and change one.

use leptos::prelude::*;
use model::notification::{ChannelKind, ChannelList, ChannelRow, EventKind};

use super::{first_organization, named, named_channel};
use crate::{
    api::{
        ApiError,
        notifications::{AddChannel as AddChannelFn, UpdateChannel as UpdateChannelFn},
    },
    components::{
        answer::Answer,
        dialog::{Dialog, DialogFooter},
        error_view::ErrorView,
        field::{Field, HiddenField, Kind},
        form::{CheckedForm, Form},
        loaded::loaded_quietly,
        select::{Choice, Select},
        submit::Submit,
        textarea::TextArea,
        tick::Tick,
    },
};

/// What an update says of a secret.
fn kept() -> String {
    tr!("It is stored and never shown. Leave this empty to keep it.")
}

#[component]
pub fn AddChannel(list: Answer<ChannelList>) -> impl IntoView {
    let form = |list: ChannelList| {
        let organizations = list.organizations.into_iter().map(|choice| Choice::new(choice.id, choice.name)).collect();
        view! { <AddForm organizations=organizations email=list.email_available/> }
    };
    view! { <Dialog title=tr!("Add Channel")>{loaded_quietly(list, form)}</Dialog> }
}

#[component]
fn AddForm(organizations: Vec<Choice>, email: bool) -> impl IntoView {
    view! {
        <CheckedForm<AddChannelFn> check=|call: &AddChannelFn| call.form.parse_new().err()>
            <div class="dialog-body">
                <OrganizationSelect choices=organizations/>
                <NameField name=""/>
                <KindFields email=email/>
                <EventFields chosen=vec![EventKind::Failure, EventKind::Recovery, EventKind::Overdue, EventKind::Damage]/>
            </div>
            <DialogFooter>
                <Submit label=tr!("Add") pending=tr!("Adding…")/>
            </DialogFooter>
        </CheckedForm<AddChannelFn>>
    }
}

/// A Partner's choice.
#[component]
fn OrganizationSelect(choices: Vec<Choice>) -> impl IntoView {
    let first = first_organization().map(|id| id.to_string()).unwrap_or_default();
    (!choices.is_empty()).then(|| {
        view! { <Select name="organization" label=tr!("Organization") groups=vec![choices.into()] value=first/> }
    })
}

#[component]
pub fn UpdateChannel(list: Answer<ChannelList>) -> impl IntoView {
    let id = named_channel();
    let form = move |list: ChannelList| match named(list, id) {
        Some(row) => view! { <UpdateForm row=row/> }.into_any(),
        None => view! { <ErrorView error=ApiError::NotFound/> }.into_any(),
    };
    view! { <Dialog title=tr!("Update Channel")>{loaded_quietly(list, form)}</Dialog> }
}

#[component]
fn UpdateForm(row: ChannelRow) -> impl IntoView {
    view! {
        <Form<UpdateChannelFn> hidden=vec![("channel", row.id.to_string())]>
            <HiddenField name="version" value=row.version.to_string()/>
            <div class="dialog-body">
                <NameField name=row.name/>
                <TargetFields kind=row.kind target=row.target has_secret=row.has_secret/>
                <EventFields chosen=row.events/>
            </div>
            <DialogFooter>
                <Submit label=tr!("Update") pending=tr!("Updating…")/>
            </DialogFooter>
        </Form<UpdateChannelFn>>
    }
}

/// What a channel of that kind needs.
#[component]
fn TargetFields(kind: ChannelKind, target: String, has_secret: bool) -> impl IntoView {
    match kind {
        ChannelKind::Email => view! { <EmailFields addresses=target/> }.into_any(),
        ChannelKind::Webhook => view! { <WebhookFields stored=true/> }.into_any(),
        ChannelKind::Slack => view! { <SlackFields stored=true/> }.into_any(),
        ChannelKind::Ntfy => view! { <NtfyFields stored=true token=has_secret/> }.into_any(),
    }
}

#[component]
fn NameField(#[prop(into)] name: String) -> impl IntoView {
    view! {
        <Field name="name" label=tr!("Name") value=name required=true focused=true hint=tr!("3 to 30 characters, such as On call.")/>
    }
}

/// The kind, and what each kind needs.
#[component]
fn KindFields(
    /// Whether the operator has set up a mail server.
    email: bool,
) -> impl IntoView {
    let kinds: Vec<Choice> = ChannelKind::ALL
        .iter()
        .map(|kind| {
            let label = kind.label();
            Choice::new(kind.as_str(), tr!(label)).disabled(*kind == ChannelKind::Email && !email)
        })
        .collect();
    let first = if email { ChannelKind::Email } else { ChannelKind::Webhook };
    let hint = if email {
        tr!("How the messages travel.")
    } else {
        tr!("E-mail needs a mail server, which the operator of this server sets with HOLDFAST_SMTP_URL.")
    };
    view! {
        <div class="reveal reveal-kind">
            <Select name="kind" label=tr!("Kind") groups=vec![kinds.into()] value=first.as_str() hint=hint/>
            <div class="revealed">
                <EmailFields addresses=""/>
            </div>
            <div class="revealed">
                <WebhookFields stored=false/>
            </div>
            <div class="revealed">
                <SlackFields stored=false/>
            </div>
            <div class="revealed">
                <NtfyFields stored=false token=false/>
            </div>
        </div>
    }
}

#[component]
fn EmailFields(#[prop(into)] addresses: String) -> impl IntoView {
    view! { <TextArea name="addresses" label=tr!("Addresses") value=addresses rows="2" hint=tr!("One a line, up to ten.")/> }
}

#[component]
fn WebhookFields(stored: bool) -> impl IntoView {
    let url = if stored { kept() } else { tr!("Gets JSON by POST, such as https://example.com/hooks/backups.") };
    let secret = if stored { kept() } else { tr!("16 to 256 characters. The receiver checks the signature with it.") };
    view! {
        <Field name="webhook_url" label=tr!("Webhook URL") kind=Kind::NewPassword hint=url/>
        <Field name="signing_secret" label=tr!("Signing Secret") kind=Kind::NewPassword hint=secret/>
    }
}

#[component]
fn SlackFields(stored: bool) -> impl IntoView {
    let url = if stored {
        kept()
    } else {
        tr!("Of an incoming webhook: of Slack, or of a service that takes the same JSON.")
    };
    view! { <Field name="slack_url" label=tr!("Slack Webhook URL") kind=Kind::NewPassword hint=url/> }
}

#[component]
fn NtfyFields(stored: bool, token: bool) -> impl IntoView {
    let url = if stored { kept() } else { tr!("Such as https://ntfy.sh/a-topic-that-nobody-guesses.") };
    let hint = if token { kept() } else { tr!("Optional: for topics that are protected.") };
    let forget = token.then(|| view! { <Tick name="forget_token" label=tr!("Remove the stored token")/> });
    view! {
        <Field name="topic_url" label=tr!("Topic URL") kind=Kind::NewPassword hint=url/>
        <Field name="access_token" label=tr!("Access Token") kind=Kind::NewPassword hint=hint/>
        {forget}
    }
}

#[component]
fn EventFields(chosen: Vec<EventKind>) -> impl IntoView {
    let tick = |(name, event, hint): (&'static str, EventKind, String)| {
        let label = event.label();
        view! { <Tick name=name label=tr!(label) on=chosen.contains(&event) hint=hint/> }
    };
    let ticks = [
        (
            "failure",
            EventKind::Failure,
            tr!("A backup failed for good or in part, is unusual, or was skipped because its credential is locked."),
        ),
        ("recovery", EventKind::Recovery, tr!("The first completed backup after that.")),
        (
            "overdue",
            EventKind::Overdue,
            tr!("A policy has had no completed backup for longer than its schedule promises."),
        ),
        (
            "damage",
            EventKind::Damage,
            tr!("A verification found that a repository is damaged, or that it is sound again."),
        ),
        ("digest", EventKind::Digest, tr!("Monday mornings at 8 in the organization's time zone.")),
    ];
    view! {
        <fieldset class="ticks">
            <legend>{tr!("Events")}</legend>
            {ticks.into_iter().map(tick).collect_view()}
        </fieldset>
    }
}
