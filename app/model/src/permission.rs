//! The one table of who may do what.

use crate::{
    ids::{AccountId, OrganizationId},
    people::{Actor, Role},
};

/// A kind of thing that people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Projects and the state of their backups.
    SeeProjects,
    /// See, create, update, lock, set default, delete backup credentials.
    ManageCredentials,
    /// Projects, backup on and off, policies, runs, restores, downloads.
    ManageProjects,
    SeeAuditLog,
    /// Channels that are told how backups go, and what they were told.
    ManageNotifications,
    ManageUsers,
    ManageOrganizations,
    /// What holds for the whole account.
    ManageAccount,
    /// The processes that take runs, and what they are doing.
    SeeNodes,
}

/// How far a role's permission for an action goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Nothing,
    OwnOrganization,
    WholeAccount,
}

/// Who owns a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    pub account: AccountId,
    pub organization: OrganizationId,
}

/// Why somebody may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Another tenant's, or another organization's: for this person it does not exist.
    #[error("{}", tr!("There is nothing at this address"))]
    DoesNotExist,
    #[error("{}", .action.refused(*.role))]
    Forbidden { role: Role, action: Action },
}

impl Action {
    pub const ALL: [Self; 9] = [
        Self::SeeProjects,
        Self::ManageCredentials,
        Self::ManageProjects,
        Self::SeeAuditLog,
        Self::ManageNotifications,
        Self::ManageUsers,
        Self::ManageOrganizations,
        Self::ManageAccount,
        Self::SeeNodes,
    ];

    fn refused(self, role: Role) -> String {
        let role = role.as_str();
        let role = tr!(role);
        let asks = match self {
            Self::SeeProjects => tr!("The role {role} cannot see projects.", role),
            Self::ManageCredentials => tr!("The role {role} cannot see or manage backup credentials.", role),
            Self::ManageProjects => tr!("The role {role} cannot manage projects and backups.", role),
            Self::SeeAuditLog => tr!("The role {role} cannot see the audit log.", role),
            Self::ManageNotifications => tr!("The role {role} cannot manage notifications.", role),
            Self::ManageUsers => tr!("The role {role} cannot manage users.", role),
            Self::ManageOrganizations => tr!("The role {role} cannot manage organizations.", role),
            Self::ManageAccount => tr!("The role {role} cannot manage the account.", role),
            Self::SeeNodes => tr!("The role {role} cannot see the nodes.", role),
        };
        let whom = match self.reach(Role::Manager) {
            Reach::Nothing => tr!("Ask a Partner of your account."),
            Reach::OwnOrganization | Reach::WholeAccount => tr!("Ask a Manager of your organization."),
        };
        format!("{asks} {whom}")
    }

    /// The table.
    pub const fn reach(self, role: Role) -> Reach {
        use Reach::{Nothing, OwnOrganization, WholeAccount};
        let [user, manager, partner] = match self {
            Self::SeeProjects => [OwnOrganization, OwnOrganization, WholeAccount],
            Self::ManageCredentials
            | Self::ManageProjects
            | Self::SeeAuditLog
            | Self::ManageNotifications
            | Self::ManageUsers => [Nothing, OwnOrganization, WholeAccount],
            Self::ManageOrganizations | Self::ManageAccount | Self::SeeNodes => [Nothing, Nothing, WholeAccount],
        };
        match role {
            Role::User => user,
            Role::Manager => manager,
            Role::Partner => partner,
        }
    }
}

impl Actor {
    /// Asks the table whether this person may do `action` to what `owner` owns.
    ///
    /// What lies beyond the person's sight is refused as what does not exist, so that nobody learns what others have:
    /// everything of another account and, for all whose role ends at their organization, of another organization.
    pub fn may(&self, action: Action, owner: Owner) -> Result<(), Denied> {
        if owner.account != self.account {
            return Err(Denied::DoesNotExist);
        }
        match action.reach(self.role) {
            Reach::WholeAccount => Ok(()),
            _ if owner.organization != self.organization => Err(Denied::DoesNotExist),
            Reach::OwnOrganization => Ok(()),
            Reach::Nothing => Err(Denied::Forbidden { role: self.role, action }),
        }
    }

    /// Asks the table whether this person may manage a user of that role, or give it: a Manager's users are Users and
    /// Managers.
    pub fn may_manage_role(&self, role: Role, owner: Owner) -> Result<(), Denied> {
        self.may(Action::ManageUsers, owner)?;
        if role == Role::Partner {
            // Partners belong to the whole account.
            self.may(Action::ManageOrganizations, owner)?;
        }
        Ok(())
    }

    /// Asks the table whether this person may do `action` anywhere, and how far; for lists.
    pub fn reach(&self, action: Action) -> Result<Reach, Denied> {
        match action.reach(self.role) {
            Reach::Nothing => Err(Denied::Forbidden { role: self.role, action }),
            reach => Ok(reach),
        }
    }

    /// Whether a page should offer `action` at all. The server asks again when it is done.
    pub fn can(&self, action: Action) -> bool {
        action.reach(self.role) != Reach::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;

    fn actor(role: Role) -> Actor {
        Actor {
            user: UserId(1),
            account: AccountId(1),
            organization: OrganizationId(1),
            organization_name: "home".to_owned(),
            email: "a@example.com".to_owned(),
            role,
        }
    }

    fn owner(account: i64, organization: i64) -> Owner {
        Owner { account: AccountId(account), organization: OrganizationId(organization) }
    }

    #[test]
    fn what_another_tenant_owns_does_not_exist() {
        for role in Role::ALL {
            for action in Action::ALL {
                assert_eq!(actor(role).may(action, owner(2, 1)), Err(Denied::DoesNotExist));
            }
        }
    }

    #[test]
    fn a_manager_stays_in_the_own_organization() {
        let manager = actor(Role::Manager);
        assert!(manager.may(Action::ManageCredentials, owner(1, 1)).is_ok());
        assert_eq!(manager.may(Action::ManageCredentials, owner(1, 2)), Err(Denied::DoesNotExist));
        assert!(matches!(manager.may(Action::ManageOrganizations, owner(1, 1)), Err(Denied::Forbidden { .. })));
    }

    #[test]
    fn what_another_organization_has_does_not_exist_for_users_and_managers() {
        for role in [Role::User, Role::Manager] {
            for action in Action::ALL {
                assert_eq!(actor(role).may(action, owner(1, 2)), Err(Denied::DoesNotExist), "{role:?}, {action:?}");
            }
        }
    }

    #[test]
    fn a_partner_does_everything_in_the_account() {
        for action in Action::ALL {
            assert!(actor(Role::Partner).may(action, owner(1, 2)).is_ok());
        }
    }

    #[test]
    fn a_user_only_sees_projects() {
        for action in Action::ALL {
            assert_eq!(actor(Role::User).may(action, owner(1, 1)).is_ok(), action == Action::SeeProjects);
        }
    }

    #[test]
    fn only_partners_manage_partners() {
        assert!(actor(Role::Manager).may_manage_role(Role::Manager, owner(1, 1)).is_ok());
        assert!(actor(Role::Manager).may_manage_role(Role::Partner, owner(1, 1)).is_err());
        assert!(actor(Role::Partner).may_manage_role(Role::Partner, owner(1, 2)).is_ok());
    }

    #[test]
    fn the_refusal_is_a_sentence() {
        let refusal = actor(Role::User).may(Action::ManageProjects, owner(1, 1)).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "The role User cannot manage projects and backups. Ask a Manager of your organization."
        );
    }
}
