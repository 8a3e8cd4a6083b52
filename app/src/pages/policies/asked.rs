//! What the server says of what is typed, asked anew as it changes.

use std::{future::Future, time::Duration};

use leptos::{html::Span, prelude::*};

use crate::{
    api::ApiError,
    components::typed::{Typed, follow_form},
};

/// How long after the last key the server is asked.
const PAUSE: Duration = Duration::from_millis(300);

/// The server's answer to what is typed in the form around an island; `None` where nothing was answered yet. What was
/// shown stays until the next answer is there.
///
/// With it comes the question that it goes with. `first` is what the form starts with, whose answer came with the page. `question` reads the form.
pub fn asked<Q, A, F>(
    node: NodeRef<Span>,
    first: (Q, Option<A>),
    question: impl Fn(&Typed) -> Q + 'static,
    ask: impl Fn(Q) -> F + Copy + Send + Sync + 'static,
) -> (Memo<Q>, Memo<Option<Result<A, ApiError>>>)
where
    Q: Clone + PartialEq + Send + Sync + 'static,
    A: Clone + PartialEq + Send + Sync + 'static,
    F: Future<Output = Result<A, ApiError>> + Send + 'static,
{
    let (first_question, first_answer) = first;
    let typed = RwSignal::new(first_question.clone());
    follow_form(node, move |form, _| typed.set(question(form)));
    let question = settled(typed);
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
    let shown = Memo::new(move |shown: Option<&Option<Result<A, ApiError>>>| {
        let question = question.get();
        if question == first_question {
            return first_answer.clone().map(Ok);
        }
        match action.value().get() {
            Some((asked, answer)) if asked == question => Some(answer),
            _ => shown.cloned().flatten(),
        }
    });
    (question, shown)
}

/// What is typed, once somebody has stopped typing for a moment.
fn settled<T: Clone + PartialEq + Send + Sync + 'static>(typed: RwSignal<T>) -> Memo<T> {
    let settled = RwSignal::new(typed.get_untracked());
    Effect::new(move |_| {
        let now = typed.get();
        if let Ok(timer) = set_timeout_with_handle(move || settled.set(now), PAUSE) {
            on_cleanup(move || timer.clear());
        }
    });
    Memo::new(move |_| settled.get())
}
