//! What patterns mean in a database as it is now.

use sqlx::{FromRow, Postgres, Row, postgres::PgArguments, query::Query};

use super::{
    PostgresDatabase, PostgresError, Result,
    connection::{Connection, in_even_time, refused},
    filter::{Filter, Pattern, Takes},
};
use crate::RepositoryError;

/// Partitions and children that are named to `pg_dump` one by one: their names fit on its command line.
const MOST_RELATIVES: usize = 5000;

/// What the patterns of a policy mean in a database as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatternMatches {
    /// Patterns of Include that match nothing: a backup with them fails. `**` is never one.
    pub unmatched_include: Vec<String>,
    /// Patterns of Exclude that match nothing.
    pub unmatched_exclude: Vec<String>,
    /// Tables that a backup takes, partitions and children counted each.
    pub tables: u64,
}

/// A table, or what else can be dumped like one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) schema: String,
    pub(super) name: String,
}

/// Partitions and children of chosen tables, down to the last level, that no pattern matches itself.
#[derive(Debug, Default)]
pub(super) struct Relatives {
    pub(super) include: Vec<Relation>,
    pub(super) exclude: Vec<Relation>,
    /// In schemas that are not taken: `pg_dump` cannot add single tables to whole schemas.
    pub(super) outside: Vec<Relation>,
}

/// What is dumped, looked up.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub(super) relatives: Relatives,
    pub(super) unmatched_exclude: Vec<String>,
}

/// Begins a query over what `pg_dump` can be told to take by name. What belongs to an extension is dumped as the extension.
macro_rules! relations {
    () => {
        "WITH RECURSIVE relation AS (
             SELECT c.oid, c.relkind, n.nspname AS schema, c.relname AS name
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
               AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                               WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                                 AND d.deptype = 'e')
         )"
    };
}

/// Goes on with what the patterns `$1`, `$2` include and `$3`, `$4` exclude, and the same with all partitions and children.
macro_rules! choice {
    () => {
        ", included AS (
             SELECT DISTINCT r.oid FROM relation r
             JOIN unnest($1::text[], $2::text[]) AS p (schema, name) ON r.schema ~ p.schema AND r.name ~ p.name
         ), excluded AS (
             SELECT DISTINCT r.oid FROM relation r
             JOIN unnest($3::text[], $4::text[]) AS p (schema, name) ON r.schema ~ p.schema AND r.name ~ p.name
         ), taken AS (
             SELECT oid FROM included
             UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN taken ON i.inhparent = taken.oid
         ), left_out AS (
             SELECT oid FROM excluded
             UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN left_out ON i.inhparent = left_out.oid
         )"
    };
}

/// Numbers of the patterns `$1`, `$2` that match nothing, from 1. One for a whole schema, `$3`, matches a schema without
/// tables too.
const UNMATCHED: &str = concat!(
    relations!(),
    "SELECT p.number
     FROM unnest($1::text[], $2::text[], $3::boolean[]) WITH ORDINALITY AS p (schema, name, whole, number)
     WHERE NOT EXISTS (SELECT FROM relation r WHERE r.schema ~ p.schema AND r.name ~ p.name)
       AND NOT (p.whole AND EXISTS (SELECT FROM pg_catalog.pg_namespace n
                                    WHERE n.nspname ~ p.schema AND n.nspname !~ '^pg_'
                                      AND n.nspname <> 'information_schema'))
     ORDER BY 1"
);

/// Partitions and children that no pattern matches, and whether they are left out; `$5` of them at most.
const RELATIVES: &str = concat!(
    relations!(),
    choice!(),
    "SELECT r.schema::text, r.name::text, r.oid IN (SELECT oid FROM left_out)
     FROM relation r
     WHERE (r.oid IN (SELECT oid FROM taken) AND r.oid NOT IN (SELECT oid FROM included)
            AND r.oid NOT IN (SELECT oid FROM left_out))
        OR (r.oid IN (SELECT oid FROM left_out) AND r.oid NOT IN (SELECT oid FROM excluded))
     ORDER BY 1, 2 LIMIT $5"
);

/// Tables that are taken; without their relatives unless `$5`.
const TABLES: &str = concat!(
    relations!(),
    choice!(),
    "SELECT count(*) FROM relation r
     WHERE r.relkind IN ('r', 'p', 'f') AND r.oid NOT IN (SELECT oid FROM left_out)
       AND (r.oid IN (SELECT oid FROM included) OR ($5 AND r.oid IN (SELECT oid FROM taken)))"
);

/// The expressions of several patterns, as the queries take them.
struct Expressions {
    schemas: Vec<String>,
    tables: Vec<String>,
}

impl<'a> FromIterator<&'a Pattern> for Expressions {
    fn from_iter<I: IntoIterator<Item = &'a Pattern>>(patterns: I) -> Self {
        let (schemas, tables) = patterns.into_iter().map(Pattern::expressions).unzip();
        Self { schemas, tables }
    }
}

