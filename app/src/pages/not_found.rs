//! A wrong address.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{api::ApiError, components::error_view::ErrorView, ui::taken_over};

#[component]
pub fn NotFoundPage() -> impl IntoView {
    taken_over();
    view! {
        <Title text=tr!("Not found")/>
        <ErrorView error=ApiError::NotFound/>
    }
}
