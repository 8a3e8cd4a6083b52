//! Answers that do not come to an end.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use futures::stream;

/// White space for ever, as fast as it is read.
pub fn endless() -> Response {
    answer(Body::from_stream(stream::repeat_with(|| Ok::<_, Infallible>(vec![b' '; 64 << 10]))))
}

/// White space for ever, a byte each 100 ms.
pub fn dripping() -> Response {
    answer(Body::from_stream(stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((Ok::<_, Infallible>(" "), ()))
    })))
}

fn answer(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
