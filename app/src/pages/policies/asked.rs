//! What the server says of what is typed, asked anew as it changes.

use std::{future::Future, time::Duration};

use leptos::prelude::*;

use crate::{
    api::{ApiError, policies::Judged},
    browser::timeout,
};

/// How long after the last key the server is asked.
const PAUSE: Duration = Duration::from_millis(300);

/// What was asked of the server, and its answer to it; `None` where nothing was answered yet. What was shown stays until
/// the next answer is there.
type Shown<A> = Memo<Option<Result<A, ApiError>>>;

/// The server's answer to what is typed, with the question that it goes with. `first_answer` is that to what the form
/// starts with, and came with it.
pub fn asked<Q, A, F>(
    question: impl Fn() -> Q + Send + Sync + 'static,
    first_answer: Option<A>,
    ask: impl Fn(Q) -> F + Copy + Send + Sync + 'static,
) -> (Memo<Q>, Shown<A>)
where
    Q: Clone + PartialEq + Send + Sync + 'static,
    A: Clone + PartialEq + Send + Sync + 'static,
    F: Future<Output = Result<Judged<A>, ApiError>> + Send + 'static,
{
    let first = untrack(&question);
    let question = settled(question);
    let answers = answers(question, Some(first.clone()), ask);
    let shown =
        Memo::new(move |_| if *question.read() == first { first_answer.clone().map(Ok) } else { answers.get() });
    (question, shown)
}

/// The same where no answer came with the form: it is asked for as soon as the form is there.
pub fn asked_from_the_start<Q, A, F>(
    question: impl Fn() -> Q + Send + Sync + 'static,
    ask: impl Fn(Q) -> F + Copy + Send + Sync + 'static,
) -> Shown<A>
where
    Q: Clone + PartialEq + Send + Sync + 'static,
    A: Clone + PartialEq + Send + Sync + 'static,
    F: Future<Output = Result<Judged<A>, ApiError>> + Send + 'static,
{
    answers(settled(question), None, ask)
}

/// The answer to each question but `known`.
fn answers<Q, A, F>(
    question: Memo<Q>,
    known: Option<Q>,
    ask: impl Fn(Q) -> F + Copy + Send + Sync + 'static,
) -> Shown<A>
where
    Q: Clone + PartialEq + Send + Sync + 'static,
    A: Clone + PartialEq + Send + Sync + 'static,
    F: Future<Output = Result<Judged<A>, ApiError>> + Send + 'static,
{
    let action = Action::new(move |question: &Q| {
        let (question, answer) = (question.clone(), timeout::of_reading(ask(question.clone())));
        async move {
            let answer = answer.await.unwrap_or(Err(ApiError::Offline));
            (question, answer.and_then(|judged| judged.map_err(ApiError::Invalid)))
        }
    });
    Effect::new(move |_| {
        let question = question.get();
        if known.as_ref() != Some(&question) {
            action.dispatch(question);
        }
    });
    Memo::new(move |shown: Option<&Option<Result<A, ApiError>>>| match action.value().get() {
        Some((asked, answer)) if asked == *question.read() => Some(answer),
        _ => shown.cloned().flatten(),
    })
}

/// What is typed, once somebody has stopped typing for a moment.
fn settled<T: Clone + PartialEq + Send + Sync + 'static>(typed: impl Fn() -> T + Send + Sync + 'static) -> Memo<T> {
    let settled = RwSignal::new(untrack(&typed));
    Effect::new(move |_| {
        let now = typed();
        if let Ok(timer) = set_timeout_with_handle(move || settled.set(now), PAUSE) {
            on_cleanup(move || timer.clear());
        }
    });
    Memo::new(move |_| settled.get())
}
