//! What the server says of what is typed, asked anew as it changes.

use std::{future::Future, time::Duration};

use leptos::prelude::*;

use crate::{api::ApiError, components::answer::Data};

/// How long after the last key the server is asked.
const PAUSE: Duration = Duration::from_millis(300);

/// The server's answer to a question; `None` where nothing was answered yet.
pub type Asked<A> = Memo<Option<Result<A, ApiError>>>;

/// Asks whenever the question changes, unless it is the first, whose answer came with the page. What was shown stays
/// until the next answer is there.
pub fn asked<Q, A, F>(
    first: (Q, Option<A>),
    question: Memo<Q>,
    ask: impl Fn(Q) -> F + Copy + Send + Sync + 'static,
) -> Asked<A>
where
    Q: Clone + PartialEq + Send + Sync + 'static,
    A: Data,
    F: Future<Output = Result<A, ApiError>> + Send + 'static,
{
    let (first_question, first_answer) = first;
    let action = Action::new(move |question: &Q| {
        let (question, answer) = (question.clone(), ask(question.clone()));
        async move { (question, answer.await) }
    });
    let known = first_question.clone();
    Effect::new(move |_| {
        let question = question.get();
        if question != known {
            action.dispatch(question);
        }
    });
    Memo::new(move |shown: Option<&Option<Result<A, ApiError>>>| {
        let question = question.get();
        if question == first_question {
            return first_answer.clone().map(Ok);
        }
        match action.value().get() {
            Some((asked, answer)) if asked == question => Some(answer),
            _ => shown.cloned().flatten(),
        }
    })
}

/// What is typed, once somebody has stopped typing for a moment.
pub fn settled<T: Clone + Send + Sync + 'static>(typed: RwSignal<T>) -> RwSignal<T> {
    let settled = RwSignal::new(typed.get_untracked());
    Effect::new(move |_| {
        let now = typed.get();
        if let Ok(timer) = set_timeout_with_handle(move || settled.set(now), PAUSE) {
            on_cleanup(move || timer.clear());
        }
    });
    settled
}
