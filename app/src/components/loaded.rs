//! Showing what the services answer, or that they cannot.

use leptos::{prelude::*, tachys::reactive_graph::OwnedView};

use crate::{
    api::ApiError,
    components::{
        answer::{Answer, Data},
        error_view::ErrorView,
    },
};

/// Draws an answer, and its error in its place.
pub fn loaded<T, V>(answer: Answer<T>, draw: impl FnOnce(T) -> V + Send + 'static) -> impl IntoView
where
    T: Data,
    V: IntoView + 'static,
{
    draw_answer(answer, draw, |_| true)
}

/// The same where the answer's error is told elsewhere on the page.
pub fn loaded_quietly<T, V>(answer: Answer<T>, draw: impl FnOnce(T) -> V + Send + 'static) -> impl IntoView
where
    T: Data,
    V: IntoView + 'static,
{
    draw_answer(answer, draw, |_| false)
}

/// The same below a frame, which has asked for something else and said already what does not exist, or that nobody is
/// signed in.
pub fn loaded_below<T, V>(answer: Answer<T>, draw: impl FnOnce(T) -> V + Send + 'static) -> impl IntoView
where
    T: Data,
    V: IntoView + 'static,
{
    draw_answer(answer, draw, |error| !matches!(error, ApiError::NotFound | ApiError::SignedOut))
}

fn draw_answer<T, V>(
    answer: Answer<T>,
    draw: impl FnOnce(T) -> V + Send + 'static,
    tells: fn(&ApiError) -> bool,
) -> impl IntoView
where
    T: Data,
    V: IntoView + 'static,
{
    // Not inside of `Suspense`, which draws everything three times to find out what it waits for.
    Suspend::new(async move {
        let view = match answer.await {
            Ok(answer) => draw(answer).into_any(),
            Err(error) => tells(&error).then(|| view! { <ErrorView error=error/> }).into_any(),
        };
        // What is called while the view becomes text finds the page's language and address.
        OwnedView::new(view)
    })
}
