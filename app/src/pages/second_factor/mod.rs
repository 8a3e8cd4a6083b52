//! The second factor of the person: set up, recovery codes, turned off. Where the account wants one of somebody who has
//! none yet, this is the only page that opens.

mod dialogs;
mod draft;
mod off;
mod on;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{
    names::Hidden,
    second_factor::{SecondFactor, SecondFactorView},
};

use crate::{
    address::page_address,
    api::{second_factor::get_second_factor, session::SignOut},
    components::{
        answer::Answer, breadcrumb::Breadcrumb, dialog::DialogRoute, form::PlainForm, loaded::loaded, submit::Submit,
    },
    ui::use_ui,
};
use dialogs::{NewRecoveryCodes, TurnOff};
use draft::DraftPanel;
use off::OffPanel;
use on::OnPanel;

#[component]
pub fn SecondFactorPage() -> impl IntoView {
    let ui = use_ui();
    page_address();
    let view: Answer<SecondFactorView> = Answer::new(|| (), |()| get_second_factor());
    let panels = |SecondFactorView { required, state }: SecondFactorView| match state {
        SecondFactor::Off => view! { <OffPanel required=required/> }.into_any(),
        SecondFactor::Draft(draft) => view! { <DraftPanel draft=draft/> }.into_any(),
        SecondFactor::On { since, recovery_codes, fresh_codes } => view! {
            <OnPanel
                required=required
                since=since
                recovery_codes=recovery_codes
                fresh_codes=fresh_codes
            />
        }
        .into_any(),
    };
    let inside = ui.actor().is_some();
    let above = inside.then(|| view! { <Breadcrumb steps=vec![(tr!("Profile"), "/profile".to_owned())]/> });
    let below = if inside { view! { <Dialogs/> }.into_any() } else { view! { <WayOut/> }.into_any() };
    view! {
        <Title text=tr!("Second Factor")/>
        {above}
        <header class="page-header">
            <h1>{tr!("Second Factor")}</h1>
        </header>
        {loaded(view, panels)}
        {below}
    }
}

#[component]
fn Dialogs() -> impl IntoView {
    view! {
        <DialogRoute name="codes">
            <NewRecoveryCodes/>
        </DialogRoute>
        <DialogRoute name="turn-off">
            <TurnOff/>
        </DialogRoute>
    }
}

/// For whom nothing else opens.
#[component]
fn WayOut() -> impl IntoView {
    view! {
        <PlainForm<SignOut> class="form way-out">
            <Submit label=tr!("Sign Out") pending=tr!("Signing out…") class="button"/>
        </PlainForm<SignOut>>
    }
}

/// Recovery codes, to be kept.
#[component]
fn CodeList(codes: Vec<Hidden>) -> impl IntoView {
    let code = |code: Hidden| {
        view! {
            <li>
                <code>{code.expose().to_owned()}</code>
            </li>
        }
    };
    view! {
        <ul class="recovery-codes" aria-label=tr!("Recovery codes")>
            {codes.into_iter().map(code).collect_view()}
        </ul>
    }
}
