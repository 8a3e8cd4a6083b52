//! What the notice of a success offers: the next step, or taking it back.

use serde::{Deserialize, Serialize};

use crate::ids::{BackupId, ChannelId, CredentialId, PolicyId, ProjectId};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Follow {
    /// The next step towards what was begun.
    Next {
        label: String,
        /// A path of this site.
        href: String,
    },
    /// Takes it back.
    Undo(Reversal),
    /// Tries a channel that was added or changed.
    SendTest(ChannelId),
}

/// What takes a change back. The server decides anew whether it may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reversal {
    ResumePolicy(PolicyId),
    PausePolicy(PolicyId),
    RestorePolicy(PolicyId),
    UnlockCredential(CredentialId),
    LockCredential(CredentialId),
    /// Gives the default back to the one that was it before.
    DefaultCredential(CredentialId),
    UnlockProject(ProjectId),
    LockProject(ProjectId),
    RestoreProject(ProjectId),
    RestoreBackup(BackupId),
    ResumeChannel(ChannelId),
    PauseChannel(ChannelId),
}
