use leptos::prelude::*;
#[component]
pub fn BrowsePage() -> impl IntoView {
    view! { <p></p> }
}
