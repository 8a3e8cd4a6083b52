//! Whether a project is backed up, and where to: the part that the add form and Settings share.
//!
//! What a choice reveals is revealed by the style sheet, so that it works without WASM.

use leptos::prelude::*;
use model::{
    credential::{CredentialChoice, OrganizationChoice},
    ids::OrganizationId,
    project::{Backup, ObjectOptions, ProjectChoices},
    schedule::{FIRST_PERIODS, USUAL_PERIOD, words_of_common},
};

use crate::{
    components::{
        field::{Field, Kind},
        form_state::FormState,
        icon::Icon,
        select::{Choice, ChoiceGroup, Select},
        submit::Submit,
        switch::Switch,
        tick::Tick,
    },
    pages::object_fields::ObjectFields,
    ui::use_ui,
};

#[component]
pub fn BackupFields(
    choices: ProjectChoices,
    /// What is set already.
    #[prop(default = Backup::Off)]
    backup: Backup,
    /// Whose default is chosen first: the project's organization, or else the person's own.
    #[prop(optional)]
    organization: Option<OrganizationId>,
    /// Whether a first policy is offered too. Then the switch is on where a credential can be chosen.
    #[prop(optional)]
    with_policy: bool,
) -> impl IntoView {
    let objects = match &backup {
        Backup::On { objects, .. } => objects.clone(),
        Backup::Off | Backup::SettingUp { .. } => ObjectOptions::default(),
    };
    let chosen = match &backup {
        Backup::On { credential, .. } => credential.to_string(),
        Backup::Off | Backup::SettingUp { .. } => {
            let own = || use_ui().actor().map(|actor| actor.organization);
            preselected(&choices.credentials, organization.or_else(own))
        }
    };
    let on = backup.is_on() || (with_policy && !chosen.is_empty());
    let groups = credential_groups(choices.credentials, &choices.organizations, chosen.is_empty());
    let place = match backup {
        Backup::Off | Backup::SettingUp { .. } => view! { <BucketFields/> }.into_any(),
        Backup::On { bucket, prefix, keeps_versions, .. } => {
            view! { <BucketFacts bucket=bucket prefix=prefix keeps_versions=keeps_versions/> }.into_any()
        }
    };
    view! {
        <div class="reveal reveal-switch">
            <Switch
                name="backup.enable_backup"
                label=tr!("Enable Backup")
                on=on
                hint=tr!("Backups are encrypted and deduplicated before they leave this server.")
            />
            <div class="revealed">
                <Select
                    name="backup.credential"
                    label=tr!("Backup Credentials")
                    groups=groups
                    value=chosen
                    hint=tr!("Locked credentials cannot be chosen.")
                />
                {place}
                {with_policy.then(|| view! { <FirstPolicyFields/> })}
                <ObjectFields objects=objects/>
            </div>
        </div>
    }
}

/// When the new project is backed up.
#[component]
fn FirstPolicyFields() -> impl IntoView {
    let period = |(expression, _)| {
        let words = words_of_common(expression).unwrap_or(expression);
        Choice::new(expression, tr!(words))
    };
    let choices: Vec<Choice> =
        FIRST_PERIODS.into_iter().map(period).chain([Choice::new("", tr!("No schedule yet"))]).collect();
    view! {
        <Select
            name="first.cron_period"
            label=tr!("Schedule")
            groups=vec![choices.into()]
            value=USUAL_PERIOD
            hint=tr!("In the organization's time zone; each backup is kept for 30 days. More can be set under Backup Policy.")
        />
        <Tick name="first.back_up_now" label=tr!("Back Up Now") on=true/>
    }
}

#[component]
fn BucketFields() -> impl IntoView {
    let choices =
        vec![Choice::new("create", tr!("Create a bucket")), Choice::new("existing", tr!("Use an existing bucket"))];
    view! {
        <div class="reveal reveal-select">
            <Select
                name="backup.bucket"
                label=tr!("Bucket")
                groups=vec![choices.into()]
                value="create"
                hint=tr!("A created one is named holdfast-, the organization, the project, and eight random characters.")
            />
            <div class="revealed">
                <Field name="backup.bucket_name" label=tr!("Bucket Name") kind=Kind::Code/>
                <Field
                    name="backup.prefix"
                    label=tr!("Prefix")
                    kind=Kind::Code
                    hint=tr!("Optional: where in the bucket the backups lie, such as team/web.")
                />
                <AdoptFields/>
            </div>
        </div>
    }
}

