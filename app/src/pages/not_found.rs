//! A wrong address.

use leptos::prelude::*;
use leptos_meta::Title;

use super::lazy::taken_over;
use crate::{api::ApiError, components::error_view::ErrorView};

#[component]
pub fn NotFoundPage() -> impl IntoView {
    taken_over();
    view! {
        <Title text=tr!("Not found")/>
        <ErrorView error=ApiError::NotFound/>
    }
}
