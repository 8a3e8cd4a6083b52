//! The mark: a holdfast, by which kelp keeps its place on the rock.

use leptos::prelude::*;

#[component]
pub fn Logo() -> impl IntoView {
    view! {
        <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <rect class="logo-ground" width="32" height="32" rx="8"></rect>
            <path
                class="logo-mark"
                d="M16 10.4V26M16 26c-5.2 0-9-3.2-9-8.2M16 26c5.2 0 9-3.2 9-8.2M16 26c-2.9-1.2-4.4-3.6-4.4-6.6M16 26c2.9-1.2 4.4-3.6 4.4-6.6M18.6 7.8a2.6 2.6 0 1 1-5.2 0 2.6 2.6 0 0 1 5.2 0Z"
            ></path>
        </svg>
    }
}
