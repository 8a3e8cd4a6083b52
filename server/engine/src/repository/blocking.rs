//! Running the synchronous library.

use super::{RepositoryError, Result};

/// Runs `work` on a thread that may block. What it logs is told of the same request or run.
///
/// # Errors
/// What `work` returns, or [`RepositoryError::Internal`] when it panics.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    // A panic's message was printed by the panic hook already.
    let stopped = |_| RepositoryError::Internal { detail: tr!("an internal fault stopped the work") };
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work)).await.map_err(stopped)?
}