/// A filter's expressions.
struct Choice {
    include: Expressions,
    exclude: Expressions,
}

impl Choice {
    fn new(filter: &Filter) -> Self {
        let anything = || vec![".*".to_owned()];
        let include = match filter.takes {
            Takes::Everything => Expressions { schemas: anything(), tables: anything() },
            Takes::Schemas | Takes::Tables => filter.include().collect(),
        };
        Self { include, exclude: filter.exclude().collect() }
    }

    /// The query with its first four parameters.
    fn query(&self, query: &'static str) -> Query<'static, Postgres, PgArguments> {
        let Self { include, exclude } = self;
        let query = sqlx::query(query).bind(&include.schemas).bind(&include.tables);
        query.bind(&exclude.schemas).bind(&exclude.tables)
    }
}

impl PostgresDatabase {
    /// What patterns mean in the database as it is now. Takes 10 seconds at most.
    ///
    /// # Errors
    /// [`RepositoryError::InvalidPattern`], or why the database cannot be asked.
    pub async fn matches(
        &self,
        include: &[String],
        exclude: &[String],
    ) -> std::result::Result<PatternMatches, RepositoryError> {
        let filter = Filter::new(include, exclude)?;
        let work = async {
            let mut connection = Connection::open(self).await?;
            let matches = connection.matches(&filter).await?;
            connection.close().await;
            Ok(matches)
        };
        Ok(in_even_time(self, Box::pin(work)).await?)
    }
}

impl Connection {
    async fn matches(&mut self, filter: &Filter) -> Result<PatternMatches> {
        let with_relatives = filter.takes != Takes::Schemas;
        let choice = Choice::new(filter);
        let counted = choice.query(TABLES).bind(with_relatives).fetch_one(&mut self.session).await.map_err(refused)?;
        let tables: i64 = counted.try_get(0).map_err(refused)?;
        Ok(PatternMatches {
            unmatched_include: self.unmatched(filter.include(), filter.takes != Takes::Tables).await?,
            unmatched_exclude: self.unmatched(filter.exclude(), true).await?,
            tables: tables.unsigned_abs(),
        })
    }

    /// Looks up what a dump with this filter takes.
    ///
    /// # Errors
    /// [`PostgresError::NothingMatches`] where a pattern of Include matches nothing.
    pub(super) async fn select(&mut self, filter: &Filter) -> Result<Selection> {
        if filter.is_trivial() {
            return Ok(Selection::default());
        }
        let unmatched = self.unmatched(filter.include(), filter.takes != Takes::Tables).await?;
        if !unmatched.is_empty() {
            return Err(PostgresError::NothingMatches { patterns: unmatched.join("\", \"") });
        }
        Ok(Selection {
            relatives: self.relatives(filter).await?,
            unmatched_exclude: self.unmatched(filter.exclude(), true).await?,
        })
    }

    /// The patterns that match nothing. Those for whole schemas may match a schema, where `schemas` says so.
    async fn unmatched(&mut self, patterns: impl Iterator<Item = &Pattern>, schemas: bool) -> Result<Vec<String>> {
        let patterns: Vec<&Pattern> = patterns.collect();
        let Expressions { schemas: schema, tables: table } = patterns.iter().copied().collect();
        let whole: Vec<bool> = patterns.iter().map(|pattern| schemas && pattern.is_schema()).collect();
        let query = sqlx::query_scalar(UNMATCHED).bind(schema).bind(table).bind(whole);
        let numbers: Vec<i64> = query.fetch_all(&mut self.session).await.map_err(refused)?;
        let at = |number: i64| usize::try_from(number - 1).ok().and_then(|at| patterns.get(at));
        Ok(numbers.into_iter().filter_map(at).map(|pattern| pattern.text.clone()).collect())
    }

    async fn relatives(&mut self, filter: &Filter) -> Result<Relatives> {
        let most = i64::try_from(MOST_RELATIVES).unwrap_or(i64::MAX) + 1;
        let choice = Choice::new(filter);
        let rows = choice.query(RELATIVES).bind(most).fetch_all(&mut self.session).await.map_err(refused)?;
        if rows.len() > MOST_RELATIVES {
            return Err(PostgresError::TooManyPartitions { most: MOST_RELATIVES });
        }
        let mut relatives = Relatives::default();
        for row in rows {
            let (schema, name, left_out): (String, String, bool) = FromRow::from_row(&row).map_err(refused)?;
            let list = match filter.takes {
                _ if left_out => &mut relatives.exclude,
                Takes::Schemas => &mut relatives.outside,
                Takes::Everything | Takes::Tables => &mut relatives.include,
            };
            list.push(Relation { schema, name });
        }
        Ok(relatives)
    }
}
