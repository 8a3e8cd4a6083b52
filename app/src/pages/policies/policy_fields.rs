//! The fields of a policy: of a new one, and of one that is edited.

use leptos::prelude::*;
use model::{
    keep::KeepForm,
    outlook::OutlookForm,
    policy::{PolicyDraft, PolicyForm},
    schedule::{COMMON_PERIODS, CUSTOM_PERIOD},
};

use super::{
    asked::settled,
    compose::{Compose, Composer},
    outlook::OutlookPreview,
    preview::{Period, Preview},
};
use crate::components::{
    field::{Field, Kind},
    form_state::FormState,
    select::{Choice, Select},
    textarea::TextArea,
    tick::Tick,
    time_zone::TimeZoneField,
};

/// What is typed of that which the previews show.
#[derive(Clone, Copy)]
struct Typed {
    period: RwSignal<String>,
    expression: RwSignal<String>,
    zone: RwSignal<String>,
    retention: RwSignal<String>,
    keep: RwSignal<KeepForm>,
}

impl Typed {
    fn new(form: &PolicyForm) -> Self {
        let state = expect_context::<FormState>();
        let initial = |name: &str, value: &str| state.initial(name, value);
        let keep = KeepForm {
            last: initial("keep.last", &form.keep.last),
            hourly: initial("keep.hourly", &form.keep.hourly),
            daily: initial("keep.daily", &form.keep.daily),
            weekly: initial("keep.weekly", &form.keep.weekly),
            monthly: initial("keep.monthly", &form.keep.monthly),
            yearly: initial("keep.yearly", &form.keep.yearly),
        };
        Self {
            period: RwSignal::new(initial("cron_period", &form.cron_period)),
            expression: RwSignal::new(initial("cron_expression", &form.cron_expression)),
            zone: RwSignal::new(initial("time_zone", &form.time_zone)),
            retention: RwSignal::new(initial("retention", &form.retention)),
            keep: RwSignal::new(keep),
        }
    }

    /// The expression that counts and the zone, once somebody has stopped typing.
    fn settled_period(self) -> Memo<Period> {
        let (period, expression, zone) = (self.period, settled(self.expression), settled(self.zone));
        let counts = move || if *period.read() == CUSTOM_PERIOD { expression.get() } else { period.get() };
        Memo::new(move |_| (counts(), zone.get()))
    }
}

#[component]
pub fn PolicyFields(draft: PolicyDraft) -> impl IntoView {
    let PolicyDraft { form, of_database, has_ping, preview, outlook } = draft;
    let typed = Typed::new(&form);
    let period = typed.settled_period();
    let first_period: Period = (form.expression().to_owned(), form.time_zone.clone());
    let first_terms = form.outlook();
    let (retention, keep) = (settled(typed.retention), settled(typed.keep));
    let terms = Memo::new(move |_| {
        let (expression, time_zone) = period.get();
        OutlookForm { expression, time_zone, retention: retention.get(), keep: keep.get() }
    });
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
            <ScheduleFields form=form.clone() typed=typed/>
            <Preview first=(first_period, preview) period=period/>
            <ContentFields form=form.clone() of_database=of_database typed=typed/>
            <KeepFields keep=form.keep typed=typed/>
            <OutlookPreview first=(first_terms, outlook) terms=terms/>
            <PingFields stored=has_ping/>
        </div>
    }
}

