//! How many downloads run at the same time. Each holds a few packs of a repository in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{
    ids::{OrganizationId, UserId},
    people::Actor,
};

/// Most in all.
const MOST: usize = 16;
/// Most of one organization's people, so that they leave some to the others.
const MOST_OF_AN_ORGANIZATION: usize = 8;
/// Most of one person.
const MOST_OF_A_PERSON: usize = 4;

/// The downloads that run.
#[derive(Clone, Debug, Default)]
pub struct Downloads(Arc<Mutex<Vec<(UserId, OrganizationId)>>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub struct Download {
    downloads: Downloads,
    person: (UserId, OrganizationId),
}

/// Why another one has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    #[error("{MOST_OF_A_PERSON} downloads of yours are running. Start this one when one of them has ended.")]
    OfThePerson,
    #[error("{MOST_OF_AN_ORGANIZATION} downloads of your organization are running. Try again when one has ended.")]
    OfTheOrganization,
    #[error("{MOST} downloads are running. Try again when one has ended.")]
    All,
}

impl Downloads {
    /// Begins one of the person's.
    pub fn begin(&self, actor: &Actor) -> Result<Download, Full> {
        let mut running = self.running();
        let of_the_person = running.iter().filter(|(user, _)| *user == actor.user).count();
        let of_the_organization = running.iter().filter(|(_, home)| *home == actor.organization).count();
        if of_the_person >= MOST_OF_A_PERSON {
            return Err(Full::OfThePerson);
        }
        if of_the_organization >= MOST_OF_AN_ORGANIZATION {
            return Err(Full::OfTheOrganization);
        }
        if running.len() >= MOST {
            return Err(Full::All);
        }
        let person = (actor.user, actor.organization);
        running.push(person);
        Ok(Download { downloads: self.clone(), person })
    }

    fn running(&self) -> MutexGuard<'_, Vec<(UserId, OrganizationId)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        let mut running = self.downloads.running();
        if let Some(place) = running.iter().position(|person| *person == self.person) {
            running.swap_remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{ids::AccountId, people::Role};

    use super::*;

    fn person(user: i64, organization: i64) -> Actor {
        Actor {
            user: UserId(user),
            account: AccountId(1),
            organization: OrganizationId(organization),
            organization_name: "home".to_owned(),
            email: "a@example.com".to_owned(),
            role: Role::Manager,
        }
    }

    #[test]
    fn one_person_and_one_organization_leave_some_to_the_others() {
        let downloads = Downloads::default();
        let begin = |user, organization, count: usize| -> Vec<_> {
            (0..count).map(|_| downloads.begin(&person(user, organization)).unwrap()).collect()
        };
        let first = begin(1, 1, MOST_OF_A_PERSON);
        assert_eq!(downloads.begin(&person(1, 1)).unwrap_err(), Full::OfThePerson);
        let second = begin(2, 1, MOST_OF_AN_ORGANIZATION - MOST_OF_A_PERSON);
        assert_eq!(downloads.begin(&person(3, 1)).unwrap_err(), Full::OfTheOrganization);
        let others = [begin(4, 2, MOST_OF_A_PERSON), begin(5, 3, MOST_OF_A_PERSON)];
        assert_eq!(downloads.begin(&person(6, 4)).unwrap_err(), Full::All);
        drop(second);
        assert!(downloads.begin(&person(3, 1)).is_ok(), "one that has ended leaves its place");
        drop((first, others));
        assert!(downloads.running().is_empty());
    }
}
