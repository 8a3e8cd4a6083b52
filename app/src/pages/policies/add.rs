//! The dialog that adds a policy.

use std::time::Duration;

use leptos::prelude::*;
use model::{
    ids::ProjectId,
    pattern::EVERYTHING,
    retention::DEFAULT_RETENTION,
    schedule::{COMMON_PERIODS, CUSTOM_PERIOD},
};

use super::preview::Preview;
use crate::{
    api::policies::AddPolicy as AddPolicyFn,
    components::{
        dialog::{Dialog, DialogFooter},
        field::{Field, Kind},
        form::Form,
        form_state::FormState,
        select::{Choice, Select},
        submission::use_submission,
        submit::Submit,
        textarea::TextArea,
        time_zone::TimeZoneField,
    },
};

/// The period that is chosen at first: every day at 02:30.
const USUAL_PERIOD: &str = "30 2 * * *";
const USUAL_ZONE: &str = "UTC";

/// How long after the last key the preview is asked for.
const PAUSE: Duration = Duration::from_millis(300);

#[component]
pub fn AddPolicy(project: Memo<ProjectId>) -> impl IntoView {
    let submission = use_submission::<AddPolicyFn>();
    let hidden = vec![("project", project.get_untracked().to_string())];
    view! {
        <Dialog title="Add Policy">
            <Form submission=submission hidden=hidden>
                <div class="dialog-body">
                    <Field
                        name="name"
                        label="Name"
                        required=true
                        focused=true
                        hint="3 to 30 lower-case letters, digits and hyphens. Its backups are named after it."
                    />
                    <ScheduleFields/>
                    <ContentFields/>
                </div>
                <DialogFooter>
                    <Submit label="Add" pending="Adding…"/>
                </DialogFooter>
            </Form>
        </Dialog>
    }
}

/// When it runs, with a preview of what that means.
#[component]
fn ScheduleFields() -> impl IntoView {
    let state = expect_context::<FormState>();
    let period = RwSignal::new(state.initial("cron_period", USUAL_PERIOD));
    let expression = RwSignal::new(state.initial("cron_expression", ""));
    let zone = RwSignal::new(state.initial("time_zone", USUAL_ZONE));
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
                value=USUAL_PERIOD
                on_change=Some(Callback::new(move |chosen| period.set(chosen)))
            />
            <div class="revealed">
                <Field
                    name="cron_expression"
                    label="Cron Expression"
                    kind=Kind::Code
                    hint="Minute, hour, day, month, weekday, such as 15 4 * * MON-FRI."
                    on_input=Callback::new(move |typed| expression.set(typed))
                />
            </div>
        </div>
        <TimeZoneField value=USUAL_ZONE on_input=Callback::new(move |typed| zone.set(typed))/>
        <Preview expression=effective zone=settled_zone/>
    }
}

/// What is backed up, and how long it is kept.
#[component]
fn ContentFields() -> impl IntoView {
    view! {
        <Field
            name="retention"
            label="Retention Period"
            kind=Kind::Code
            value=DEFAULT_RETENTION
            required=true
            hint="Such as 72h, 30d or 10h30m. The newest completed backup is always kept."
        />
        <TextArea
            name="include"
            label="Include"
            value=EVERYTHING
            rows="2"
            hint="Patterns inside the source, one a line. ** is everything."
        />
        <TextArea name="exclude" label="Exclude" rows="2" hint="Patterns that are left out, such as **/*.tmp or node_modules/**."/>
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
