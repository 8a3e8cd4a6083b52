//! The pages in parts, so that a browser fetches the code of those alone that it shows. A page belongs to the part
//! with which it shares most. Four parts: what some of them share and others do not becomes a file of its own for each
//! such group, and with more of them most of it would be fetched with every page.

use leptos::prelude::*;
use leptos_router::LazyRoute;

use crate::{browser::document::mark_hydrated, components::time::use_zone};

use super::{
    audit_log::AuditLogPage, browse::BrowsePage, credentials::CredentialsPage, dashboard::DashboardPage,
    login::LoginPage, login_code::LoginCodePage, manual::ManualPage, nodes::NodesPage,
    notifications::NotificationsPage, organizations::OrganizationsPage, policies::PoliciesPage, profile::ProfilePage,
    project::ProjectPage, projects::ProjectsPage, repository::RepositoryPage, run::RunPage, search::SearchPage,
    second_factor::SecondFactorPage, set_password::SetPasswordPage, settings::SettingsPage, setup::SetupPage,
    users::UsersPage,
};

/// For each page, once its code is there and the application has taken it over: what only browsers without WASM need is
/// hidden, and times are shown on the browser's clock. Before, it would take over another text than the server drew.
pub(super) fn taken_over() {
    let zone = use_zone();
    Effect::new(move |_| {
        mark_hydrated();
        zone.follow_browser();
    });
}

/// A function that draws the pages of one part, and a route for each of them.
macro_rules! part {
    ($(#[$about:meta])* $part:ident, $choice:ident: $($route:ident => $page:ident,)+) => {
        #[derive(Clone, Copy)]
        enum $choice {
            $($route,)+
        }

        $(#[$about])*
        #[lazy]
        fn $part(page: $choice) -> AnyView {
            match page {
                $($choice::$route => $page().into_any(),)+
            }
        }

        $(
            pub struct $route;

            impl LazyRoute for $route {
                fn data() -> Self {
                    Self
                }

                async fn view(_: Self) -> AnyView {
                    let page = $part($choice::$route).await;
                    taken_over();
                    page
                }
            }
        )+
    };
}

part! {
    /// Before somebody is signed in.
    gate, GatePage:
    Login => LoginPage,
    LoginCode => LoginCodePage,
    SetPassword => SetPasswordPage,
}

part! {
    /// Where backups are kept.
    credentials, CredentialsPart:
    Credentials => CredentialsPage,
}

part! {
    /// How everything goes, an account, its people, and what belongs to one of them. The first-run page leads there.
    account, AccountPage:
    AuditLog => AuditLogPage,
    Dashboard => DashboardPage,
    Manual => ManualPage,
    Nodes => NodesPage,
    Notifications => NotificationsPage,
    Organizations => OrganizationsPage,
    Profile => ProfilePage,
    Projects => ProjectsPage,
    Search => SearchPage,
    SecondFactor => SecondFactorPage,
    Setup => SetupPage,
    Users => UsersPage,
}

part! {
    /// One project.
    project, ProjectPart:
    Browse => BrowsePage,
    Policies => PoliciesPage,
    Project => ProjectPage,
    Repository => RepositoryPage,
    Run => RunPage,
    Settings => SettingsPage,
}
