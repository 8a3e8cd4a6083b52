//! The question before something that cannot be taken back.

use std::marker::PhantomData;

use leptos::prelude::*;

use crate::components::{
    dialog::{Dialog, DialogFooter},
    form::{Form, Hidden},
    submission::Mutation,
    submit::Submit,
};

/// A dialog whose button has the action's own name.
#[component]
pub fn Confirm<S: Mutation>(
    /// Names the server function.
    #[prop(optional)]
    function: PhantomData<S>,
    #[prop(into)] title: String,
    hidden: Hidden,
    /// The action's own name.
    #[prop(into)]
    action: String,
    #[prop(into)] pending: String,
    #[prop(default = tr!("Cancel"), into)] cancel: String,
    /// What ends and what stays.
    children: Children,
) -> impl IntoView {
    let PhantomData = function;
    view! {
        <Dialog title=title class=NARROW>
            <Form<S> hidden=hidden>
                <Question action=action pending=pending cancel=cancel>
                    {children()}
                </Question>
            </Form<S>>
        </Dialog>
    }
}

/// The class of a dialog that asks.
pub const NARROW: &str = "dialog dialog-narrow";

/// What stands in a dialog in place of a form whose submission would be refused.
#[component]
pub fn Refused(
    /// Why, and what to do first.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="dialog-text">{children()}</div>
        <DialogFooter/>
    }
}

/// What is inside of the form: the same for all functions, so that its code is made once. By itself for dialogs that ask
/// only where the action would not be [`Refused`].
#[component]
pub fn Question(
    /// The action's own name.
    #[prop(into)]
    action: String,
    #[prop(into)] pending: String,
    #[prop(default = tr!("Cancel"), into)] cancel: String,
    /// What ends and what stays.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="dialog-text">{children()}</div>
        <DialogFooter cancel=cancel>
            <Submit label=action pending=pending class="button button-danger"/>
        </DialogFooter>
    }
}
