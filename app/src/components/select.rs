//! A labelled choice from a list.

use leptos::prelude::*;

use crate::components::{field::FieldNotes, form_state::Wiring, icon::Icon};

/// An entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub disabled: bool,
}

impl Choice {
    pub fn new(value: impl ToString, label: impl ToString) -> Self {
        Self { value: value.to_string(), label: label.to_string(), disabled: false }
    }

    #[must_use]
    pub fn disabled(self, disabled: bool) -> Self {
        Self { disabled, ..self }
    }
}

/// Entries under a heading of their own, or without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceGroup {
    pub label: Option<String>,
    pub choices: Vec<Choice>,
}

impl From<Vec<Choice>> for ChoiceGroup {
    fn from(choices: Vec<Choice>) -> Self {
        Self { label: None, choices }
    }
}

#[component]
pub fn Select(
    name: &'static str,
    #[prop(into)] label: String,
    groups: Vec<ChoiceGroup>,
    /// The value that is chosen at first.
    #[prop(optional, into)]
    value: String,
    #[prop(optional, into)] hint: Option<String>,
) -> impl IntoView {
    let wiring = Wiring::of(name, hint.is_some());
    let chosen = wiring.state().initial(name, &value);
    view! {
        <div class="field">
            <label for=wiring.id()>{label}</label>
            <div class="select">
                <select
                    class="input"
                    id=wiring.id()
                    name=wiring.name()
                    aria-invalid=move || wiring.invalid()
                    aria-describedby=move || wiring.described_by()
                >
                    {option_groups(groups, &chosen)}
                </select>
                <Icon name="chevron-down"/>
            </div>
            <FieldNotes wiring=wiring hint=hint/>
        </div>
    }
}

/// The inside of a select element.
pub fn option_groups(groups: Vec<ChoiceGroup>, chosen: &str) -> impl IntoView + use<> {
    let draw = |group: ChoiceGroup| {
        let options = options(group.choices, chosen);
        match group.label {
            Some(label) => view! { <optgroup label=label>{options}</optgroup> }.into_any(),
            None => options.into_any(),
        }
    };
    groups.into_iter().map(draw).collect_view()
}

fn options(choices: Vec<Choice>, chosen: &str) -> impl IntoView + use<> {
    let draw = |choice: Choice| {
        let selected = choice.value == chosen;
        view! {
            <option value=choice.value selected=selected disabled=choice.disabled>
                {choice.label}
            </option>
        }
    };
    choices.into_iter().map(draw).collect_view()
}
