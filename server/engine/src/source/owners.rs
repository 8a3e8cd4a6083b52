//! The names of users and groups, and the numbers of names.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

use nix::unistd::{Gid, Group, Uid, User};

/// How restored files get their owners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Owners {
    /// By the numbers that they had.
    #[default]
    ByNumber,
    /// By the names that they had, whatever number these have here. Names that are unknown here count by their numbers.
    ByName,
}

/// What was looked up before: the system may have to ask another machine.
struct Known<K, V>(Mutex<HashMap<K, Option<V>>>);

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Known<K, V> {
    fn get(&self, key: &K, look_up: impl FnOnce(&K) -> Option<V>) -> Option<V> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(key) {
            return found.clone();
        }
        let found = look_up(key);
        known.insert(key.clone(), found.clone());
        found
    }
}

/// Names by numbers. What has no name, or cannot be asked for it, has none.
#[derive(Default)]
pub(crate) struct OwnerNames {
    users: Known<u32, String>,
    groups: Known<u32, String>,
}

impl OwnerNames {
    pub(crate) fn user(&self, number: u32) -> Option<String> {
        self.users.get(&number, |number| Some(User::from_uid(Uid::from_raw(*number)).ok()??.name))
    }

    pub(crate) fn group(&self, number: u32) -> Option<String> {
        self.groups.get(&number, |number| Some(Group::from_gid(Gid::from_raw(*number)).ok()??.name))
    }
}

/// Numbers by names, of those that are known here.
#[derive(Default)]
pub(crate) struct OwnerNumbers {
    users: Known<String, u32>,
    groups: Known<String, u32>,
}

impl OwnerNumbers {
    pub(crate) fn user(&self, name: &String) -> Option<u32> {
        self.users.get(name, |name| Some(User::from_name(name).ok()??.uid.as_raw()))
    }

    pub(crate) fn group(&self, name: &String) -> Option<u32> {
        self.groups.get(name, |name| Some(Group::from_name(name).ok()??.gid.as_raw()))
    }
}

#[cfg(test)]
mod tests {
    use super::{OwnerNames, OwnerNumbers};

    #[test]
    fn names_and_numbers_of_the_system_are_found_and_others_are_not() {
        let (names, numbers) = (OwnerNames::default(), OwnerNumbers::default());
        assert_eq!((names.user(0).as_deref(), names.group(0).as_deref()), (Some("root"), Some("root")));
        assert_eq!((names.user(4_000_000_000), names.group(4_000_000_000)), (None, None));
        let (known, unknown) = ("root".to_owned(), "no such user or group".to_owned());
        assert_eq!((numbers.user(&known), numbers.group(&known)), (Some(0), Some(0)));
        assert_eq!((numbers.user(&unknown), numbers.group(&unknown)), (None, None));
    }
}
