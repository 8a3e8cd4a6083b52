//! The acting person.

use model::{
    ids::OrganizationId,
    people::Actor,
    permission::{Action, Denied, Owner, Reach},
};

/// Who acts, and from where.
#[derive(Clone, Debug)]
pub struct Acting {
    pub actor: Actor,
    /// The network address of the person, or what else they came by, for the audit log.
    pub address: String,
}

impl Acting {
    pub(crate) fn may(&self, action: Action, owner: Owner) -> Result<(), Denied> {
        self.actor.may(action, owner)
    }

    /// The one organization to which the person's lists are confined; `None` means all of the account.
    pub(crate) fn confined_to(&self, action: Action) -> Result<Option<OrganizationId>, Denied> {
        Ok(match self.actor.reach(action)? {
            Reach::WholeAccount => None,
            Reach::OwnOrganization | Reach::Nothing => Some(self.actor.organization),
        })
    }
}
