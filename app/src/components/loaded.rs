//! Showing what the server answers: while it is asked, when it answers, when it cannot.

use std::time::Duration;

use leptos::{prelude::*, tachys::reactive_graph::OwnedView};

use crate::{
    api::ApiError,
    components::{
        answer::{Answer, Asked, Data, Value},
        error_view::ErrorView,
    },
};

/// How long nothing is said while an answer is awaited, and when somebody may want to ask again.
const SOON: Duration = Duration::from_millis(150);
const LATE: Duration = Duration::from_secs(5);

/// Which errors are told where an answer should stand.
pub type Tells = fn(&ApiError) -> bool;

/// All of them.
pub const EVERYTHING: Tells = |_| true;
/// Those that the frame above, which has asked for something else, has not told already: what does not exist, and that
/// nobody is signed in.
pub const BELOW_FRAME: Tells = |error| !matches!(error, ApiError::NotFound | ApiError::SignedOut);
const NOTHING: Tells = |_| false;

/// Draws an answer, and its error in its place. What is drawn stays while the answer is asked for again, and is drawn
/// anew only where the new answer differs.
pub fn loaded<T, V>(answer: Answer<T>, draw: impl Fn(T) -> V + Send + Sync + 'static) -> AnyView
where
    T: Data,
    V: IntoView + 'static,
{
    awaited(answer.asked, shown(answer.asked, by_value(draw), EVERYTHING))
}

/// The same where the answer is awaited, and its error told, elsewhere on the page.
pub fn loaded_quietly<T, V>(answer: Answer<T>, draw: impl Fn(T) -> V + Send + Sync + 'static) -> AnyView
where
    T: Data,
    V: IntoView + 'static,
{
    once_there(answer.asked, shown(answer.asked, by_value(draw), NOTHING))
}

/// The same [below a frame](BELOW_FRAME).
pub fn loaded_below<T, V>(answer: Answer<T>, draw: impl Fn(T) -> V + Send + Sync + 'static) -> AnyView
where
    T: Data,
    V: IntoView + 'static,
{
    awaited(answer.asked, shown(answer.asked, by_value(draw), BELOW_FRAME))
}

/// Draws an answer once: what is drawn follows the signal by itself. For lists, whose rows stay as they are.
pub fn loaded_once<T, V>(
    answer: Answer<T>,
    tells: Tells,
    draw: impl Fn(Signal<T>) -> V + Send + Sync + 'static,
) -> AnyView
where
    T: Data,
    V: IntoView + 'static,
{
    let shown = answer.asked.shown;
    let failed = Memo::new(move |_| shown.get().and_then(Result::err));
    let is_there = Memo::new(move |_| shown.with(|shown| matches!(shown, Some(Ok(_)))));
    let draw = move || match failed.get() {
        Some(error) => told(error, tells),
        None if is_there.get() => draw(answer.signal()).into_any(),
        None => ().into_any(),
    };
    awaited(answer.asked, Box::new(draw))
}

/// Draws what is there at the moment.
type View = Box<dyn Fn() -> AnyView + Send + Sync>;

fn by_value<T, V>(draw: impl Fn(T) -> V + Send + Sync + 'static) -> Box<dyn Fn(Value) -> AnyView + Send + Sync>
where
    T: Data,
    V: IntoView + 'static,
{
    Box::new(move |value| draw(value.get()).into_any())
}

// What is the same for all answers, so that its code is made once.

fn told(error: ApiError, tells: Tells) -> AnyView {
    tells(&error).then(|| view! { <ErrorView error=error/> }).into_any()
}

fn shown(asked: Asked, draw: Box<dyn Fn(Value) -> AnyView + Send + Sync>, tells: Tells) -> View {
    Box::new(move || match asked.shown.get() {
        Some(Ok(answer)) => draw(answer),
        Some(Err(error)) => told(error, tells),
        None => ().into_any(),
    })
}

fn awaited(asked: Asked, view: View) -> AnyView {
    view! {
        {once_there(asked, view)}
        <Waiting asked=asked/>
    }
    .into_any()
}

/// Not inside of `Suspense`, which draws everything up to three times on the server to find out what it waits for.
fn once_there(asked: Asked, view: View) -> AnyView {
    let comes_with_the_page =
        cfg!(feature = "ssr") || Owner::current_shared_context().is_some_and(|context| context.during_hydration());
    // What is called while the view becomes text finds the page's language and address.
    let drawn = || OwnedView::new(view).into_any();
    if !comes_with_the_page {
        // A `Suspend` would leave what the page before has drawn in its place until the answer is there.
        return drawn();
    }
    Suspend::new(async move {
        asked.first().await;
        drawn()
    })
    .into_any()
}

/// How long somebody has been waiting.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    Short,
    Noticeable,
    Long,
}

/// Says that an answer is on its way, and after a while that it is late. On the server nobody waits.
#[component]
fn Waiting(asked: Asked) -> impl IntoView {
    let wait = RwSignal::new(Wait::Short);
    Effect::new(move |_| {
        wait.set(Wait::Short);
        if asked.is_awaited() {
            for (after, said) in [(SOON, Wait::Noticeable), (LATE, Wait::Long)] {
                if let Ok(timer) = set_timeout_with_handle(move || wait.set(said), after) {
                    on_cleanup(move || timer.clear());
                }
            }
        }
    });
    let again = Callback::new(move |()| {
        wait.set(Wait::Noticeable);
        asked.refetch();
    });
    move || match wait.get() {
        Wait::Short => ().into_any(),
        Wait::Noticeable => view! { <Loading/> }.into_any(),
        Wait::Long => view! {
            <div class="loading" aria-live="polite">
                <span>{tr!("The server takes long to answer.")}</span>
                <button type="button" class="button button-small" on:click=move |_| again.run(())>
                    {tr!("Try again")}
                </button>
            </div>
        }
        .into_any(),
    }
}

#[component]
fn Loading() -> impl IntoView {
    view! {
        <div class="loading">
            <span class="spinner" aria-hidden="true"></span>
            <span>{tr!("Loading…")}</span>
        </div>
    }
}
