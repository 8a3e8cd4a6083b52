//! Deadlines of what is asked of the server.

use std::time::Duration;

/// How long an answer that only reads may take.
const READING: Duration = Duration::from_mins(1);
/// How long a change may take: the server asks other servers, each with a deadline of its own.
const CHANGING: Duration = Duration::from_mins(5);

/// What comes within a minute.
pub fn of_reading<T: 'static>(
    answer: impl Future<Output = T> + Send + 'static,
) -> impl Future<Output = Option<T>> + Send + 'static {
    within(READING, answer)
}

/// What comes within five minutes.
pub fn of_change<T: 'static>(
    answer: impl Future<Output = T> + Send + 'static,
) -> impl Future<Output = Option<T>> + Send + 'static {
    within(CHANGING, answer)
}

/// On the server the functions have deadlines of their own.
#[cfg(feature = "ssr")]
async fn within<T: 'static>(_: Duration, answer: impl Future<Output = T> + Send + 'static) -> Option<T> {
    Some(answer.await)
}

#[cfg(not(feature = "ssr"))]
async fn within<T: 'static>(limit: Duration, answer: impl Future<Output = T> + Send + 'static) -> Option<T> {
    use futures::future::{Either, select};
    use leptos::prelude::set_timeout;

    let (expire, expired) = futures::channel::oneshot::channel::<()>();
    set_timeout(move || drop(expire), limit);
    match select(Box::pin(answer), expired).await {
        Either::Left((answer, _)) => Some(answer),
        Either::Right(_) => None,
    }
}
