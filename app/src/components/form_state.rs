//! What a form's fields know of their form.

use leptos::{html, prelude::*};
use model::form::FormErrors;
use web_sys::HtmlFormElement;

use crate::{
    api::flash::FailedForm,
    browser::{
        draft::Draft,
        fields::{self, Values},
    },
};

/// What was typed into a dialog and would be lost with it.
#[derive(Clone, Copy)]
pub struct TypedInDialog {
    anything: StoredValue<bool>,
    draft: StoredValue<Option<Draft>>,
}

impl TypedInDialog {
    /// Provides it to the form of a dialog.
    pub fn provide() -> Self {
        let typed = Self { anything: StoredValue::new(false), draft: StoredValue::new(None) };
        provide_context(typed);
        typed
    }

    pub fn is_anything(self) -> bool {
        self.anything.get_value()
    }

    /// Where the form's draft is kept.
    pub(super) fn set_draft(self, draft: Draft) {
        self.draft.set_value(Some(draft));
    }

    /// Something was typed.
    fn note(self, form: Option<&HtmlFormElement>) {
        self.anything.set_value(true);
        if let (Some(draft), Some(form)) = (self.draft.get_value(), form) {
            draft.keep(form);
        }
    }

    /// Nothing is left to lose: the form was sent, or given up.
    pub fn settle(self) {
        self.anything.set_value(false);
        if let Some(draft) = self.draft.get_value() {
            draft.forget();
        }
    }
}

#[derive(Clone, Copy)]
pub struct FormState {
    id: StoredValue<String>,
    pub(super) node: NodeRef<html::Form>,
    pub errors: RwSignal<Option<FormErrors>>,
    /// Whether the form is on its way.
    pub pending: RwSignal<bool>,
    /// What the inputs hold; `None` before the form is on the page.
    values: RwSignal<Option<Values>>,
    /// Whether somebody has typed.
    typed: RwSignal<bool>,
    /// The dialog around the form, which asks before it throws away what was typed.
    dialog: Option<TypedInDialog>,
    /// The plain post that failed just before, with what was typed.
    failed: StoredValue<Option<FailedForm>>,
}

impl FormState {
    pub fn new(id: String, failed: Option<FailedForm>) -> Self {
        let errors = failed.as_ref().map(|failed| failed.error.form_errors());
        Self {
            id: StoredValue::new(id),
            node: NodeRef::new(),
            errors: RwSignal::new(errors),
            pending: RwSignal::new(false),
            values: RwSignal::new(None),
            typed: RwSignal::new(false),
            dialog: use_context(),
            failed: StoredValue::new(failed),
        }
    }

    /// The id of the form itself.
    pub fn id(self) -> String {
        self.id.get_value()
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

    /// Tracks the message at a field.
    pub fn message(self, field: &str) -> Option<String> {
        self.errors.with(|errors| errors.as_ref()?.message_for(field).map(str::to_owned))
    }

    /// Tracks what a field holds, which starts with `default`.
    pub fn value(self, field: &str, default: &str) -> String {
        let held = self.values.with(|values| values.as_ref()?.get(&input_name(field)).map(str::to_owned));
        held.unwrap_or_else(|| self.initial(field, default))
    }

    /// Tracks whether what the fields hold is known.
    pub fn is_read(self) -> bool {
        self.values.with(Option::is_some)
    }

    /// Calls `act` with what a field holds, whenever that has changed since the form is on the page.
    pub fn on_change(self, field: &'static str, act: impl Fn(&str) + 'static) {
        Effect::new(move |before: Option<Option<String>>| {
            if !self.is_read() {
                return None;
            }
            let now = self.value(field, "");
            if before.flatten().is_some_and(|before| before != now) {
                untrack(|| act(&now));
            }
            Some(now)
        });
    }

    pub(super) fn is_typed_untracked(self) -> bool {
        self.typed.get_untracked()
    }

    /// Fills a field in, as if it had been typed.
    pub fn set(self, field: &str, text: &str) {
        if let Some(form) = self.node.get_untracked() {
            fields::set(&form, &input_name(field), text);
            self.read();
        }
    }

    /// Sends the form whenever somebody has pressed the switch of a field, which starts as `on`. It goes back where that is
    /// refused.
    pub fn send_on_switch(self, field: &'static str, on: bool) {
        let goes_back = StoredValue::new(false);
        self.on_change(field, move |_| {
            if !goes_back.try_update_value(std::mem::take).unwrap_or_default()
                && let Some(form) = self.node.get_untracked()
            {
                fields::send(&form);
            }
        });
        Effect::new(move |was_pending: Option<bool>| {
            let pending = self.pending.get();
            let refused = self.errors.with_untracked(Option::is_some);
            if was_pending == Some(true)
                && !pending
                && refused
                && let Some(form) = self.node.get_untracked()
            {
                goes_back.set_value(true);
                fields::tick(&form, &input_name(field), on);
                self.read();
            }
            pending
        });
    }

    /// Reads what the inputs hold now.
    pub(super) fn read(self) {
        if let Some(values) = self.node.get_untracked().and_then(|form| Values::of(&form)) {
            self.values.set(Some(values));
        }
    }

    /// Somebody has typed.
    pub(super) fn note_typed(self) {
        self.typed.set(true);
        if let Some(dialog) = self.dialog {
            dialog.note(self.node.get_untracked().as_ref());
        }
        self.read();
    }

    /// What was typed is done with.
    pub(super) fn forget_typed(self) {
        self.typed.set(false);
        if let Some(dialog) = self.dialog {
            dialog.settle();
        }
    }

    /// The dialog around the form.
    pub(super) fn dialog(self) -> Option<TypedInDialog> {
        self.dialog
    }

    pub(super) fn is_wrong(self, field: &str) -> bool {
        self.errors.with_untracked(|errors| errors.as_ref().is_some_and(|errors| errors.message_for(field).is_some()))
    }

    /// Shows at one field what is wrong with it, or no more.
    pub fn judge(self, field: &str, message: Option<&str>) {
        let known = self.errors.with_untracked(|errors| errors.as_ref()?.message_for(field).map(str::to_owned));
        if known.as_deref() == message {
            return;
        }
        self.errors.update(|errors| {
            let mut changed = errors.take().unwrap_or_default();
            changed.fields.retain(|error| error.field != field);
            if let Some(message) = message {
                changed.fields.push(model::form::FieldError { field: field.to_owned(), message: message.to_owned() });
            }
            // The sentence above the fields counted those that were wrong when the form was sent.
            changed.summary.clear();
            *errors = Some(changed).filter(|errors| !errors.fields.is_empty());
        });
    }
}

/// The name of the input for a field, as server functions read it: `backup.credential` is `form[backup][credential]`.
pub fn input_name(field: &str) -> String {
    field.split('.').fold("form".to_owned(), |name, part| format!("{name}[{part}]"))
}

/// The field that an input with this name is for.
pub fn field_name(input: &str) -> Option<String> {
    let parts = input.strip_prefix("form[")?.strip_suffix(']')?;
    Some(parts.replace("][", "."))
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

    /// Tracks the message.
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
    use super::{field_name, input_name};

    #[test]
    fn inputs_are_named_as_server_functions_read_them() {
        assert_eq!(input_name("s3_name"), "form[s3_name]");
        assert_eq!(input_name("backup.credential"), "form[backup][credential]");
        for field in ["s3_name", "backup.credential"] {
            assert_eq!(field_name(&input_name(field)).as_deref(), Some(field));
        }
        assert_eq!(field_name("search"), None);
    }
}
