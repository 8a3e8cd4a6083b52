//! Composing a cron expression of words, field by field.

use leptos::{html, prelude::*};
use model::{
    form::FormCheck,
    schedule::{CronField, CronWords},
};

use crate::components::field::Field;

/// The input of the expression and the fields of words, each following the other.
#[derive(Clone, Copy)]
pub struct Composer {
    pub expression: NodeRef<html::Input>,
    words: [NodeRef<html::Input>; 5],
    /// What could not be composed, or not be shown in words.
    note: RwSignal<Option<String>>,
}

impl Composer {
    pub fn new() -> Self {
        Self { expression: NodeRef::new(), words: std::array::from_fn(|_| NodeRef::new()), note: RwSignal::new(None) }
    }

    /// Fills the expression in from the words. `None` where they mean nothing; then it stays as it is.
    fn compose(self) -> Option<String> {
        let mut check = FormCheck::default();
        let composed = self.typed().compose(&mut check);
        match check.finish(composed) {
            Ok(expression) => {
                self.note.set(None);
                set(self.expression, &expression);
                Some(expression)
            }
            Err(errors) => {
                self.note.set(Some(tr!("{}. The expression stays as it was.", errors.summary)));
                None
            }
        }
    }

    /// Shows an expression in words, where there are words for it.
    pub fn show(self, expression: &str) {
        let words = CronWords::read(expression);
        let is_more = words.is_none() && expression.split_whitespace().count() == 5;
        self.note.set(is_more.then(|| tr!("This expression says more than the fields below can, so they are empty.")));
        let CronWords { minute, hour, day, month, weekday } = words.unwrap_or_default();
        for (node, words) in self.words.into_iter().zip([minute, hour, day, month, weekday]) {
            set(node, &words);
        }
    }

    /// Begins with an expression, in both.
    pub fn begin_with(self, expression: &str) {
        set(self.expression, expression);
        self.show(expression);
    }

    fn typed(self) -> CronWords {
        let [minute, hour, day, month, weekday] =
            self.words.map(|node| node.get_untracked().map(|input| input.value()).unwrap_or_default());
        CronWords { minute, hour, day, month, weekday }
    }
}

fn set(node: NodeRef<html::Input>, text: &str) {
    if let Some(input) = node.get_untracked() {
        input.set_value(text);
    }
}

#[component]
pub fn Compose(
    composer: Composer,
    /// The words that the form starts with.
    words: CronWords,
    /// Told what was composed.
    on_composed: Callback<String>,
) -> impl IntoView {
    let typed = Callback::new(move |_| {
        if let Some(expression) = composer.compose() {
            on_composed.run(expression);
        }
    });
    let fields = [
        (CronField::Minute, "compose.minute", "minute-words", words.minute),
        (CronField::Hour, "compose.hour", "hour-words", words.hour),
        (CronField::Day, "compose.day", "day-words", words.day),
        (CronField::Month, "compose.month", "month-words", words.month),
        (CronField::Weekday, "compose.weekday", "weekday-words", words.weekday),
    ];
    let field = |((field, name, list, words), node): ((CronField, _, _, _), _)| {
        let suggestion = |words: &&'static str| view! { <option value=*words></option> };
        let label = field.label();
        view! {
            <Field name=name label=tr!(label) value=words list=list node=node on_input=typed/>
            <datalist id=list>{field.examples().iter().map(suggestion).collect_view()}</datalist>
        }
    };
    view! {
        <fieldset class="compose">
            <legend>{tr!("Compose by Fields")}</legend>
            <p class="field-hint">
                {tr!("In words or numbers, such as every 15 minutes, 8 to 17, Monday to Friday. They fill in the expression, which is what counts; they count themselves where it is empty.")}
            </p>
            <div class="compose-fields">{fields.into_iter().zip(composer.words).map(field).collect_view()}</div>
            <p class="compose-note" role="status">
                {move || composer.note.get()}
            </p>
        </fieldset>
    }
}
