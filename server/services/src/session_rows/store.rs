//! The session table as `tower-sessions` sees it.

use std::fmt;

use async_trait::async_trait;
use chrono::TimeDelta;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, EntityTrait, QueryFilter,
};
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use crate::{
    context::Services,
    database,
    entity::session,
    session_rows::{ADDRESS, NETWORK, OWES_CODE, USER, is_young, sealed},
};

/// Keeps sessions in the database, so that they outlive a restart and hold on every node.
#[derive(Clone)]
pub struct Store(Services);

impl Store {
    pub fn new(services: Services) -> Self {
        Self(services)
    }

    fn row(&self, record: &Record) -> Result<session::ActiveModel> {
        let now = self.0.clock().now();
        Ok(session::ActiveModel {
            id: Set(sealed::hash(record.id)),
            user_id: Set(person(record)),
            signed_in_from: Set(signed_in_from(record)),
            data: Set(sealed::seal(record.id, &record.data)?),
            expires_at: Set(now + rest(record)),
            created_at: Set(now),
        })
    }

    fn record(&self, id: Id, row: &session::Model) -> Result<Record> {
        let data = sealed::open(id, &row.data)?;
        let rest = row.expires_at - self.0.clock().now();
        Ok(Record { id, data, expiry_date: OffsetDateTime::now_utc() + time::Duration::seconds(rest.num_seconds()) })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

#[async_trait]
impl SessionStore for Store {
    async fn create(&self, record: &mut Record) -> Result<()> {
        loop {
            match session::Entity::insert(self.row(record)?).exec_without_returning(self.0.db()).await {
                Ok(_) => return Ok(()),
                Err(error) if database::is_unique_violation(&error) => record.id = Id::default(),
                Err(error) => return Err(backend(error)),
            }
        }
    }

    /// Changes a session that is there. One that has ended meanwhile, by sign-out or by another's doing, stays ended.
    async fn save(&self, record: &Record) -> Result<()> {
        let row = self.row(record)?;
        let changed = session::Entity::update_many()
            .set(session::ActiveModel { created_at: NotSet, ..row })
            .filter(session::Column::Id.eq(sealed::hash(record.id)));
        changed.exec(self.0.db()).await.map_err(backend)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let now = self.0.clock().now();
        let found = session::Entity::find_by_id(sealed::hash(*id))
            .filter(session::Column::ExpiresAt.gt(now))
            .filter(is_young(now))
            // Not `one`: SQLite compiles a statement anew each time its LIMIT is bound.
            .all(self.0.db())
            .await
            .map_err(backend)?;
        found.first().map(|row| self.record(*id, row)).transpose()
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        session::Entity::delete_by_id(sealed::hash(*id)).exec(self.0.db()).await.map_err(backend)?;
        self.0.live().session_ended();
        Ok(())
    }
}

/// Who is signed in, or owes a code: either ends with the person's sessions.
fn person(record: &Record) -> Option<i64> {
    let owes = || record.data.get(OWES_CODE).and_then(|owed| owed.get("user"));
    record.data.get(USER).or_else(owes).and_then(serde_json::Value::as_i64)
}

/// Where the person came from; of somebody who is not signed in yet the network, where it was noted.
fn signed_in_from(record: &Record) -> Option<String> {
    let text = |key: &str| record.data.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
    if record.data.contains_key(USER) { Some(text(ADDRESS).unwrap_or_default()) } else { text(NETWORK) }
}

/// How long a session lasts from now. Its end is dated by the machine's clock, and its row by the server's, so that both
/// who stores and who deletes it go by one clock.
fn rest(record: &Record) -> TimeDelta {
    TimeDelta::seconds((record.expiry_date - OffsetDateTime::now_utc()).whole_seconds())
}

fn backend(error: sea_orm::DbErr) -> Error {
    Error::Backend(error.to_string())
}