/// When it runs.
#[component]
fn ScheduleFields(form: PolicyForm, typed: Typed) -> impl IntoView {
    let common = COMMON_PERIODS.iter().map(|(expression, words)| Choice::new(expression, tr!(words)));
    let periods: Vec<Choice> = common.chain([Choice::new(CUSTOM_PERIOD, tr!("Custom"))]).collect();
    let composer = Composer::new();
    let choose = move |chosen: String| {
        let before = typed.period.get_untracked();
        if chosen == CUSTOM_PERIOD && typed.expression.read_untracked().trim().is_empty() {
            composer.begin_with(&before);
            typed.expression.set(before);
        }
        typed.period.set(chosen);
    };
    let type_expression = move |text: String| {
        composer.show(&text);
        typed.expression.set(text);
    };
    view! {
        <div class="reveal reveal-select">
            <Select
                name="cron_period"
                label=tr!("Cron Period")
                groups=vec![periods.into()]
                value=form.cron_period
                on_change=Some(Callback::new(choose))
            />
            <div class="revealed">
                <Field
                    name="cron_expression"
                    label=tr!("Cron Expression")
                    kind=Kind::Code
                    value=form.cron_expression
                    hint=tr!("Minute, hour, day, month, weekday, such as 15 4 * * MON-FRI.")
                    node=composer.expression
                    on_input=Callback::new(type_expression)
                />
                <Compose
                    composer=composer
                    words=form.compose
                    on_composed=Callback::new(move |composed| typed.expression.set(composed))
                />
            </div>
        </div>
        <TimeZoneField value=form.time_zone on_input=Callback::new(move |text| typed.zone.set(text))/>
    }
}

/// What is backed up, and how long it is kept.
#[component]
fn ContentFields(form: PolicyForm, of_database: bool, typed: Typed) -> impl IntoView {
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
    view! {
        <Field
            name="retention"
            label=tr!("Retention Period")
            kind=Kind::Code
            value=form.retention
            required=true
            on_input=Callback::new(move |text| typed.retention.set(text))
            hint=tr!("Such as 72h, 30d or 10h30m. The newest completed backup is always kept.")
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
    }
}

/// The place of a count among all.
type CountOf = fn(&mut KeepForm) -> &mut String;

/// What is kept beyond the retention period. Few need it, so it is folded until something of it is set or wrong.
#[component]
fn KeepFields(keep: KeepForm, typed: Typed) -> impl IntoView {
    let state = expect_context::<FormState>();
    let fields: [(_, _, _, CountOf); 6] = [
        ("keep.last", tr!("Keep Last"), keep.last, |keep| &mut keep.last),
        ("keep.hourly", tr!("Keep Hourly"), keep.hourly, |keep| &mut keep.hourly),
        ("keep.daily", tr!("Keep Daily"), keep.daily, |keep| &mut keep.daily),
        ("keep.weekly", tr!("Keep Weekly"), keep.weekly, |keep| &mut keep.weekly),
        ("keep.monthly", tr!("Keep Monthly"), keep.monthly, |keep| &mut keep.monthly),
        ("keep.yearly", tr!("Keep Yearly"), keep.yearly, |keep| &mut keep.yearly),
    ];
    let filled = fields.iter().any(|(name, _, value, _)| !state.initial(name, value).is_empty());
    let field = |(name, label, value, part): (_, _, String, CountOf)| {
        let on_input = Callback::new(move |text| typed.keep.update(|keep| *part(keep) = text));
        view! { <Field name=name label=label value=value kind=Kind::Number on_input=on_input/> }
    };
    view! {
        <details class="more-fields" open=filled>
            <summary>{tr!("Keep some for longer")}</summary>
            <p class="field-hint">
                {tr!("So many backups stay when their retention period has ended: the last ones, and the newest of each hour, day, week, month or year that has one.")}
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
        tr!("Ping URL" => "It is stored and never shown. Leave this empty to keep it.")
    } else {
        tr!(
            "Of Healthchecks or a service like it. It gets a POST when a run starts (/start), completes, and fails (/fail)."
        )
    };
    let forget = stored.then(|| view! { <Tick name="forget_ping" label=tr!("Remove the stored Ping URL")/> });
    view! {
        <details class="more-fields" open=open>
            <summary>{tr!("Tell a monitoring service")}</summary>
            <Field name="ping_url" label=tr!("Ping URL") kind=Kind::NewPassword hint=hint/>
            {forget}
        </details>
    }
}
