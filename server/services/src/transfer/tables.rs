//! Which tables are exported, in which order, and which are not.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbBackend, DbErr, EntityTrait, IdenStatic as _, Iterable as _,
    PrimaryKeyToColumn as _, PrimaryKeyTrait as _,
    sea_query::{Expr, ExprTrait as _, Query, SelectStatement},
};
use serde_json::Value as Json;

use super::value::Kind;
use crate::entity;

/// What stays behind.
#[cfg(test)]
const LEFT_OUT: [(&str, &str); 7] = [
    ("session", "people sign in again: a session that was ended since must not come back with an old export"),
    ("node", "processes that answer say so themselves"),
    ("clock_watch", "what a node saw of its own clocks"),
    ("set_up", "under way in a process, or failed and done again"),
    ("sign_in_throttle", "forgotten after a while anyway"),
    ("known_network", "forgotten after a while anyway"),
    ("seaql_migrations", "the empty database has its own; the file's head says which steps it needs"),
];

/// A table as it is exported.
pub struct Table {
    pub name: &'static str,
    pub columns: Vec<Column>,
    /// The columns of its primary key.
    key: Vec<Column>,
    /// Whether its ids are numbers that the database counts.
    pub counts: bool,
}

#[derive(Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
}

/// All that is exported. What refers to another table comes after it.
pub fn exported() -> Vec<Table> {
    vec![
        table::<entity::account::Entity>(),
        table::<entity::organization::Entity>(),
        table::<entity::users::Entity>(),
        table::<entity::identity::Entity>(),
        table::<entity::one_time_link::Entity>(),
        table::<entity::second_factor::Entity>(),
        table::<entity::recovery_code::Entity>(),
        table::<entity::backup_credential::Entity>(),
        table::<entity::project::Entity>(),
        table::<entity::repository::Entity>(),
        table::<entity::policy::Entity>(),
        table::<entity::backup::Entity>(),
        table::<entity::restore::Entity>(),
        table::<entity::maintenance::Entity>(),
        table::<entity::run_log::Entity>(),
        table::<entity::removal::Entity>(),
        table::<entity::notification_channel::Entity>(),
        table::<entity::delivery::Entity>(),
        table::<entity::trouble::Entity>(),
        table::<entity::audit_entry::Entity>(),
    ]
}

fn table<E: EntityTrait>() -> Table {
    let column = |column: E::Column| Column {
        name: column.as_str(),
        kind: Kind::of(column.def().get_column_type()).expect("a test looks at the kind of every column"),
    };
    Table {
        name: E::default().table_name(),
        columns: E::Column::iter().map(column).collect(),
        key: E::PrimaryKey::iter().map(|key| column(key.into_column())).collect(),
        counts: E::PrimaryKey::auto_increment(),
    }
}

impl Table {
    /// The rows after the one with this key, by key.
    pub fn after(&self, key: Option<&[Json]>, most: u64) -> SelectStatement {
        let mut select = Query::select();
        select.columns(self.columns.iter().map(|column| column.name)).from(self.name).limit(most);
        for column in &self.key {
            select.order_by(column.name, sea_orm::Order::Asc);
        }
        if let Some(key) = key {
            let values = self.key.iter().zip(key).filter_map(|(column, value)| column.kind.value(value));
            let columns = self.key.iter().map(|column| Expr::col(column.name));
            select.and_where(Expr::tuple(columns).gt(Expr::tuple(values.map(Expr::val))));
        }
        select
    }

    /// The key of a row that was read.
    pub fn key_of(&self, row: &[Json]) -> Vec<Json> {
        let value = |key: &Column| {
            let place = self.columns.iter().position(|column| column.name == key.name);
            place.and_then(|place| row.get(place)).cloned().unwrap_or_default()
        };
        self.key.iter().map(value).collect()
    }

    /// The highest id that was ever given to a row; 0 where there was none. Ids are not given twice, even when the row
    /// is gone: the audit log and old addresses still speak of it.
    pub async fn last_id(&self, db: &impl ConnectionTrait) -> Result<i64, DbErr> {
        if !self.counts {
            return Ok(0);
        }
        let mut select = Query::select();
        if db.get_database_backend() == DbBackend::Postgres {
            select.expr_as(Expr::cust(format!("pg_sequence_last_value({}::regclass)", self.sequence())), "last");
        } else {
            select.expr_as(Expr::col("seq"), "last").from("sqlite_sequence").and_where(Expr::col("name").eq(self.name));
        }
        let last = db.query_one(&select).await?;
        Ok(last.map(|row| row.try_get::<Option<i64>>("", "last")).transpose()?.flatten().unwrap_or_default())
    }

    /// Lets the next id be the one after `last`.
    pub async fn count_on(&self, db: &impl ConnectionTrait, last: i64) -> Result<(), DbErr> {
        if !self.counts || last == 0 {
            return Ok(());
        }
        let set = if db.get_database_backend() == DbBackend::Postgres {
            format!("SELECT setval({}, {last})", self.sequence())
        } else {
            let name = self.name;
            format!(
                "DELETE FROM sqlite_sequence WHERE name = '{name}'; \
                 INSERT INTO sqlite_sequence (name, seq) VALUES ('{name}', {last})"
            )
        };
        db.execute_unprepared(&set).await.map(drop)
    }

    fn sequence(&self) -> String {
        format!("pg_get_serial_sequence('\"{}\"', 'id')", self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sea_orm::{DatabaseConnection, sea_query::Func};

    use super::*;
    use crate::database;

    async fn names(db: &DatabaseConnection, select: &SelectStatement) -> BTreeSet<String> {
        let rows = db.query_all(select).await.unwrap();
        rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
    }

    /// A table or a column that is new fails here, until somebody has decided whether it is exported.
    #[tokio::test]
    async fn every_table_and_column_of_the_schema_is_exported_or_left_out_on_purpose() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("holdfast.db").display());
        database::migrate(&url, folder.path()).await.unwrap();
        let db = database::connect(&url).await.unwrap();
        let tables = Query::select()
            .column("name")
            .from("sqlite_master")
            .and_where(Expr::col("type").eq("table"))
            .and_where(Expr::col("name").not_like("sqlite_%"))
            .to_owned();
        let decided = exported().into_iter().map(|table| table.name).chain(LEFT_OUT.map(|(table, _)| table));
        let decided: BTreeSet<_> = decided.map(str::to_owned).collect();
        assert_eq!(
            names(&db, &tables).await,
            decided,
            "put a new table into `exported`, or into `LEFT_OUT` with the reason"
        );
        for table in exported() {
            let info = Func::cust("pragma_table_info").arg(table.name);
            let columns = Query::select().column("name").from_function(info, "info").to_owned();
            let ours: BTreeSet<_> = table.columns.iter().map(|column| column.name.to_owned()).collect();
            assert_eq!(ours, names(&db, &columns).await, "{} has columns that its entity lacks", table.name);
        }
    }

    #[test]
    fn what_refers_to_a_table_comes_after_it() {
        let names: Vec<_> = exported().iter().map(|table| table.name).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "each once");
        for (first, second) in [("account", "organization"), ("repository", "backup"), ("backup", "restore")] {
            let place = |name| names.iter().position(|known| *known == name).unwrap();
            assert!(place(first) < place(second), "{first}, {second}");
        }
    }
}
