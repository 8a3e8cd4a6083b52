//! Composing a cron expression of words, field by field.

use leptos::{html::Span, prelude::*};
use model::{
    form::FormCheck,
    schedule::{CUSTOM_PERIOD, CronField, CronWords},
};

use crate::components::{
    field::Field,
    form_state::input_name,
    typed::{Typed, follow_form},
};

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
                {tr!("In words or numbers, such as every 15 minutes, 8 to 17, Monday to Friday. They fill in the expression, which is what counts; they count themselves where it is empty.")}
            </p>
            <div class="compose-fields">
                {FIELDS.into_iter().zip([minute, hour, day, month, weekday]).map(field).collect_view()}
            </div>
            <Composer/>
        </fieldset>
    }
}

/// Lets the expression and the fields of words follow each other, and says where they cannot.
#[island]
fn Composer() -> impl IntoView {
    let node = NodeRef::<Span>::new();
    let note = RwSignal::new(None);
    let before = StoredValue::new(String::new());
    follow_form(node, move |form, input| {
        let Some(input) = input else {
            before.set_value(form.get(PERIOD));
            return;
        };
        if input == input_name(PERIOD) {
            let chosen = form.get(PERIOD);
            let before = before.try_update_value(|before| std::mem::replace(before, chosen.clone()));
            if chosen == CUSTOM_PERIOD && form.get(EXPRESSION).trim().is_empty() {
                form.set(EXPRESSION, &before.unwrap_or_default());
                note.set(show(form));
                form.tell();
            }
        } else if input == input_name(EXPRESSION) {
            note.set(show(form));
        } else if FIELDS.iter().any(|(_, name, _)| input == input_name(name)) {
            note.set(compose(form));
        }
    });
    view! {
        <p class="compose-note" aria-live="polite">
            <span node_ref=node hidden></span>
            {move || note.get()}
        </p>
    }
}

/// Fills the expression in from the words; where they mean nothing, it stays as it is, and this says so.
fn compose(form: &Typed) -> Option<String> {
    let [minute, hour, day, month, weekday] = FIELDS.map(|(_, name, _)| form.get(name));
    let mut check = FormCheck::default();
    let composed = CronWords { minute, hour, day, month, weekday }.compose(&mut check);
    match check.finish(composed) {
        Ok(expression) => {
            form.set(EXPRESSION, &expression);
            form.tell();
            None
        }
        Err(errors) => Some(tr!("{}. The expression stays as it was.", errors.summary)),
    }
}

/// Shows the expression in words, or says that there are none for it.
fn show(form: &Typed) -> Option<String> {
    let expression = form.get(EXPRESSION);
    let words = CronWords::read(&expression);
    let is_more = words.is_none() && expression.split_whitespace().count() == 5;
    let CronWords { minute, hour, day, month, weekday } = words.unwrap_or_default();
    for ((_, name, _), words) in FIELDS.into_iter().zip([minute, hour, day, month, weekday]) {
        form.set(name, &words);
    }
    is_more.then(|| tr!("This expression says more than the fields below can, so they are empty."))
}
