//! What needs attention, the worst first.

use leptos::prelude::*;
use model::{
    dashboard::{Again, Attention, Trouble, TroubleCount},
    permission::Action,
    standing::{Level, Standing},
};

use crate::{
    api::{
        nodes::ConfirmClock,
        projects::{GiveUpRemoval, RetryRemoval},
    },
    components::{
        action_button::ActionButton,
        phase::Badge,
        time::{Ago, Time},
    },
    ui::use_ui,
};

#[component]
pub fn NeedsAttention(items: Vec<Attention>, counts: Vec<TroubleCount>) -> impl IntoView {
    if items.is_empty() {
        return ().into_any();
    }
    let shown = |trouble: Trouble| items.iter().filter(|item| item.trouble == trouble).count() as u64;
    let rest: Vec<String> = counts
        .iter()
        .filter(|of| of.count > shown(of.trouble))
        .map(|of| {
            let label = of.trouble.label();
            tr!("{0} more: {1}", of.count - shown(of.trouble), tr!(label).to_lowercase())
        })
        .collect();
    let rest = (!rest.is_empty()).then(|| view! { <p class="table-note">{tr!("Not shown: {}.", rest.join("; "))}</p> });
    view! {
        <section aria-labelledby="attention">
            <h2 id="attention">{tr!("Needs attention")}</h2>
            <ul class="attention">{items.into_iter().map(|item| view! { <Item item=item/> }).collect_view()}</ul>
            {rest}
        </section>
    }
    .into_any()
}

#[component]
fn Item(item: Attention) -> impl IntoView {
    let (title, action) = match item.trouble {
        Trouble::ClockInDoubt => of_clock(&item),
        Trouble::RemovalFails => of_removal(&item),
        _ => of_page(&item),
    };
    let at = item.at.map(|at| view! { <Ago at=at/> });
    let class = match item.trouble {
        Trouble::Project(standing) if standing.level() == Level::Bad => "attention-item attention-bad",
        Trouble::ClockInDoubt | Trouble::CredentialFails => "attention-item attention-bad",
        Trouble::Project(_) | Trouble::CredentialLocked | Trouble::RemovalFails => "attention-item",
    };
    let detail = (!item.detail.is_empty()).then(|| view! { <span class="muted attention-detail">{item.detail}</span> });
    view! {
        <li class=class>
            <span class="two-lines">
                <span class="with-marks">
                    {title}
                    <span class="muted">{item.organization}</span>
                </span>
                {detail}
            </span>
            <span class="state-at">
                <Badge look=item.trouble/>
                {at}
            </span>
            {action}
        </li>
    }
}

/// The name of what has a page, and the way to where something can be done.
fn of_page(item: &Attention) -> (AnyView, AnyView) {
    let (home, look, action) = match item.project {
        Some(project) => {
            let (page, action) = match item.trouble {
                Trouble::Project(Standing::Damaged) => ("repository", tr!("See its repository")),
                Trouble::Project(Standing::Overdue | Standing::Waiting | Standing::Unscheduled) => {
                    ("policies?tab=schedules", tr!("See its policies"))
                }
                _ => ("policies?tab=backups", tr!("See its backups")),
            };
            (format!("/projects/{project}"), format!("/projects/{project}/{page}"), action)
        }
        None => ("/backup-credentials".to_owned(), "/backup-credentials".to_owned(), tr!("See credentials")),
    };
    let title = view! {
        <a class="row-title" href=home>
            {item.name.clone()}
        </a>
    };
    let action = view! {
        <a class="button button-small" href=look>
            {action}
        </a>
    };
    (title.into_any(), action.into_any())
}

/// The name of a deleted project, and what can be done about its backups.
fn of_removal(item: &Attention) -> (AnyView, AnyView) {
    let title = view! { <span class="row-title">{item.name.clone()}</span> };
    let actions = item.again.map(|Again { removal, at }| {
        let hidden = || vec![("removal", removal.to_string())];
        view! {
            <span class="muted">{tr!("Next try")} " " <Time at=at/></span>
            <ActionButton<RetryRemoval>
                hidden=hidden()
                label=tr!("Try Now")
                pending=tr!("Trying…")
                class="button button-small"
            />
            <ActionButton<GiveUpRemoval>
                hidden=hidden()
                label=tr!("Give Up")
                pending=tr!("Giving up…")
                class="button button-small"
            />
        }
    });
    let actions = view! { <span class="attention-actions">{actions}</span> };
    (title.into_any(), actions.into_any())
}

/// The name of a node, and for whoever may say that its clock is right the way to do so.
fn of_clock(item: &Attention) -> (AnyView, AnyView) {
    let title = view! { <span class="row-title">{item.name.clone()}</span> };
    let confirm = use_ui().can(Action::ManageAccount).then(|| {
        let hidden = vec![("node", item.name.clone())];
        view! {
            <ActionButton<ConfirmClock>
                hidden=hidden
                label=tr!("Confirm")
                pending=tr!("Confirming…")
                class="button button-small"
            />
        }
    });
    (title.into_any(), confirm.into_any())
}
