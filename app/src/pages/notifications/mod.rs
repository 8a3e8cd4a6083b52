//! Notifications: channels, and what they were told.

mod channels;
mod deliveries;
mod edit;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{
    ids::{ChannelId, OrganizationId},
    list::ListQuery,
    notification::{ChannelList, ChannelRow, DeliveryList, DeliveryPhase},
    permission::Action,
};

use crate::{
    address::{Address, named_row, page_address, use_address, use_part},
    api::notifications::{DeleteChannel, list_channels, list_deliveries},
    browser::refresh::keep_fresh,
    components::{
        answer::Answer,
        confirm::Confirm,
        dialog::DialogRoute,
        icon::Icon,
        loaded::{loaded, loaded_quietly},
        organization::OrganizationFilter,
        search_form::kept_inputs,
    },
    ui::use_ui,
};
use channels::Channels;
use deliveries::Deliveries;
use edit::{AddChannel, UpdateChannel};

#[component]
pub fn NotificationsPage() -> impl IntoView {
    let ui = use_ui();
    let address = page_address();
    let manages = ui.can(Action::ManageNotifications);
    let query = use_part(Address::list_query);
    let list: Answer<ChannelList> = Answer::new(move || query.read().organization, list_channels);
    let add = manages.then(|| {
        view! {
            <a class="button button-primary" href=move || address.read().dialog("add") data-noscroll="true">
                <Icon name="plus"/>
                {tr!("Add Channel")}
            </a>
        }
    });
    view! {
        <Title text=tr!("Notifications")/>
        <header class="page-header">
            <h1>{tr!("Notifications")}</h1>
            {add}
        </header>
        {loaded_quietly(list, |list| view! { <Filter organizations=list.organizations/> })}
        {loaded(list, |list| view! { <Channels rows=list.rows/> })}
        {manages.then(|| view! { <Told query=query/> })}
        {manages.then(|| view! { <Dialogs list=list/> })}
    }
}

/// What was told. Whoever may not see it is told so by the list of channels.
#[component]
fn Told(query: Memo<ListQuery>) -> impl IntoView {
    let told: Answer<DeliveryList> = Answer::new(move || query.get(), list_deliveries);
    keep_fresh(told, |told: &DeliveryList| {
        told.rows.iter().any(|row| matches!(row.phase, DeliveryPhase::Queued | DeliveryPhase::Sending))
    });
    view! {
        {loaded(told, |told| view! { <Deliveries told=told/> })}
    }
}

/// A Partner's choice of one organization.
#[component]
fn Filter(organizations: Vec<model::credential::OrganizationChoice>) -> impl IntoView {
    let address = use_address();
    (!organizations.is_empty()).then(|| {
        view! {
            <form class="search" method="get">
                {move || kept_inputs(&address.read(), &["organization", "page"])}
                <OrganizationFilter organizations=organizations/>
                <button type="submit" class="button fallback">
                    {tr!("Apply")}
                </button>
            </form>
        }
    })
}

#[component]
fn Dialogs(list: Answer<ChannelList>) -> impl IntoView {
    view! {
        <DialogRoute name="add">
            <AddChannel list=list/>
        </DialogRoute>
        <DialogRoute name="update">
            <UpdateChannel list=list/>
        </DialogRoute>
        <DialogRoute name="delete">
            <DeleteQuestion list=list/>
        </DialogRoute>
    }
}

#[component]
fn DeleteQuestion(list: Answer<ChannelList>) -> impl IntoView {
    let id = named_channel();
    let consequence = move |list: ChannelList| {
        let name = named(list, id).map_or_else(|| tr!("number {}", id), |row| row.name);
        view! { <p>{tr!("The channel ")} <strong>{name}</strong> {tr!(" is told nothing any more.")}</p> }
    };
    view! {
        <Confirm<DeleteChannel>
            title=tr!("Delete Channel")
            hidden=vec![("channel", id.to_string())]
            action=tr!("Delete")
            pending=tr!("Deleting…")
        >
            {loaded_quietly(list, consequence)}
            <p>{tr!("What still waits for it, and the list of what it was told, go with it.")}</p>
        </Confirm<DeleteChannel>>
    }
}

/// The channel that an open dialog is about. What is no number becomes 0, which no channel has.
fn named_channel() -> ChannelId {
    ChannelId(named_row())
}

fn named(list: ChannelList, id: ChannelId) -> Option<ChannelRow> {
    list.rows.into_iter().find(|row| row.id == id)
}

/// The organization that a new channel starts with: the one that the list shows, or the person's own.
fn first_organization() -> Option<OrganizationId> {
    let chosen = use_address().read_untracked().number("organization").map(OrganizationId);
    chosen.or_else(|| use_ui().actor().map(|actor| actor.organization))
}
