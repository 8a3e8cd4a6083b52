//! Repositories that this process has open.

use std::time::Duration;

use engine::Repository;
use moka::future::Cache;

use crate::entity::{backup_credential, repository};

/// Repositories that were opened lately. Opening one derives its key from the password, which is slow on purpose. One in
/// which somebody browses also keeps its index for the next page.
#[derive(Clone)]
pub struct Opened {
    pub all: Cache<OpenedKey, Repository>,
    pub browsed: Cache<OpenedKey, Repository>,
}

/// A repository as opened with a credential in one of its versions: changed keys open it anew, and so does another way
/// to keep what is written.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OpenedKey {
    repository: i64,
    credential: i64,
    version: i64,
    objects: [Option<String>; 3],
}

impl OpenedKey {
    /// What a repository is known by while this credential opens it.
    pub fn of(repository: &repository::Model, credential: &backup_credential::Model) -> Self {
        let objects = [&repository.storage_class, &repository.encryption, &repository.kms_key].map(Clone::clone);
        Self { repository: repository.id, credential: credential.id, version: credential.version, objects }
    }
}

impl Opened {
    /// Most repositories that stay open.
    const MOST: u64 = 256;

    /// Most of them that keep their index: that of a large one takes some hundred megabytes.
    const MOST_BROWSED: u64 = 8;

    /// How long one stays open that nobody uses, and how long its index stays.
    const IDLE: Duration = Duration::from_hours(1);
    const BROWSED_IDLE: Duration = Duration::from_mins(10);

    /// How long one stays open at all: a pack that another node has found unneeded is removed after a day, and an index
    /// must not be older.
    const LONGEST: Duration = Duration::from_hours(12);

    pub fn new() -> Self {
        let all =
            Cache::builder().max_capacity(Self::MOST).time_to_idle(Self::IDLE).time_to_live(Self::LONGEST).build();
        let browsed = Cache::builder()
            .max_capacity(Self::MOST_BROWSED)
            .time_to_idle(Self::BROWSED_IDLE)
            .time_to_live(Self::LONGEST)
            .eviction_listener(|_, repository: Repository, _| repository.drop_index())
            .build();
        Self { all, browsed }
    }
}
