//! What everybody sees and changes of themselves.

mod password;
mod second_factor;
mod sessions;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{people::Actor, profile::ProfileView};

use crate::{
    address::page_address,
    api::profile::get_profile,
    components::{
        answer::Answer,
        facts::Fact,
        loaded::{loaded, loaded_quietly},
        shortcuts::use_shortcut_list,
    },
};
use password::PasswordPanel;
use second_factor::SecondFactorPanel;
use sessions::SessionTable;

#[component]
pub fn ProfilePage() -> impl IntoView {
    page_address();
    let profile: Answer<ProfileView> = Answer::new(|| (), |()| get_profile());
    view! {
        <Title text=tr!("Profile")/>
        <header class="page-header">
            <h1>{tr!("Profile")}</h1>
        </header>
        {loaded(profile, |profile| view! { <Person actor=profile.actor/> })}
        <PasswordPanel/>
        {loaded_quietly(profile, |profile| view! { <SecondFactorPanel on=profile.second_factor/> })}
        {loaded_quietly(profile, |profile| view! { <SessionTable rows=profile.sessions/> })}
        <Keys/>
    }
}

#[component]
fn Person(actor: Actor) -> impl IntoView {
    let role = actor.role.as_str();
    view! {
        <section class="panel" aria-labelledby="person">
            <h2 id="person">{tr!("You")}</h2>
            <dl class="facts facts-list">
                <Fact term=tr!("Email")>{actor.email}</Fact>
                <Fact term=tr!("Role")>{tr!(role)}</Fact>
                <Fact term=tr!("Organization")>{actor.organization_name}</Fact>
            </dl>
        </section>
    }
}

/// Where shortcuts are switched on again by somebody who has switched them off.
#[component]
fn Keys() -> impl IntoView {
    let list = use_shortcut_list();
    view! {
        <section class="panel live" aria-labelledby="keys">
            <h2 id="keys">{tr!("Keyboard")}</h2>
            <p class="muted">{tr!("Everything can be done with the keyboard. Use shortcuts to get around faster.")}</p>
            <button type="button" class="button" on:click=move |_| list.show()>
                {tr!("Keyboard Shortcuts")}
            </button>
        </section>
    }
}
