//! Running the synchronous library.

use super::{RepositoryError, Result};

/// Runs `work` on a thread that may block.
///
/// # Errors
/// What `work` returns, or [`RepositoryError::Internal`] when it panics.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    // A panic's message was printed by the panic hook already.
    let stopped = |_| RepositoryError::Internal { detail: "an internal fault stopped the work".into() };
    tokio::task::spawn_blocking(work).await.map_err(stopped)?
}
