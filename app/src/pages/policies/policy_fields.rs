//! The fields of a policy: of a new one, and of one that is edited.

use leptos::prelude::*;
use model::{
    keep::KeepForm,
    policy::{PolicyDraft, PolicyForm, USUAL_PERCENT},
    schedule::{COMMON_PERIODS, CUSTOM_PERIOD},
};

use super::{compose::Compose, outlook::OutlookPreview, preview::Preview, trial::Trial};
use crate::components::{
    field::{Field, Kind},
    form_state::FormState,
    select::{Choice, Select},
    textarea::TextArea,
    tick::Tick,
    time_zone::TimeZoneField,
};

#[component]
pub fn PolicyFields(draft: PolicyDraft) -> impl IntoView {
    let PolicyDraft { form, of_database, has_ping, preview, outlook } = draft;
    view! {
        <div class="dialog-body">
            <Field
                name="name"
                label=tr!("Name")
                value=form.name.clone()
                required=true
                focused=true
                hint=tr!("3 to 30 lower-case letters, digits and hyphens. Its backups are named after it.")
            />
            <ScheduleFields form=form.clone()/>
            <Preview first=form.clone() preview=preview/>
            <ContentFields form=form.clone() of_database=of_database/>
            <ConfirmShorter/>
            <KeepFields keep=form.keep.clone()/>
            <OutlookPreview first=form.clone() outlook=outlook/>
            <UnusualFields below=form.unusual_below/>
            <PingFields stored=has_ping/>
        </div>
    }
}

/// When it runs.
#[component]
fn ScheduleFields(form: PolicyForm) -> impl IntoView {
    let common = COMMON_PERIODS.iter().map(|(expression, words)| Choice::new(expression, tr!(words)));
    let periods: Vec<Choice> = common.chain([Choice::new(CUSTOM_PERIOD, tr!("Custom"))]).collect();
    view! {
        <div class="reveal reveal-select">
            <Select
                name="cron_period"
                label=tr!("Cron Period")
                groups=vec![periods.into()]
                value=form.cron_period
            />
            <div class="revealed">
                <Field
                    name="cron_expression"
                    label=tr!("Cron Expression")
                    kind=Kind::Code
                    value=form.cron_expression
                    hint=tr!("Minute, hour, day, month, weekday, such as 15 4 * * MON-FRI.")
                />
                <Compose words=form.compose/>
            </div>
        </div>
        <TimeZoneField value=form.time_zone/>
    }
}

/// What is backed up, and how long it is kept.
#[component]
fn ContentFields(form: PolicyForm, of_database: bool) -> impl IntoView {
    let (include, exclude) = if of_database {
        (
            tr!("Tables and schemas, one a line, such as orders, shop.orders or shop.*. ** is everything."),
            tr!("Tables and schemas that are left out, such as log_* or staging.*."),
        )
    } else {
        (
            tr!("Patterns inside the source, one a line. ** is everything."),
            tr!("Patterns that are left out, such as **/*.tmp or node_modules/**."),
        )
    };
    let first = form.clone();
    let options = (form.one_file_system.0, form.exclude_caches.0, form.exclude_larger_than);
    view! {
        <Field
            name="retention"
            label=tr!("Retention Period")
            kind=Kind::Code
            value=form.retention
            required=true
            hint=tr!("Such as 72h, 30d or 10h30m. It holds for the backups that are there too. The newest completed one is always kept.")
        />
        <TextArea
            name="include"
            label=tr!("Include")
            value=form.include
            rows="2"
            hint=include
        />
        <TextArea
            name="exclude"
            label=tr!("Exclude")
            value=form.exclude
            rows="2"
            hint=exclude
        />
        <Trial first=first/>
        {(!of_database).then(|| view! { <OptionFields options=options/> })}
    }
}

