//! The list of the keys that lead about, which is also where the browser looks for what a key does.

use leptos::prelude::*;
use model::{language::msgid, permission::Action};

use crate::{components::icon::Icon, ui::use_ui};

/// The key before that of a page.
pub const GO: &str = "g";
/// The ids of the template, and of the switch in it.
pub const LIST: &str = "shortcuts";
pub const SWITCH: &str = "shortcuts-switch";

/// A page: its key, its address, its name, to be translated, and what its readers may do.
type Place = (&'static str, &'static str, &'static str, Option<Action>);

const PLACES: [Place; 8] = [
    ("d", "/", msgid("Dashboard"), None),
    ("p", "/projects", msgid("Projects"), None),
    ("c", "/backup-credentials", msgid("Backup Credentials"), Some(Action::ManageCredentials)),
    ("u", "/users", msgid("Users"), Some(Action::ManageUsers)),
    ("o", "/organizations", msgid("Organizations"), Some(Action::ManageOrganizations)),
    ("n", "/nodes", msgid("Nodes"), Some(Action::SeeNodes)),
    ("a", "/audit-log", msgid("Audit Log"), Some(Action::SeeAuditLog)),
    ("m", "/profile", msgid("Profile"), None),
];

/// A template of the dialog: without WASM nobody can ask for it.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let ui = use_ui();
    let may = move |(.., action): &Place| action.is_none_or(|action| ui.can(action));
    let row = |(key, href, name, _): Place| {
        view! { <Row keys=vec![GO, key] name=tr!(name) letter=key href=href/> }
    };
    let rows = PLACES.into_iter().filter(may).map(row).collect_view();
    view! {
        <template id=LIST>
        <dialog class="dialog dialog-narrow" aria-labelledby="shortcuts-title">
            <div class="dialog-box">
                <header class="dialog-header">
                    <h2 id="shortcuts-title">{tr!("Keyboard Shortcuts")}</h2>
                    <form method="dialog">
                        <button type="submit" class="button button-icon" aria-label=tr!("Close")>
                            <Icon name="close"/>
                        </button>
                    </form>
                </header>
                <div class="dialog-body">
                    <dl class="shortcuts">
                        {rows} <Row keys=vec!["/"] name=tr!("Search on this page")/> <Row keys=vec!["?"] name=tr!("This list")/>
                    </dl>
                    <label class="tick">
                        <input type="checkbox" id=SWITCH checked=true/>
                        <span>{tr!("Use these shortcuts in this browser")}</span>
                    </label>
                </div>
            </div>
        </dialog>
        </template>
    }
}

#[component]
fn Row(
    keys: Vec<&'static str>,
    name: String,
    /// The last key, and where it leads.
    #[prop(optional)]
    letter: Option<&'static str>,
    #[prop(optional)] href: Option<&'static str>,
) -> impl IntoView {
    let key = |key| view! { <kbd>{key}</kbd> };
    view! {
        <div data-letter=letter data-href=href>
            <dt>{keys.into_iter().map(key).collect_view()}</dt>
            <dd>{name}</dd>
        </div>
    }
}
