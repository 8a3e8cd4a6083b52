//! The pages in parts, so that a browser fetches the code of those alone that it shows. A page belongs to the part
//! with which it shares most.

use leptos::prelude::*;
use leptos_router::LazyRoute;

use crate::ui::mark_hydrated;

use super::{
    audit_log::AuditLogPage, browse::BrowsePage, credentials::CredentialsPage, dashboard::DashboardPage,
    login::LoginPage, login_code::LoginCodePage, nodes::NodesPage, notifications::NotificationsPage,
    organizations::OrganizationsPage, policies::PoliciesPage, profile::ProfilePage, project::ProjectPage,
    projects::ProjectsPage, repository::RepositoryPage, second_factor::SecondFactorPage, set_password::SetPasswordPage,
    settings::SettingsPage, setup::SetupPage, users::UsersPage,
};

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
                    mark_hydrated();
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
    Setup => SetupPage,
}

part! {
    /// How everything goes.
    overview, OverviewPage:
    Dashboard => DashboardPage,
}

part! {
    /// Where backups go.
    credentials, CredentialPage:
    Credentials => CredentialsPage,
}

part! {
    /// Who may do what.
    people, PeoplePage:
    Organizations => OrganizationsPage,
    Users => UsersPage,
}

part! {
    /// What belongs to one person.
    person, PersonPage:
    Profile => ProfilePage,
    SecondFactor => SecondFactorPage,
}

part! {
    /// What happened, and who is told.
    events, EventPage:
    AuditLog => AuditLogPage,
    Nodes => NodesPage,
    Notifications => NotificationsPage,
}

part! {
    /// The projects, and what one is.
    projects, ProjectsPart:
    Project => ProjectPage,
    Projects => ProjectsPage,
    Settings => SettingsPage,
}

part! {
    /// When a project is backed up, and its backups.
    backups, BackupPage:
    Browse => BrowsePage,
    Policies => PoliciesPage,
    Repository => RepositoryPage,
}