/// What is left out beside patterns. Few need it, so it is folded until something of it is set or wrong.
#[component]
fn OptionFields(options: (bool, bool, String)) -> impl IntoView {
    let state = expect_context::<FormState>();
    let (one_file_system, exclude_caches, larger_than) = options;
    let open = state.ticked("one_file_system", one_file_system)
        || state.ticked("exclude_caches", exclude_caches)
        || !state.initial("exclude_larger_than", &larger_than).is_empty();
    view! {
        <details class="more-fields" open=open>
            <summary>{tr!("Leave out more")}</summary>
            <Tick
                name="one_file_system"
                label=tr!("Stay On One File System")
                on=one_file_system
                hint=tr!("Nothing that is mounted inside the directory.")
            />
            <Tick
                name="exclude_caches"
                label=tr!("Exclude Caches")
                on=exclude_caches
                hint=tr!("Nothing of a folder with a valid CACHEDIR.TAG but that file.")
            />
            <Field
                name="exclude_larger_than"
                label=tr!("Exclude Larger Than")
                kind=Kind::Code
                value=larger_than
                hint=tr!("Such as 500 MiB or 2 GiB. How many files are left out, and how large they are, stands on each backup.")
            />
        </details>
    }
}

/// What is kept beyond the retention period. Few need it, so it is folded until something of it is set or wrong.
#[component]
fn KeepFields(keep: KeepForm) -> impl IntoView {
    let state = expect_context::<FormState>();
    let fields = [
        ("keep.last", tr!("Keep Last"), keep.last),
        ("keep.hourly", tr!("Keep Hourly"), keep.hourly),
        ("keep.daily", tr!("Keep Daily"), keep.daily),
        ("keep.weekly", tr!("Keep Weekly"), keep.weekly),
        ("keep.monthly", tr!("Keep Monthly"), keep.monthly),
        ("keep.yearly", tr!("Keep Yearly"), keep.yearly),
    ];
    let filled = fields.iter().any(|(name, _, value)| !state.initial(name, value).is_empty());
    let field = |(name, label, value)| view! { <Field name=name label=label value=value kind=Kind::Number/> };
    view! {
        <details class="more-fields" open=filled>
            <summary>{tr!("Long-term retention")}</summary>
            <p class="field-hint">
                {tr!("After the retention period, also keep the last ones, and the newest of each hour, day, week, month or year:")}
            </p>
            <div class="field-grid">{fields.into_iter().map(field).collect_view()}</div>
        </details>
    }
}

/// Asked where backups have reached their end by the rules as they are typed.
#[component]
fn ConfirmShorter() -> impl IntoView {
    let state = expect_context::<FormState>();
    (state.message("confirm_shorter").is_some() || state.ticked("confirm_shorter", false))
        .then(|| view! { <Tick name="confirm_shorter" label=tr!("Let the backups go that have reached their end")/> })
}

/// When a backup is unusual. Few change it, so it is folded until it differs or is wrong.
#[component]
fn UnusualFields(below: String) -> impl IntoView {
    let state = expect_context::<FormState>();
    let open = state.initial("unusual_below", &below) != USUAL_PERCENT.to_string();
    view! {
        <details class="more-fields" open=open>
            <summary>{tr!("Tell when a backup is unusual")}</summary>
            <Field
                name="unusual_below"
                label=tr!("Unusual Below")
                kind=Kind::Number
                value=below
                hint=tr!("In percent of what the backups before it had, in files or bytes. Until somebody acknowledges it, retention takes no earlier backup. 0 is never.")
            />
        </details>
    }
}

/// Who is told how each run goes. Few need it, so it is folded until it is set or wrong.
#[component]
fn PingFields(stored: bool) -> impl IntoView {
    let state = expect_context::<FormState>();
    let open = stored || state.message("ping_url").is_some();
    let hint = if stored {
        tr!("Ping URL" => "It is stored and never shown. Leave this empty to keep it.")
    } else {
        tr!(
            "Of Healthchecks or a service like it. It gets a POST when a run starts (/start), completes, and fails (/fail)."
        )
    };
    let forget = stored.then(|| view! { <Tick name="forget_ping" label=tr!("Remove the stored Ping URL")/> });
    view! {
        <details class="more-fields" open=open>
            <summary>{tr!("Ping a monitoring service")}</summary>
            <Field name="ping_url" label=tr!("Ping URL") kind=Kind::NewPassword hint=hint/>
            {forget}
        </details>
    }
}
