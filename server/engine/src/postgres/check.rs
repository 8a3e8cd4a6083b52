//! Whether a database can be backed up: asked before a project of it is made.

use super::{
    PostgresDatabase, PostgresError, PostgresTools, Result, Tool,
    connection::{Connection, in_even_time, refused},
};

/// What `pg_dump` reads and this role may not: tables and sequences, except those of extensions, which are dumped as
/// extensions. Schemas are looked up in first; without that right, no right on the table helps.
const UNREADABLE: &str = "
    SELECT format('%I.%I', n.nspname, c.relname), count(*) OVER ()
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'S')
      AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
      AND NOT (has_schema_privilege(n.oid, 'USAGE')
               AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT')
                                  ELSE has_table_privilege(c.oid, 'SELECT') END)
    ORDER BY 1 LIMIT 3";

/// Tables of which row security would hide rows: `pg_dump` refuses to leave them out.
const HIDDEN: &str = "
    SELECT format('%I.%I', n.nspname, c.relname), count(*) OVER ()
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND row_security_active(c.oid)
    ORDER BY 1 LIMIT 3";

impl PostgresDatabase {
    /// Tries everything that a backup needs: the connection, `pg_dump` in a version for this server, and the right to
    /// read every table. Takes 10 seconds at most.
    pub async fn check(&self, tools: &PostgresTools) -> Result<()> {
        let work = async {
            let mut connection = Connection::open(self).await?;
            tools.find(Tool::PgDump, connection.version).await?;
            let (user, list) = (self.user.clone(), self.objects(&mut connection, UNREADABLE).await?);
            if let Some(objects) = list {
                return Err(PostgresError::MissingRights { user, objects });
            }
            if let Some(objects) = self.objects(&mut connection, HIDDEN).await? {
                return Err(PostgresError::RowSecurity { user, objects });
            }
            connection.close().await;
            Ok(())
        };
        in_even_time(self, Box::pin(work)).await
    }

    /// The names that a query finds, in words; none where it finds nothing. The query gives some of the names, each with
    /// the count of all.
    async fn objects(&self, connection: &mut Connection, query: &'static str) -> Result<Option<String>> {
        let found: Vec<(String, i64)> =
            sqlx::query_as(query).fetch_all(&mut connection.session).await.map_err(refused)?;
        let Some((_, all)) = found.first() else { return Ok(None) };
        let more = usize::try_from(*all).unwrap_or_default().saturating_sub(found.len());
        let named = found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        Ok(Some(if more == 0 { named } else { tr!("{} and {n} more" | "{} and {n} more" % more, named) }))
    }
}
