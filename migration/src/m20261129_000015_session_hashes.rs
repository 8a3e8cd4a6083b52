//! Sessions are known by the hash of their id, and what they keep is sealed under the id. Ids from before cannot be told
//! from hashes, so all sessions end and people sign in again.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Where the person signed in from; NULL where nobody is signed in by the session.
const COLUMN: &str = "ALTER TABLE session ADD COLUMN signed_in_from VARCHAR";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On SQLite too: there another connection of the pool may not know yet what a step before has done.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("DELETE FROM session").await?;
        db.execute_unprepared(COLUMN).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("DELETE FROM session").await?;
        db.execute_unprepared("ALTER TABLE session DROP COLUMN signed_in_from").await?;
        Ok(())
    }
}
