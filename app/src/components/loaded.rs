//! Showing what the services answer, or that they cannot.

use leptos::prelude::*;

use crate::{
    api::ApiError,
    components::{
        answer::{Answer, Data},
        error_view::ErrorView,
    },
};

/// Draws an answer, and its error in its place.
///
/// `draw` must not create or read resources: the server calls it more than once, and what it reads may not have come
/// when it draws for the last time.
pub fn loaded<T, V>(answer: Answer<T>, draw: impl Fn(T) -> V + Send + Sync + 'static) -> impl IntoView
where
    T: Data,
    V: IntoView + 'static,
{
    loaded_part(answer, Clone::clone, draw)
}

/// The same for a part of an answer.
pub fn loaded_part<T, P, V>(
    answer: Answer<T>,
    part: impl Fn(&T) -> P + Copy + Send + Sync + 'static,
    draw: impl Fn(P) -> V + Send + Sync + 'static,
) -> impl IntoView
where
    T: Data,
    V: IntoView + 'static,
{
    draw_part(answer, part, draw, |_| true)
}

/// The same where the answer's error is told elsewhere on the page.
pub fn loaded_quietly<T, P, V>(
    answer: Answer<T>,
    part: impl Fn(&T) -> P + Copy + Send + Sync + 'static,
    draw: impl Fn(P) -> V + Send + Sync + 'static,
) -> impl IntoView
where
    T: Data,
    V: IntoView + 'static,
{
    draw_part(answer, part, draw, |_| false)
}

/// The same below a frame, which has asked for something else and said already what does not exist, or that nobody is
/// signed in.
pub fn loaded_below<T, P, V>(
    answer: Answer<T>,
    part: impl Fn(&T) -> P + Copy + Send + Sync + 'static,
    draw: impl Fn(P) -> V + Send + Sync + 'static,
) -> impl IntoView
where
    T: Data,
    V: IntoView + 'static,
{
    draw_part(answer, part, draw, |error| !matches!(error, ApiError::NotFound | ApiError::SignedOut))
}

fn draw_part<T, P, V>(
    answer: Answer<T>,
    part: impl Fn(&T) -> P + Copy + Send + Sync + 'static,
    draw: impl Fn(P) -> V + Send + Sync + 'static,
    tells: fn(&ApiError) -> bool,
) -> impl IntoView
where
    T: Data,
    V: IntoView + 'static,
{
    let shown = move || {
        answer.read().as_ref().map(|answer| match answer {
            Ok(answer) => draw(part(answer)).into_any(),
            Err(error) => tells(error).then(|| view! { <ErrorView error=error.clone()/> }).into_any(),
        })
    };
    view! { <Suspense fallback=Loading>{shown}</Suspense> }
}

#[component]
pub fn Loading() -> impl IntoView {
    view! {
        <div class="loading">
            <span class="spinner" aria-hidden="true"></span>
            <span>{tr!("Loading…")}</span>
        </div>
    }
}
