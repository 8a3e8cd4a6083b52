//! What holds for the whole account.

use leptos::prelude::*;
use model::second_factor::AccountView;

use crate::{
    api::account::SaveAccount,
    components::{form::Form, submit::Submit, switch::Switch},
};

#[component]
pub fn AccountPanel(account: AccountView) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="account">
            <h2 id="account">{tr!("Account {}", account.name)}</h2>
            <Form<SaveAccount> hidden=vec![("account", account.id.to_string())]>
                <Switch
                    name="partners_need_second_factor"
                    label=tr!("Partners must use a second factor")
                    on=account.partners_need_second_factor
                    hint=tr!("Partners without one can do nothing else until they have set it up.")
                    acts=true
                />
                <div class="form-footer fallback">
                    <Submit label=tr!("Save") pending=tr!("Saving…")/>
                </div>
            </Form<SaveAccount>>
        </section>
    }
}
