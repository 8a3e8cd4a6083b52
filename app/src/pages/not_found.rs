//! A wrong address.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{api::ApiError, components::error_view::ErrorView};

#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! {
        <Title text=tr!("Not found")/>
        <ErrorView error=ApiError::NotFound/>
    }
}
