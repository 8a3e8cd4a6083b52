//! Composing a cron expression of words, field by field.

use leptos::prelude::*;
use model::{
    form::FormCheck,
    schedule::{CUSTOM_PERIOD, CronField, CronWords},
};

use crate::components::{field::Field, form_state::FormState};

const PERIOD: &str = "cron_period";
const EXPRESSION: &str = "cron_expression";

/// A field of words: which, its name, and the id of its suggestions.
type WordsField = (CronField, &'static str, &'static str);

const FIELDS: [WordsField; 5] = [
    (CronField::Minute, "compose.minute", "minute-words"),
    (CronField::Hour, "compose.hour", "hour-words"),
    (CronField::Day, "compose.day", "day-words"),
    (CronField::Month, "compose.month", "month-words"),
    (CronField::Weekday, "compose.weekday", "weekday-words"),
];

#[component]
pub fn Compose(
    /// The words that the form starts with.
    words: CronWords,
) -> impl IntoView {
    let CronWords { minute, hour, day, month, weekday } = words;
    let field = |((field, name, list), words): (WordsField, _)| {
        let suggestion = |words: &&'static str| view! { <option value=*words></option> };
        let label = field.label();
        view! {
            <Field name=name label=tr!(label) value=words list=list/>
            <datalist id=list>{field.examples().iter().map(suggestion).collect_view()}</datalist>
        }
    };
    view! {
        <fieldset class="compose">
            <legend>{tr!("Compose by Fields")}</legend>
            <p class="field-hint">
                {tr!("In words or numbers, such as every 15 minutes, 8 to 17, Monday to Friday.")}
            </p>
            <div class="compose-fields">
                {FIELDS.into_iter().zip([minute, hour, day, month, weekday]).map(field).collect_view()}
            </div>
            <Composer/>
        </fieldset>
    }
}

/// Lets the expression and the fields of words follow each other, and says where they cannot.
#[component]
fn Composer() -> impl IntoView {
    let state = expect_context::<FormState>();
    let note = RwSignal::new(None);
    Effect::new(move |before: Option<Option<Typed>>| {
        if !state.is_read() {
            return None;
        }
        let now = Typed::of(state);
        let Some(before) = before.flatten() else { return Some(now) };
        if now.period != before.period && now.period == CUSTOM_PERIOD && now.expression.trim().is_empty() {
            state.set(EXPRESSION, &before.period);
            note.set(show(state, &before.period));
        } else if now.expression != before.expression {
            note.set(show(state, &now.expression));
        } else if now.words != before.words {
            note.set(compose(state, now.words));
        }
        // Together with what was filled in, which nobody has typed.
        Some(untrack(|| Typed::of(state)))
    });
    view! {
        <p class="compose-note" aria-live="polite">
            {move || note.get()}
        </p>
    }
}

/// What the fields hold that follow each other.
struct Typed {
    period: String,
    expression: String,
    words: [String; 5],
}

impl Typed {
    fn of(state: FormState) -> Self {
        let value = |field| state.value(field, "");
        let words = FIELDS.map(|(_, name, _)| value(name));
        Self { period: value(PERIOD), expression: value(EXPRESSION), words }
    }
}

/// Fills the expression in from the words; where they mean nothing, it stays as it is, and this says so.
fn compose(state: FormState, [minute, hour, day, month, weekday]: [String; 5]) -> Option<String> {
    let mut check = FormCheck::default();
    let composed = CronWords { minute, hour, day, month, weekday }.compose(&mut check);
    match check.finish(composed) {
        Ok(expression) => {
            state.set(EXPRESSION, &expression);
            None
        }
        Err(errors) => Some(tr!("{}. The expression stays as it was.", errors.summary)),
    }
}

/// Shows the expression in words, or says that there are none for it.
fn show(state: FormState, expression: &str) -> Option<String> {
    let words = CronWords::read(expression);
    let is_more = words.is_none() && expression.split_whitespace().count() == 5;
    let CronWords { minute, hour, day, month, weekday } = words.unwrap_or_default();
    for ((_, name, _), words) in FIELDS.into_iter().zip([minute, hour, day, month, weekday]) {
        state.set(name, &words);
    }
    is_more.then(|| tr!("This expression says more than the fields below can, so they are empty."))
}
