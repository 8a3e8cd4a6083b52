//! What is drawn, and what is asked of the server.

// A page's view is one type of all its parts, deeper than the compiler follows by itself.
#![recursion_limit = "512"]

// `tr!`, around all that people read.
#[macro_use]
extern crate tr;

pub mod address;
pub mod api;
#[cfg(feature = "hydrate")]
pub mod browser;
pub mod components;
pub mod language;
pub mod pages;
pub mod ui;

use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};
use model::language::Language;

use crate::{
    api::page::PageRequest,
    components::{chrome::Chrome, shortcuts::Shortcuts},
    pages::{
        audit_log::AuditLogPage, browse::BrowsePage, credentials::CredentialsPage, dashboard::DashboardPage,
        login::LoginPage, login_code::LoginCodePage, nodes::NodesPage, not_found::NotFoundPage,
        notifications::NotificationsPage, organizations::OrganizationsPage, policies::PoliciesPage,
        profile::ProfilePage, project::ProjectPage, projects::ProjectsPage, repository::RepositoryPage,
        second_factor::SecondFactorPage, set_password::SetPasswordPage, settings::SettingsPage, setup::SetupPage,
        users::UsersPage,
    },
    ui::Ui,
};

/// The document around the application, drawn by the server alone.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let PageRequest { theme, language, zone, failed, .. } = PageRequest::current();
    let address = failed.map(|failed| failed.page);
    view! {
        <!DOCTYPE html>
        <html lang=language.as_str() data-theme=theme.attribute() data-zone=zone.unwrap_or_default() data-address=address>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content=theme.color_scheme()/>
                <meta name="description" content=tr!("Holdfast: encrypted backups of your projects, in your own S3 buckets.")/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <HashedStylesheet options=options.clone() id="style"/>
                <AutoReload options=options.clone()/>
                {catalog_link(language)}
                <HydrationScripts options=options islands=true/>
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
    let request = PageRequest::current();
    let signed_in = request.actor.is_some();
    Ui::provide(request);
    let title = |page: String| if page.is_empty() { "Holdfast".to_owned() } else { format!("{page} · Holdfast") };
    view! {
        <Title formatter=title/>
        <Router>
            <Chrome>
                <FlatRoutes fallback=NotFoundPage>
                    <Route path=path!("/") view=DashboardPage ssr=SsrMode::Async/>
                    <Route path=path!("/setup") view=SetupPage ssr=SsrMode::Async/>
                    <Route path=path!("/login") view=LoginPage ssr=SsrMode::Async/>
                    <Route path=path!("/login/code") view=LoginCodePage ssr=SsrMode::Async/>
                    <Route path=path!("/set-password") view=SetPasswordPage ssr=SsrMode::Async/>
                    <Route path=path!("/profile") view=ProfilePage ssr=SsrMode::Async/>
                    <Route path=path!("/profile/second-factor") view=SecondFactorPage ssr=SsrMode::Async/>
                    <Route path=path!("/users") view=UsersPage ssr=SsrMode::Async/>
                    <Route path=path!("/organizations") view=OrganizationsPage ssr=SsrMode::Async/>
                    <Route path=path!("/nodes") view=NodesPage ssr=SsrMode::Async/>
                    <Route path=path!("/notifications") view=NotificationsPage ssr=SsrMode::Async/>
                    <Route path=path!("/audit-log") view=AuditLogPage ssr=SsrMode::Async/>
                    <Route path=path!("/backup-credentials") view=CredentialsPage ssr=SsrMode::Async/>
                    <Route path=path!("/projects") view=ProjectsPage ssr=SsrMode::Async/>
                    <Route path=path!("/projects/:project") view=ProjectPage ssr=SsrMode::Async/>
                    <Route path=path!("/projects/:project/settings") view=SettingsPage ssr=SsrMode::Async/>
                    <Route path=path!("/projects/:project/policies") view=PoliciesPage ssr=SsrMode::Async/>
                    <Route path=path!("/projects/:project/repository") view=RepositoryPage ssr=SsrMode::Async/>
                    <Route path=path!("/projects/:project/backups/:backup") view=BrowsePage ssr=SsrMode::Async/>
                </FlatRoutes>
            </Chrome>
            {signed_in.then(|| view! { <Shortcuts/> })}
        </Router>
    }
}