/// For a place that holds a repository which another password opens. Unfolded where that was found out.
#[component]
fn AdoptFields() -> impl IntoView {
    const PASSWORD: &str = "backup.repository_password";
    let state = expect_context::<FormState>();
    // It stays open while the password is typed.
    let open = Memo::new(move |was: Option<&bool>| was == Some(&true) || state.message(PASSWORD).is_some());
    let button = move || {
        open.get().then(|| {
            view! {
                <div class="form-footer">
                    <Submit label=tr!("Adopt") pending=tr!("Opening the repository…") class="button"/>
                </div>
            }
        })
    };
    view! {
        <details class="more-fields" open=move || open.get()>
            <summary>{tr!("A repository that is there already")}</summary>
            <div class="fields">
                <Field
                    name=PASSWORD
                    label=tr!("Repository Password")
                    kind=Kind::NewPassword
                    hint=tr!("From the recovery kit of the installation that made the repository. Its snapshots are listed as backups of no policy, and stay until you delete them.")
                />
                {button}
            </div>
        </details>
    }
}

#[component]
fn BucketFacts(bucket: String, prefix: String, keeps_versions: bool) -> impl IntoView {
    let versions = keeps_versions.then(|| view! { <VersionsNote/> });
    let prefix = (!prefix.is_empty()).then(|| {
        view! {
            <div>
                <dt>{tr!("Prefix")}</dt>
                <dd>
                    <code>{prefix}</code>
                </dd>
            </div>
        }
    });
    view! {
        <dl class="facts">
            <div>
                <dt>{tr!("Bucket")}</dt>
                <dd>
                    <code>{bucket}</code>
                </dd>
            </div>
            {prefix}
        </dl>
        {versions}
    }
}

/// What it means that a bucket keeps versions.
#[component]
pub fn VersionsNote() -> impl IntoView {
    view! {
        <div class="alert alert-info">
            <Icon name="alert"/>
            <p>
                {tr!("The bucket keeps versions: what Holdfast deletes frees no room, and can be brought back there. Add a lifecycle rule to the bucket that removes noncurrent versions after some days.")}
            </p>
        </div>
    }
}

/// The default credential of the organization, or else the first that is not locked; empty where there is none.
pub fn preselected(credentials: &[CredentialChoice], organization: Option<OrganizationId>) -> String {
    let usable = || {
        credentials.iter().filter(|choice| !choice.locked && organization.is_none_or(|own| own == choice.organization))
    };
    usable()
        .find(|choice| choice.default)
        .or_else(|| usable().next())
        .map(|choice| choice.id.to_string())
        .unwrap_or_default()
}

/// For a Partner by organization, since a project can use its own organization's alone.
fn credential_groups(
    credentials: Vec<CredentialChoice>,
    organizations: &[OrganizationChoice],
    unchosen: bool,
) -> Vec<ChoiceGroup> {
    let label = if credentials.is_empty() { tr!("No backup credentials yet") } else { tr!("Choose credentials") };
    let none = unchosen.then(|| vec![Choice::new("", label)].into());
    let groups: Vec<ChoiceGroup> = if organizations.is_empty() {
        vec![credentials.iter().map(credential_choice).collect::<Vec<_>>().into()]
    } else {
        let of = |organization: &OrganizationChoice| {
            let own = credentials.iter().filter(|choice| choice.organization == organization.id);
            ChoiceGroup { label: Some(organization.name.clone()), choices: own.map(credential_choice).collect() }
        };
        organizations.iter().map(of).filter(|group| !group.choices.is_empty()).collect()
    };
    none.into_iter().chain(groups).collect()
}

fn credential_choice(credential: &CredentialChoice) -> Choice {
    let name = &credential.s3_name;
    let label = match (credential.locked, credential.default) {
        (true, _) => tr!("{} (locked)", name),
        (false, true) => tr!("{} (default)", name),
        (false, false) => name.clone(),
    };
    Choice::new(credential.id, label).disabled(credential.locked)
}

#[cfg(test)]
mod tests {
    use model::ids::CredentialId;

    use super::*;

    fn choice(id: i64, organization: i64, default: bool, locked: bool) -> CredentialChoice {
        let organization = OrganizationId(organization);
        CredentialChoice { id: CredentialId(id), organization, s3_name: format!("key-{id}"), default, locked }
    }

    #[test]
    fn the_organizations_default_is_chosen_first() {
        let all = [choice(1, 1, false, false), choice(2, 2, true, false), choice(3, 1, true, false)];
        assert_eq!(preselected(&all, Some(OrganizationId(1))), "3");
        assert_eq!(preselected(&all, Some(OrganizationId(9))), "");
    }

    #[test]
    fn a_locked_credential_is_never_chosen_by_itself() {
        let all = [choice(1, 1, true, true), choice(2, 1, false, false)];
        assert_eq!(preselected(&all, Some(OrganizationId(1))), "2");
    }
}
