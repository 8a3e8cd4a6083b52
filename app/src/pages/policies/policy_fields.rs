//! The fields of a policy: of a new one, and of one that is edited.

use std::time::Duration;

use leptos::prelude::*;
use model::{
    keep::KeepForm,
    policy::{PolicyDraft, PolicyForm},
    schedule::{COMMON_PERIODS, CUSTOM_PERIOD},
};

use super::preview::{Preview, Previewed};
use crate::components::{
    field::{Field, Kind},
    form_state::FormState,
    select::{Choice, Select},
    textarea::TextArea,
    tick::Tick,
    time_zone::TimeZoneField,
};

/// How long after the last key the preview is asked for.
const PAUSE: Duration = Duration::from_millis(300);

#[component]
pub fn PolicyFields(draft: PolicyDraft) -> impl IntoView {
    let PolicyDraft { form, of_database, has_ping, preview } = draft;
    let first = Previewed { expression: form.expression().to_owned(), zone: form.time_zone.clone(), preview };
    view! {
        <div class="dialog-body">
            <Field
                name="name"
                label="Name"
                value=form.name.clone()
                required=true
                focused=true
                hint="3 to 30 lower-case letters, digits and hyphens. Its backups are named after it."
            />
            <ScheduleFields form=form.clone() first=first/>
            <ContentFields form=form.clone() of_database=of_database/>
            <KeepFields keep=form.keep/>
            <PingFields stored=has_ping/>
        </div>
    }
}

/// When it runs, with a preview of what that means.
#[component]
fn ScheduleFields(form: PolicyForm, first: Previewed) -> impl IntoView {
    let state = expect_context::<FormState>();
    let period = RwSignal::new(state.initial("cron_period", &form.cron_period));
    let expression = RwSignal::new(state.initial("cron_expression", &form.cron_expression));
    let zone = RwSignal::new(state.initial("time_zone", &form.time_zone));
    let common = COMMON_PERIODS.iter().map(|(expression, words)| Choice::new(expression, words));
    let periods: Vec<Choice> = common.chain([Choice::new(CUSTOM_PERIOD, "Custom")]).collect();
    let (settled_expression, settled_zone) = (settled(expression), settled(zone));
    let effective =
        Memo::new(move |_| if *period.read() == CUSTOM_PERIOD { settled_expression.get() } else { period.get() });
    view! {
        <div class="reveal reveal-select">
            <Select
                name="cron_period"
                label="Cron Period"
                groups=vec![periods.into()]
                value=form.cron_period
                on_change=Some(Callback::new(move |chosen| period.set(chosen)))
            />
            <div class="revealed">
                <Field
                    name="cron_expression"
                    label="Cron Expression"
                    kind=Kind::Code
                    value=form.cron_expression
                    hint="Minute, hour, day, month, weekday, such as 15 4 * * MON-FRI."
                    on_input=Callback::new(move |typed| expression.set(typed))
                />
            </div>
        </div>
        <TimeZoneField value=form.time_zone on_input=Callback::new(move |typed| zone.set(typed))/>
        <Preview first=first expression=effective zone=settled_zone/>
    }
}

/// What is backed up, and how long it is kept.
#[component]
fn ContentFields(form: PolicyForm, of_database: bool) -> impl IntoView {
    let (include, exclude) = if of_database {
        (
            "Tables and schemas, one a line, such as orders, shop.orders or shop.*. ** is everything.",
            "Tables and schemas that are left out, such as log_* or staging.*.",
        )
    } else {
        (
            "Patterns inside the source, one a line. ** is everything.",
            "Patterns that are left out, such as **/*.tmp or node_modules/**.",
        )
    };
    view! {
        <Field
            name="retention"
            label="Retention Period"
            kind=Kind::Code
            value=form.retention
            required=true
            hint="Such as 72h, 30d or 10h30m. The newest completed backup is always kept."
        />
        <TextArea
            name="include"
            label="Include"
            value=form.include
            rows="2"
            hint=include
        />
        <TextArea
            name="exclude"
            label="Exclude"
            value=form.exclude
            rows="2"
            hint=exclude
        />
    }
}

/// What is kept beyond the retention period. Few need it, so it is folded until something of it is set or wrong.
#[component]
fn KeepFields(keep: KeepForm) -> impl IntoView {
    let state = expect_context::<FormState>();
    let fields = [
        ("keep.last", "Keep Last", keep.last),
        ("keep.hourly", "Keep Hourly", keep.hourly),
        ("keep.daily", "Keep Daily", keep.daily),
        ("keep.weekly", "Keep Weekly", keep.weekly),
        ("keep.monthly", "Keep Monthly", keep.monthly),
        ("keep.yearly", "Keep Yearly", keep.yearly),
    ];
    let filled = fields.iter().any(|(name, _, value)| !state.initial(name, value).is_empty());
    let field = |(name, label, value)| view! { <Field name=name label=label value=value kind=Kind::Number/> };
    view! {
        <details class="more-fields" open=filled>
            <summary>"Keep some for longer"</summary>
            <p class="field-hint">
                "So many backups stay when their retention period has ended: the last ones, and the newest of each hour, day, week, month or year that has one."
            </p>
            <div class="field-grid">{fields.into_iter().map(field).collect_view()}</div>
        </details>
    }
}

/// Who is told how each run goes. Few need it, so it is folded until it is set or wrong.
#[component]
fn PingFields(stored: bool) -> impl IntoView {
    let state = expect_context::<FormState>();
    let open = move || stored || state.message("ping_url").is_some();
    let hint = if stored {
        "It is stored and never shown. Leave this empty to keep it."
    } else {
        "Of Healthchecks or a service like it. It gets a POST when a run starts (/start), completes, and fails (/fail)."
    };
    let forget = stored.then(|| view! { <Tick name="forget_ping" label="Remove the stored Ping URL"/> });
    view! {
        <details class="more-fields" open=open>
            <summary>"Tell a monitoring service"</summary>
            <Field name="ping_url" label="Ping URL" kind=Kind::NewPassword hint=hint/>
            {forget}
        </details>
    }
}

/// What is typed, once somebody has stopped typing for a moment.
fn settled(typed: RwSignal<String>) -> RwSignal<String> {
    let settled = RwSignal::new(typed.get_untracked());
    Effect::new(move |_| {
        let now = typed.get();
        if let Ok(timer) = set_timeout_with_handle(move || settled.set(now), PAUSE) {
            on_cleanup(move || timer.clear());
        }
    });
    settled
}
