//! A column's heading that sorts by it.

use leptos::prelude::*;

use crate::{
    address::{Address, use_address},
    components::icon::Icon,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Other,
    Ascending,
    Descending,
}

impl Order {
    fn of(address: &Address, column: &str) -> Self {
        match (address.get("sort") == Some(column), address.get("desc") == Some("1")) {
            (false, _) => Self::Other,
            (true, false) => Self::Ascending,
            (true, true) => Self::Descending,
        }
    }

    const fn aria(self) -> Option<&'static str> {
        match self {
            Self::Other => None,
            Self::Ascending => Some("ascending"),
            Self::Descending => Some("descending"),
        }
    }

    const fn icon(self) -> &'static str {
        match self {
            Self::Other => "sort",
            Self::Ascending => "sort-up",
            Self::Descending => "sort-down",
        }
    }
}

#[component]
pub fn SortHeader(
    /// The column's name in the address.
    column: &'static str,
    #[prop(into)] label: String,
    #[prop(optional)] class: &'static str,
) -> impl IntoView {
    let address = use_address();
    let order = Memo::new(move |_| Order::of(&address.read(), column));
    let href = move || {
        let descending = if order.get() == Order::Ascending { "1" } else { "" };
        address.get().closed().without(&["page"]).with("sort", column).with("desc", descending).href()
    };
    view! {
        <th scope="col" class=class aria-sort=move || order.get().aria()>
            <a class="sort" href=href data-noscroll="true">
                {label}
                {move || view! { <Icon name=order.get().icon()/> }}
            </a>
        </th>
    }
}
