//! Notifications: channels, deliveries, what is known of each policy's trouble; and indexes for the dashboard.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, big_integer_null, big_pk_auto, binary_null, boolean, integer, json_binary, string, string_null,
        text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null,
    },
    sea_orm::DbBackend,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Column by column, because SQLite adds one at a time.
const COLUMNS: [&str; 3] = [
    // It may hold a token, so it is sealed like a secret.
    "ALTER TABLE policy ADD COLUMN ping_url_sealed BYTES",
    // When a policy without a completed backup since counts as overdue. NULL: not known yet, or it is paused.
    "ALTER TABLE policy ADD COLUMN overdue_at MOMENT",
    // When that was told.
    "ALTER TABLE policy ADD COLUMN overdue_told_at MOMENT CHECK (overdue_told_at IS NULL OR overdue_at IS NOT NULL)",
];

const INDEXES: [&str; 12] = [
    "CREATE UNIQUE INDEX notification_channel_name_unique ON notification_channel (organization_id, name_key)",
    "CREATE INDEX notification_channel_digest ON notification_channel (digest_at) WHERE digest_at IS NOT NULL",
    // What happened is told to each channel once, whichever node notices it.
    "CREATE UNIQUE INDEX delivery_channel_unique ON delivery (channel_id, event_key) WHERE channel_id IS NOT NULL",
    "CREATE UNIQUE INDEX delivery_ping_unique ON delivery (policy_id, event_key) WHERE policy_id IS NOT NULL",
    "CREATE INDEX delivery_waiting ON delivery (not_before) WHERE phase IN ('Queued', 'Sending')",
    "CREATE INDEX delivery_of_organization ON delivery (organization_id, created_at)",
    "CREATE INDEX delivery_age ON delivery (created_at)",
    "CREATE INDEX policy_overdue ON policy (overdue_at) WHERE overdue_at IS NOT NULL",
    "CREATE INDEX policy_paused ON policy (project_id) WHERE paused",
    "CREATE INDEX policy_of_project ON policy (project_id)",
    // What the dashboard adds up by day, and lists of the last day, without reading the rows themselves.
    "CREATE INDEX backup_ended ON backup (organization_id, finished_at, phase, added_bytes)",
    // How the newest run of each project went.
    "CREATE INDEX backup_newest ON backup (project_id, id, phase)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On SQLite too: there another connection of the pool may not know yet what a step before has done.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for statement in COLUMNS {
            db.execute_unprepared(&typed(statement, manager.get_database_backend())).await?;
        }
        manager.create_table(channel()).await?;
        manager.create_table(delivery()).await?;
        manager.create_table(trouble()).await?;
        for index in INDEXES {
            db.execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for index in ["backup_newest", "backup_ended", "policy_of_project", "policy_paused", "policy_overdue"] {
            db.execute_unprepared(&format!("DROP INDEX {index}")).await?;
        }
        for table in ["trouble", "delivery", "notification_channel"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        for column in ["overdue_told_at", "overdue_at", "ping_url_sealed"] {
            db.execute_unprepared(&format!("ALTER TABLE policy DROP COLUMN {column}")).await?;
        }
        Ok(())
    }
}

/// Each database names its types otherwise.
fn typed(statement: &str, backend: DbBackend) -> String {
    let [bytes, moment] = match backend {
        DbBackend::Sqlite => ["blob", "timestamp_with_timezone_text"],
        _ => ["bytea", "TIMESTAMP WITH TIME ZONE"],
    };
    statement.replace("BYTES", bytes).replace("MOMENT", moment)
}

/// Where notifications of an organization go.
fn channel() -> TableCreateStatement {
    Table::create()
        .table("notification_channel")
        .col(big_pk_auto("id"))
        .col(big_integer("organization_id"))
        .col(string("name"))
        .col(string("name_key"))
        .col(string("kind").check(Expr::cust("kind IN ('email', 'webhook', 'slack', 'ntfy')")))
        // What may be shown: addresses, one a line, or the URL's host.
        .col(text("target"))
        .col(binary_null("url_sealed"))
        // Signs webhooks, opens topics.
        .col(binary_null("secret_sealed"))
        .col(boolean("on_failure"))
        .col(boolean("on_recovery"))
        .col(boolean("on_overdue"))
        .col(boolean("on_damage"))
        .col(boolean("on_digest"))
        .col(boolean("paused").default(false))
        .col(timestamp_with_time_zone_null("digest_at"))
        .col(big_integer("version").default(1))
        .col(string("created_by"))
        .col(timestamp_with_time_zone("created_at"))
        .col(string("modified_by"))
        .col(timestamp_with_time_zone("modified_at"))
        .check(Expr::cust("(kind = 'email') = (url_sealed IS NULL)"))
        .check(Expr::cust("kind IN ('webhook', 'ntfy') OR secret_sealed IS NULL"))
        .check(Expr::cust("kind <> 'webhook' OR secret_sealed IS NOT NULL"))
        .check(Expr::cust("on_failure OR on_recovery OR on_overdue OR on_damage OR on_digest"))
        .check(Expr::cust("digest_at IS NULL OR (on_digest AND NOT paused)"))
        .foreign_key(
            ForeignKey::create()
                .from("notification_channel", "organization_id")
                .to("organization", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// What is to be told, or was: to a channel, or to a policy's Ping URL.
fn delivery() -> TableCreateStatement {
    Table::create()
        .table("delivery")
        .col(big_pk_auto("id"))
        .col(big_integer("organization_id"))
        .col(big_integer_null("channel_id"))
        .col(big_integer_null("policy_id"))
        .col(string("kind").check(Expr::cust(
            "kind IN ('failure', 'recovery', 'overdue', 'damage', 'digest', 'test', 'ping-start', 'ping-success', 'ping-fail')",
        )))
        .col(string("event_key"))
        .col(text("subject"))
        .col(json_binary("payload"))
        .col(string("phase").check(Expr::cust("phase IN ('Queued', 'Sending', 'Delivered', 'Failed')")))
        .col(integer("attempts").default(0))
        .col(integer("repeats").default(0))
        .col(timestamp_with_time_zone("not_before"))
        .col(string_null("lease_owner"))
        .col(timestamp_with_time_zone_null("lease_until"))
        .col(text_null("cause"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("finished_at"))
        .check(Expr::cust("(channel_id IS NULL) <> (policy_id IS NULL)"))
        .check(Expr::cust("(policy_id IS NOT NULL) = (kind IN ('ping-start', 'ping-success', 'ping-fail'))"))
        .check(Expr::cust("(phase = 'Sending') = (lease_owner IS NOT NULL)"))
        .check(Expr::cust("(lease_owner IS NULL) = (lease_until IS NULL)"))
        .check(Expr::cust("(phase IN ('Delivered', 'Failed')) = (finished_at IS NOT NULL)"))
        .foreign_key(
            ForeignKey::create()
                .from("delivery", "organization_id")
                .to("organization", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .from("delivery", "channel_id")
                .to("notification_channel", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create().from("delivery", "policy_id").to("policy", "id").on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// A policy whose last runs failed: what was told of it, and how often it failed since.
fn trouble() -> TableCreateStatement {
    Table::create()
        .table("trouble")
        .col(ColumnDef::new("policy_id").big_integer().not_null().primary_key().take())
        // The last failure without what differs from time to time.
        .col(text("likeness"))
        .col(string("event_key"))
        .col(timestamp_with_time_zone("told_at"))
        .col(integer("failures").check(Expr::cust("failures >= 1")))
        .col(timestamp_with_time_zone("since"))
        .foreign_key(
            ForeignKey::create().from("trouble", "policy_id").to("policy", "id").on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
