//! What asks for the password once more.

use leptos::prelude::*;

use crate::{
    api::second_factor::{NewRecoveryCodes as NewRecoveryCodesFn, TurnOffSecondFactor},
    components::{
        confirm::Confirm,
        dialog::{Dialog, DialogFooter},
        field::{Field, Kind},
        form::Form,
        submission::use_submission,
        submit::Submit,
    },
};

#[component]
pub fn NewRecoveryCodes() -> impl IntoView {
    let submission = use_submission::<NewRecoveryCodesFn>();
    view! {
        <Dialog title="New Recovery Codes" class="dialog dialog-narrow">
            <Form submission=submission>
                <div class="dialog-body">
                    <p>"You see ten new codes next. The ones you have go on counting until you use the new ones."</p>
                    <Field name="password" label="Password" kind=Kind::Password required=true focused=true/>
                </div>
                <DialogFooter>
                    <Submit label="Show Codes" pending="Making codes…"/>
                </DialogFooter>
            </Form>
        </Dialog>
    }
}

#[component]
pub fn TurnOff() -> impl IntoView {
    view! {
        <Confirm<TurnOffSecondFactor>
            title="Turn Off the Second Factor"
            hidden=vec![]
            action="Turn Off"
            pending="Turning off…"
        >
            <p>"The password alone leads in then, and your recovery codes are worth nothing. Your other sessions end."</p>
            <div class="fields">
                <Field name="password" label="Password" kind=Kind::Password required=true focused=true/>
            </div>
        </Confirm<TurnOffSecondFactor>>
    }
}
