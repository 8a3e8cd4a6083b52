//! The channel on which open pages of this process hear of runs that moved.

use std::sync::Arc;

use model::{ids::ProjectId, permission::Owner};
use tokio::sync::{Notify, broadcast};

/// Messages that somebody slow may be behind.
const BEHIND: usize = 64;

/// What those who listen are told.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// Runs of these projects moved.
    Moved(Arc<[(ProjectId, Owner)]>),
    /// A session ended.
    SessionEnded,
}

/// Carries messages to everybody who listens in this process.
pub(crate) struct Live {
    pub(crate) messages: broadcast::Sender<Message>,
    /// Rung when somebody begins to listen.
    pub(crate) arrived: Notify,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self { messages: broadcast::Sender::new(BEHIND), arrived: Notify::new() }
    }

    /// Makes everybody who listens look whether their own session is still there, and what their role is.
    pub(crate) fn session_ended(&self) {
        // Nobody may be listening.
        let _ = self.messages.send(Message::SessionEnded);
    }
}
