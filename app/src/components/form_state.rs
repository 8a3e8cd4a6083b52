//! What a form's fields know of their form.

use leptos::prelude::*;
use model::form::FormErrors;

use crate::api::flash::FailedForm;

#[derive(Clone, Copy)]
pub struct FormState {
    id: StoredValue<String>,
    errors: StoredValue<Option<FormErrors>>,
    /// The post that failed just before, with what was typed.
    failed: StoredValue<Option<FailedForm>>,
}

impl FormState {
    pub fn new(id: String, errors: Option<FormErrors>, failed: Option<FailedForm>) -> Self {
        Self { id: StoredValue::new(id), errors: StoredValue::new(errors), failed: StoredValue::new(failed) }
    }

    /// The id of a field's input.
    pub fn input_id(self, field: &str) -> String {
        self.id.with_value(|id| format!("{id}-{}", field.replace('.', "-")))
    }

    /// What a field starts with: what was typed before, or else `default`.
    pub fn initial(self, field: &str, default: &str) -> String {
        self.failed.with_value(|failed| {
            let typed = failed.as_ref().and_then(|failed| failed.typed(&input_name(field)));
            typed.unwrap_or(default).to_owned()
        })
    }

    /// Whether a switch starts ticked. One that was not ticked is not among what was typed.
    pub fn ticked(self, field: &str, default: bool) -> bool {
        self.failed.with_value(|failed| match failed {
            Some(failed) => failed.typed(&input_name(field)).is_some_and(|value| value == "on"),
            None => default,
        })
    }

    /// The message at a field.
    pub fn message(self, field: &str) -> Option<String> {
        self.errors.with_value(|errors| errors.as_ref()?.message_for(field).map(str::to_owned))
    }
}

/// The name of the input for a field, as server functions read it: `backup.credential` is `form[backup][credential]`.
pub fn input_name(field: &str) -> String {
    field.split('.').fold("form".to_owned(), |name, part| format!("{name}[{part}]"))
}

/// Ids and attributes that tie an input to its hint and its message.
#[derive(Clone, Copy)]
pub struct Wiring {
    state: FormState,
    field: &'static str,
    hinted: bool,
}

impl Wiring {
    pub fn of(field: &'static str, hinted: bool) -> Self {
        Self { state: expect_context(), field, hinted }
    }

    pub fn state(self) -> FormState {
        self.state
    }

    pub fn id(self) -> String {
        self.state.input_id(self.field)
    }

    pub fn name(self) -> String {
        input_name(self.field)
    }

    pub fn hint_id(self) -> String {
        format!("{}-hint", self.id())
    }

    pub fn error_id(self) -> String {
        format!("{}-error", self.id())
    }

    pub fn message(self) -> Option<String> {
        self.state.message(self.field)
    }

    pub fn invalid(self) -> Option<&'static str> {
        self.message().map(|_| "true")
    }

    pub fn described_by(self) -> Option<String> {
        let hint = self.hinted.then(|| self.hint_id());
        let error = self.message().map(|_| self.error_id());
        match (error, hint) {
            (Some(error), Some(hint)) => Some(format!("{error} {hint}")),
            (error, hint) => error.or(hint),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::input_name;

    #[test]
    fn inputs_are_named_as_server_functions_read_them() {
        assert_eq!(input_name("s3_name"), "form[s3_name]");
        assert_eq!(input_name("backup.credential"), "form[backup][credential]");
    }
}
