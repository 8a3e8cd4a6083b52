//! What stands around every page: the mark, the way about, who is signed in.

use leptos::{html, prelude::*};
use leptos_router::hooks::use_location;
use model::{people::Actor, permission::Action};

use crate::{
    api::session::SignOut,
    browser::{live::use_live, navigation::show_current, prefetch::parts_when_idle, scroll},
    components::{
        form::PlainForm, icon::Icon, language::LanguageSwitch, logo::Logo, notice::NoticeRegion, submit::Submit,
        theme::ThemeSwitch, time::ZoneNote,
    },
    ui::use_ui,
};

#[component]
pub fn Chrome(children: Children) -> impl IntoView {
    let ui = use_ui();
    let main = NodeRef::<html::Main>::new();
    ui.follow_navigation(main);
    use_live().version().reload_with_the_next_page();
    scroll::restore();
    let signed_in = ui.actor().is_some();
    Effect::new(move |_| {
        if signed_in {
            parts_when_idle();
        }
    });
    let actor = ui.actor();
    let class = if actor.is_some() { "frame" } else { "frame frame-outside" };
    view! {
        <a class="skip-link" href="#main" rel="external">
            {tr!("Skip to content")}
        </a>
        <div class=class>
            <header class="header">
                <a class="brand" href="/">
                    <Logo/>
                    <span>"Holdfast"</span>
                </a>
                <div class="header-end">
                    {actor.is_some().then(|| view! {
                        <a class="button button-icon" href="/search" aria-label=tr!("Search everything") title=tr!("Search everything (Ctrl+K)")>
                            <Icon name="search"/>
                        </a>
                    })}
                    <LanguageSwitch/>
                    <ThemeSwitch/>
                    {actor.clone().map(|actor| view! { <Person actor=actor/> })}
                </div>
            </header>
            {actor.map(|_| view! { <Navigation/> })}
            <main id="main" class="main" tabindex="-1" node_ref=main>
                {children()}
                {signed_in.then(|| view! { <ZoneNote/> })}
            </main>
        </div>
        <NoticeRegion/>
    }
}

#[component]
fn Person(actor: Actor) -> impl IntoView {
    let role = actor.role.as_str();
    let place = format!("{} · {}", tr!(role), actor.organization_name);
    let email = actor.email.clone();
    view! {
        <div class="person">
            <div class="person-words">
                <a class="person-email" href="/profile" title=email>
                    <Icon name="user"/>
                    <span>{actor.email}</span>
                </a>
                <span class="person-place">{place}</span>
            </div>
            <PlainForm<SignOut> class="sign-out">
                <Submit label=tr!("Sign Out") pending=tr!("Signing out…") class="button button-small"/>
            </PlainForm<SignOut>>
        </div>
    }
}

#[component]
fn Navigation() -> impl IntoView {
    let ui = use_ui();
    let strip = NodeRef::<html::Nav>::new();
    show_current(strip);
    let link = move |action: Action, href: &'static str, icon: &'static str, label: String| {
        ui.can(action).then(|| view! { <NavigationLink href=href icon=icon label=label/> })
    };
    view! {
        <nav class="navigation" aria-label=tr!("Main") node_ref=strip>
            <ul>
                <NavigationLink href="/" icon="dashboard" label=tr!("Dashboard")/>
                <NavigationLink href="/projects" icon="projects" label=tr!("Projects")/>
                {link(Action::ManageCredentials, "/backup-credentials", "key", tr!("Backup Credentials"))}
                {link(Action::ManageNotifications, "/notifications", "bell", tr!("Notifications"))}
                {link(Action::ManageUsers, "/users", "users", tr!("Users"))}
                {link(Action::ManageOrganizations, "/organizations", "building", tr!("Organizations"))}
                {link(Action::SeeNodes, "/nodes", "server", tr!("Nodes"))}
                {link(Action::SeeAuditLog, "/audit-log", "log", tr!("Audit Log"))}
                <NavigationLink href="/help" icon="help" label=tr!("Help")/>
            </ul>
        </nav>
    }
}

#[component]
fn NavigationLink(href: &'static str, icon: &'static str, label: String) -> impl IntoView {
    let path = use_location().pathname;
    let current = move || {
        let path = path.read();
        let rest = path.strip_prefix(href)?;
        let below = rest.is_empty() || (href != "/" && rest.starts_with('/'));
        below.then_some(if *path == href { "page" } else { "true" })
    };
    view! {
        <li>
            <a class="navigation-link" href=href aria-current=current>
                <Icon name=icon/>
                {label}
            </a>
        </li>
    }
}
