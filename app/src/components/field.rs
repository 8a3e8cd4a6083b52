//! A labelled line of text.

use leptos::prelude::*;

use crate::components::{
    form_state::{FormState, Wiring, input_name},
    icon::Icon,
};

/// What a line of text is for; decides the keyboard, the spelling help and what the browser may remember.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Text,
    /// A name, a path, an address: never spell-checked, in a fixed-width face.
    Code,
    Email,
    /// The address of somebody else than the person who types it.
    EmailOfOther,
    Url,
    /// A whole number, or nothing.
    Number,
    /// The password of somebody who signs in.
    Password,
    /// Digits or letters that are good once.
    OneTimeCode,
    /// A secret that is set here, never filled in by the browser.
    NewPassword,
}

impl Kind {
    const fn input_type(self) -> &'static str {
        match self {
            Self::Text | Self::Code | Self::Number | Self::OneTimeCode => "text",
            Self::Email | Self::EmailOfOther => "email",
            Self::Url => "url",
            Self::Password | Self::NewPassword => "password",
        }
    }

    const fn autocomplete(self) -> &'static str {
        match self {
            Self::Email => "username",
            Self::Password => "current-password",
            Self::NewPassword => "new-password",
            Self::OneTimeCode => "one-time-code",
            Self::Text | Self::Code | Self::Number | Self::EmailOfOther | Self::Url => "off",
        }
    }

    /// Which keys a phone offers. The type `number` would hide what is typed wrong.
    const fn keys(self) -> Option<&'static str> {
        match self {
            Self::Number => Some("numeric"),
            _ => None,
        }
    }

    const fn is_secret(self) -> bool {
        matches!(self, Self::Password | Self::NewPassword | Self::OneTimeCode)
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Code | Self::Url | Self::OneTimeCode => "input input-code",
            _ => "input",
        }
    }
}

#[component]
pub fn Field(
    /// The field's name in the form, such as `s3_name` or `backup.prefix`.
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(optional)] kind: Kind,
    /// What the field starts with.
    #[prop(optional, into)]
    value: String,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional)] required: bool,
    /// Whether the focus starts here.
    #[prop(optional)]
    focused: bool,
    /// The id of a list of suggestions.
    #[prop(optional)]
    list: Option<&'static str>,
) -> impl IntoView {
    let wiring = Wiring::of(name, hint.is_some());
    let initial = (!kind.is_secret()).then(|| wiring.state().initial(name, &value));
    view! {
        <div class="field">
            <label for=wiring.id()>{label}</label>
            <input
                class=kind.class()
                id=wiring.id()
                name=wiring.name()
                type=kind.input_type()
                value=initial
                list=list
                autocomplete=kind.autocomplete()
                inputmode=kind.keys()
                autocapitalize="none"
                spellcheck="false"
                autofocus=focused
                required=required
                aria-invalid=move || wiring.invalid()
                aria-describedby=move || wiring.described_by()
            />
            <FieldNotes wiring=wiring hint=hint/>
        </div>
    }
}

/// A value that goes along. A post that failed keeps it, so that showing the form again does not renew it.
#[component]
pub fn HiddenField(name: &'static str, #[prop(into)] value: String) -> impl IntoView {
    let state = expect_context::<FormState>();
    view! { <input type="hidden" name=input_name(name) value=state.initial(name, &value)/> }
}

/// The hint of a field and its message.
#[component]
pub fn FieldNotes(wiring: Wiring, hint: Option<String>) -> impl IntoView {
    let hint = hint.map(|hint| view! { <p class="field-hint" id=wiring.hint_id()>{hint}</p> });
    let message = move || {
        wiring.message().map(|message| {
            view! {
                <p class="field-error" id=wiring.error_id()>
                    <Icon name="alert"/>
                    <span>{message}</span>
                </p>
            }
        })
    };
    view! {
        {message}
        {hint}
    }
}
