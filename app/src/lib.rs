//! What is drawn, and what is asked of the server.

// A page's view is one type of all its parts, deeper than the compiler follows by itself.
#![recursion_limit = "512"]

// `tr!`, around all that people read.
#[macro_use]
extern crate tr;

pub mod address;
pub mod api;
pub mod browser;
pub mod components;
pub mod language;
pub mod pages;
pub mod ui;

use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, Title, provide_meta_context};
use leptos_router::{
    Lazy, SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};
use model::language::Language;

use crate::{
    api::page::PageRequest,
    browser::live::Live,
    components::{
        chrome::Chrome,
        shortcuts::{ShortcutList, Shortcuts},
        time::Zone,
    },
    pages::{lazy, not_found::NotFoundPage},
    ui::Ui,
};

/// The document around the application, drawn by the server alone.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let PageRequest { theme, language, failed, .. } = PageRequest::current();
    let address = failed.map(|failed| failed.page);
    view! {
        <!DOCTYPE html>
        <html lang=language.as_str() data-theme=theme.attribute() data-address=address>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content=theme.color_scheme()/>
                <meta name="description" content=tr!("Holdfast: encrypted backups of your projects, in your own S3 buckets.")/>
                <link rel="icon" href=browser::favicon::USUAL type="image/svg+xml"/>
                <HashedStylesheet options=options.clone() id="style"/>
                <AutoReload options=options.clone()/>
                {catalog_link(language)}
                <HydrationScripts options=options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// Leads the browser's half to the words of the page's language.
fn catalog_link(language: Language) -> impl IntoView {
    let address = language::catalog_address(language)?;
    Some(
        view! { <link rel="preload" r#as="fetch" crossorigin="anonymous" id=crate::language::CATALOG_ELEMENT href=address/> },
    )
}

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let request = SharedValue::new(PageRequest::current).into_inner();
    let signed_in = request.actor.is_some();
    Live::provide(signed_in);
    ShortcutList::provide();
    Zone::provide(request.zone.clone());
    Ui::provide(request);
    let title = |page: String| if page.is_empty() { "Holdfast".to_owned() } else { format!("{page} · Holdfast") };
    view! {
        <Title formatter=title/>
        <Router>
            <Chrome>
                <FlatRoutes fallback=NotFoundPage>
                    <Route path=path!("/") view={Lazy::<lazy::Dashboard>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/setup") view={Lazy::<lazy::Setup>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/login") view={Lazy::<lazy::Login>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/login/code") view={Lazy::<lazy::LoginCode>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/set-password") view={Lazy::<lazy::SetPassword>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/profile") view={Lazy::<lazy::Profile>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/profile/second-factor") view={Lazy::<lazy::SecondFactor>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/users") view={Lazy::<lazy::Users>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/organizations") view={Lazy::<lazy::Organizations>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/nodes") view={Lazy::<lazy::Nodes>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/notifications") view={Lazy::<lazy::Notifications>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/audit-log") view={Lazy::<lazy::AuditLog>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/backup-credentials") view={Lazy::<lazy::Credentials>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/help") view={Lazy::<lazy::Manual>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/help/:page") view={Lazy::<lazy::Manual>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/search") view={Lazy::<lazy::Search>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/projects") view={Lazy::<lazy::Projects>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/projects/:project") view={Lazy::<lazy::Project>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/projects/:project/settings") view={Lazy::<lazy::Settings>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/projects/:project/policies") view={Lazy::<lazy::Policies>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/projects/:project/repository") view={Lazy::<lazy::Repository>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/projects/:project/runs/:run") view={Lazy::<lazy::Run>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/projects/:project/backups/:backup") view={Lazy::<lazy::Browse>::new()} ssr=SsrMode::Async/>
                </FlatRoutes>
            </Chrome>
            {signed_in.then(|| view! { <Shortcuts/> })}
        </Router>
    }
}
