//! What asks for the password once more.

use leptos::prelude::*;

use crate::{
    api::second_factor::{NewRecoveryCodes as NewRecoveryCodesFn, TurnOffSecondFactor},
    components::{
        confirm::Confirm,
        dialog::{Dialog, DialogFooter},
        field::{Field, Kind},
        form::Form,
        submit::Submit,
    },
};

#[component]
pub fn NewRecoveryCodes() -> impl IntoView {
    view! {
        <Dialog title=tr!("New Recovery Codes") class="dialog dialog-narrow">
            <Form<NewRecoveryCodesFn>>
                <div class="dialog-body">
                    <p>{tr!("You see ten new codes next. The ones you have go on counting until you use the new ones.")}</p>
                    <Field name="password" label=tr!("Password") kind=Kind::Password required=true focused=true/>
                </div>
                <DialogFooter>
                    <Submit label=tr!("Show Codes") pending=tr!("Making codes…")/>
                </DialogFooter>
            </Form<NewRecoveryCodesFn>>
        </Dialog>
    }
}

#[component]
pub fn TurnOff() -> impl IntoView {
    view! {
        <Confirm<TurnOffSecondFactor>
            title=tr!("Turn Off the Second Factor")
            hidden=vec![]
            action=tr!("Turn Off")
            pending=tr!("Turning off…")
        >
            <p>{tr!("The password alone leads in then, and your recovery codes are worth nothing. Your other sessions end.")}</p>
            <div class="fields">
                <Field name="password" label=tr!("Password") kind=Kind::Password required=true focused=true/>
            </div>
        </Confirm<TurnOffSecondFactor>>
    }
}
