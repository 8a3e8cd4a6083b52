//! What a request's and an answer's body tell of their connection, and the deadline of every request's body.

use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::connections::Connection;

/// How long a client may take to send a body. The largest that anything reads is 256 KiB.
const TIME: Duration = Duration::from_secs(30);

/// A body did not arrive in time.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body was not sent within {} seconds", TIME.as_secs())]
pub struct TooSlow;

impl TooSlow {
    /// Whether reading a body failed for this reason.
    pub fn caused(error: &(dyn Error + 'static)) -> bool {
        error.is::<Self>() || error.source().is_some_and(Self::caused)
    }
}

/// A request's body, whatever reads it: ends with [`TooSlow`] where it takes too long, and tells the connection when it has
/// arrived.
pub struct Arriving {
    body: Body,
    deadline: Pin<Box<Sleep>>,
    /// Absent once the connection knows.
    connection: Option<Arc<Connection>>,
}

impl Arriving {
    pub fn new(body: Body, connection: Arc<Connection>) -> Self {
        Self::within(TIME, body, connection)
    }

    fn within(time: Duration, body: Body, connection: Arc<Connection>) -> Self {
        let mut arriving = Self { deadline: Box::pin(sleep(time)), connection: Some(connection), body };
        if arriving.body.is_end_stream() {
            arriving.arrived();
        }
        arriving
    }

    fn arrived(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.arrived();
        }
    }
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        match &frame {
            Poll::Pending if this.deadline.as_mut().poll(cx).is_ready() => {
                return Poll::Ready(Some(Err(TooSlow.into())));
            }
            Poll::Ready(None) => this.arrived(),
            Poll::Ready(Some(Ok(_))) if this.body.is_end_stream() => this.arrived(),
            Poll::Pending | Poll::Ready(_) => {}
        }
        frame.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A body that nobody reads to its end is answered all the same.
impl Drop for Arriving {
    fn drop(&mut self) {
        self.arrived();
    }
}

/// An answer's body, which tells the connection when it is out or given up.
pub struct Leaving {
    body: Body,
    connection: Arc<Connection>,
}

impl Leaving {
    pub fn new(body: Body, connection: Arc<Connection>) -> Self {
        Self { body, connection }
    }
}

impl HttpBody for Leaving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.connection.answered();
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use axum::body::to_bytes;
    use futures::{StreamExt, stream};

    use super::*;
    use crate::listener::connections::Connections;

    fn connection() -> Arc<Connection> {
        Arc::new(Connections::new(1).admit(IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap())
    }

    #[tokio::test]
    async fn a_body_that_drips_ends_at_the_deadline() {
        let drips = stream::unfold((), |()| async {
            sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::io::Error>("a"), ()))
        });
        let (started, time) = (tokio::time::Instant::now(), Duration::from_millis(500));
        let body = Body::new(Arriving::within(time, Body::from_stream(drips), connection()));
        let error = to_bytes(body, usize::MAX).await.unwrap_err();
        assert!(TooSlow::caused(&error), "{error:?}");
        assert!(started.elapsed() >= time);
    }

    #[tokio::test]
    async fn what_arrives_in_time_is_as_it_was_sent() {
        let whole = Arriving::new(Body::from("abc"), connection());
        assert_eq!(whole.size_hint().exact(), Some(3));
        assert_eq!(to_bytes(Body::new(whole), 3).await.unwrap(), "abc");
        let parts = stream::iter(["a", "b"]).map(Ok::<_, std::io::Error>);
        let body = Body::new(Arriving::new(Body::from_stream(parts), connection()));
        assert_eq!(to_bytes(body, 2).await.unwrap(), "ab");
    }
}
