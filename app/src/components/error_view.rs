//! What stands where something could not be shown.

use leptos::prelude::*;

use crate::{
    address::{Address, encode},
    api::{ApiError, page::set_status},
    components::icon::Icon,
    ui::use_ui,
};

/// An error in place of what was asked for. The page's status says the same.
#[component]
pub fn ErrorView(error: ApiError) -> impl IntoView {
    set_status(error.status());
    let (title, way_out) = match error {
        ApiError::NotFound => (tr!("Not found"), WayOut::Dashboard),
        ApiError::Forbidden(_) => (tr!("Not allowed"), WayOut::Dashboard),
        ApiError::SignedOut => (tr!("Signed out"), WayOut::SignIn),
        ApiError::Conflict(_) => (tr!("Not possible"), WayOut::TryAgain),
        _ => (tr!("Couldn't load this page"), WayOut::TryAgain),
    };
    // What does not exist has no heading of its own above this one.
    let heading = match error {
        ApiError::NotFound => view! { <h1>{title}</h1> }.into_any(),
        _ => view! { <h2>{title}</h2> }.into_any(),
    };
    view! {
        <section class="empty empty-error" role="alert">
            <Icon name="alert"/>
            {heading}
            <p>{error.to_string()}</p>
            <WayOutLink way=way_out/>
        </section>
    }
}

#[derive(Clone, Copy)]
enum WayOut {
    Dashboard,
    SignIn,
    TryAgain,
}

#[component]
fn WayOutLink(way: WayOut) -> impl IntoView {
    let here = use_context::<Memo<Address>>().map(|address| address.read_untracked().href()).unwrap_or_default();
    let ui = use_ui();
    match way {
        WayOut::Dashboard => view! { <a class="button" href="/">{tr!("Go to the dashboard")}</a> }.into_any(),
        WayOut::SignIn => {
            let sign_in = format!("/login?next={}", encode(&here));
            view! { <a class="button" href=sign_in rel="external">{tr!("Sign in again")}</a> }.into_any()
        }
        WayOut::TryAgain => view! {
            <a class="button" href=here data-noscroll="true" on:click=move |_| ui.changed()>
                {tr!("Try again")}
            </a>
        }
        .into_any(),
    }
}
