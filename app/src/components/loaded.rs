//! Showing what the server answers: while it is asked, when it answers, when it cannot.

use std::time::Duration;

use leptos::prelude::*;
use model::ids::ProjectId;

use crate::{
    api::ApiError,
    components::{
        answer::{Answer, Data, Value},
        error_view::ErrorView,
    },
    live::use_live,
    ui::use_ui,
};

/// Draws an answer, and its error in its place. What is drawn stays while the answer is asked for again, and is drawn
/// anew only where the new answer differs.
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

/// The same for a part of an answer: drawn anew only where that part differs.
pub fn loaded_part<T, P, V>(
    answer: Answer<T>,
    part: impl Fn(&T) -> P + Copy + Send + Sync + 'static,
    draw: impl Fn(P) -> V + Send + Sync + 'static,
) -> impl IntoView
where
    T: Data,
    P: Clone + PartialEq + Send + Sync + 'static,
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
    P: Clone + PartialEq + Send + Sync + 'static,
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
    P: Clone + PartialEq + Send + Sync + 'static,
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
    P: Clone + PartialEq + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let look = answer.looking(move |answer| match answer {
        Ok(answer) => Ok(Value::new(part(answer))),
        Err(error) => Err(error.clone()),
    });
    drawn(Box::new(look), Box::new(move |part| draw(part.get()).into_any()), tells)
}

/// The part of an answer that is shown; `None` until there is one.
type Shown = Option<Result<Value, ApiError>>;

/// The same for all types, so that its code is made once.
fn drawn(
    look: Box<dyn Fn() -> Shown + Send + Sync>,
    draw: Box<dyn Fn(Value) -> AnyView + Send + Sync>,
    tells: fn(&ApiError) -> bool,
) -> AnyView {
    let draw = StoredValue::new(draw);
    let look = StoredValue::new(look);
    view! {
        <Transition fallback=Loading>
            {
                let shown = shown(look);
                move || {
                    shown.get().map(|shown| match shown {
                        Ok(part) => draw.with_value(|draw| draw(part)),
                        Err(error) => tells(&error).then(|| view! { <ErrorView error=error/> }).into_any(),
                    })
                }
            }
        </Transition>
    }
    .into_any()
}

fn shown(look: StoredValue<Box<dyn Fn() -> Shown + Send + Sync>>) -> Signal<Shown> {
    let look = move || look.with_value(|look| look());
    // The server draws on several threads, and there a memo that looks for the first time while the answer comes may
    // keep what it saw before: now and then a page under load came without its content.
    if cfg!(feature = "ssr") {
        return Signal::derive(look);
    }
    let keep_while_offline = move |shown: Option<&Shown>| match (look(), shown) {
        (Some(Err(ApiError::Offline)), Some(Some(Ok(earlier)))) => Some(Ok(earlier.clone())),
        (answer, _) => answer,
    };
    Memo::new(keep_while_offline).into()
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

/// How often a page asks again by itself: while something runs; otherwise, since a schedule may start something any
/// minute; and both while the server tells what moves, which may miss what begins and ends between two of its looks.
const BUSY: Duration = Duration::from_secs(2);
const IDLE: Duration = Duration::from_secs(10);
const BUSY_AND_TOLD: Duration = Duration::from_secs(5);
const IDLE_AND_TOLD: Duration = Duration::from_secs(30);

/// Asks for an answer again while the page is open: whenever runs of any project move, and now and then.
pub fn keep_fresh<T: Data>(answer: Answer<T>, is_busy: impl Fn(&T) -> bool + Send + Sync + 'static) {
    keep_fresh_for(answer, || None, is_busy);
}

/// The same for an answer about one project.
pub fn keep_fresh_of<T: Data>(
    answer: Answer<T>,
    project: Memo<ProjectId>,
    is_busy: impl Fn(&T) -> bool + Send + Sync + 'static,
) {
    keep_fresh_for(answer, move || Some(project.get()), is_busy);
}

fn keep_fresh_for<T: Data>(
    answer: Answer<T>,
    project: impl Fn() -> Option<ProjectId> + Send + Sync + 'static,
    is_busy: impl Fn(&T) -> bool + Send + Sync + 'static,
) {
    let busy = answer.looking(move |answer| answer.as_ref().map(&is_busy).map_err(Clone::clone));
    ask_again(Box::new(busy), Box::new(project), Box::new(move || answer.refetch()));
}

/// The same for all types, so that its code is made once.
fn ask_again(
    busy: Box<dyn Fn() -> Option<Result<bool, ApiError>> + Send + Sync>,
    project: Box<dyn Fn() -> Option<ProjectId> + Send + Sync>,
    refetch: Box<dyn Fn() + Send + Sync>,
) {
    let (ui, live) = (use_ui(), use_live());
    let refetch = StoredValue::new(refetch);
    let refetch = move || refetch.with_value(|refetch| refetch());
    Effect::new(move |known: Option<Option<u64>>| {
        let heard = live.count(project());
        let known = known.unwrap_or(heard);
        if heard.is_some() && heard != known {
            refetch();
        }
        heard.or(known)
    });
    Effect::new(move |_| {
        let told = live.is_connected();
        let pause = match busy() {
            Some(Ok(true)) if told => BUSY_AND_TOLD,
            Some(Ok(true)) => BUSY,
            Some(Ok(false)) if told => IDLE_AND_TOLD,
            Some(Ok(false)) => IDLE,
            Some(Err(ApiError::Offline)) => {
                ui.note_offline();
                IDLE
            }
            Some(Err(_)) | None => return,
        };
        if let Ok(timer) = set_timeout_with_handle(refetch, pause) {
            on_cleanup(move || timer.clear());
        }
    });
}
