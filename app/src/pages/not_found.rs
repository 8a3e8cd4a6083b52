//! A wrong address.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{api::ApiError, components::error_view::ErrorView, ui::mark_hydrated};

#[component]
pub fn NotFoundPage() -> impl IntoView {
    mark_hydrated();
    view! {
        <Title text=tr!("Not found")/>
        <ErrorView error=ApiError::NotFound/>
    }
}
