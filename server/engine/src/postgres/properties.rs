//! What a database is beside its content: how it sorts text, its settings, its comment, its owner, who may connect.
//!
//! `pg_restore` restores none of this into a database that has been made already. It is kept as a file beside the dump, so
//! that it comes back even when the original database is gone. Without Holdfast, `pg_restore --create` does the same from
//! the dump alone, under the database's own name.

use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;

use super::{
    PostgresError, Result, Version,
    connection::{Connection, refused},
    quoted,
};

/// Settings whose value is a list of quoted names
/// (`variable_is_guc_list_quote` in PostgreSQL's `src/bin/pg_dump/dumputils.c`).
const LISTS: [&str; 6] = [
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];
/// What can be granted on a database.
const PRIVILEGES: [&str; 3] = ["CONNECT", "CREATE", "TEMPORARY"];

/// A database's properties, as JSON of these names is kept beside its dump.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Properties {
    encoding: String,
    /// `libc`, `icu` or `builtin`.
    locale_provider: String,
    collate: String,
    ctype: String,
    /// Of ICU and of the builtin provider.
    locale: Option<String>,
    icu_rules: Option<String>,
    owner: String,
    comment: Option<String>,
    /// -1: none.
    connection_limit: i32,
    settings: Vec<Setting>,
    /// Beside the owner's own; none where nothing was ever granted or revoked.
    grants: Option<Vec<Grant>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Setting {
    /// Whose; none: everybody's.
    role: Option<String>,
    name: String,
    value: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Grant {
    /// To whom; none: everybody.
    role: Option<String>,
    privilege: String,
    grantable: bool,
}

/// The [`Properties`] of the database `$1`. Rows are looked into as JSON, for versions differ in their columns.
const PROPERTIES: &str = "
    SELECT jsonb_build_object(
        'encoding', pg_encoding_to_char(d.encoding),
        'locale_provider', CASE to_jsonb(d) ->> 'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
        'collate', d.datcollate,
        'ctype', d.datctype,
        'locale', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'),
        'icu_rules', to_jsonb(d) ->> 'daticurules',
        'owner', pg_get_userbyid(d.datdba),
        'comment', shobj_description(d.oid, 'pg_database'),
        'connection_limit', d.datconnlimit,
        'settings', coalesce(
            (SELECT jsonb_agg(jsonb_build_object('role', r.rolname, 'name', split_part(c.line, '=', 1),
                                                 'value', substr(c.line, strpos(c.line, '=') + 1))
                              ORDER BY r.rolname, c.number)
             FROM pg_catalog.pg_db_role_setting s
             CROSS JOIN unnest(s.setconfig) WITH ORDINALITY AS c (line, number)
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
             WHERE s.setdatabase = d.oid AND (s.setrole = 0 OR r.oid IS NOT NULL)), '[]'),
        'grants', CASE WHEN d.datacl IS NOT NULL THEN coalesce(
            (SELECT jsonb_agg(jsonb_build_object('role', r.rolname, 'privilege', a.privilege_type,
                                                 'grantable', a.is_grantable)
                              ORDER BY r.rolname, a.privilege_type)
             FROM aclexplode(d.datacl) a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
             WHERE a.grantee <> d.datdba AND (a.grantee = 0 OR r.oid IS NOT NULL)), '[]') END
    )::text
    FROM pg_catalog.pg_database d WHERE d.datname = $1";

/// A property that a statement carries over, and the statement.
struct Step {
    /// The object of a sentence.
    property: String,
    statement: String,
}

impl Properties {
    pub(crate) fn from_json(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// The text of the file beside the dump.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// What `CREATE DATABASE` is told about text, or why a server of this version cannot do the same.
    fn locale(&self, server: Version) -> std::result::Result<String, String> {
        let Self { encoding, locale_provider, collate, ctype, .. } = self;
        let (encoding, collate, ctype) = (literal(encoding), literal(collate), literal(ctype));
        let locale = self.locale.as_deref().map(literal).unwrap_or_default();
        let provider = match (locale_provider.as_str(), server) {
            ("libc", Version(..=14)) => String::new(),
            ("libc", _) => " LOCALE_PROVIDER libc".into(),
            ("icu", Version(15..)) => format!(" LOCALE_PROVIDER icu ICU_LOCALE {locale}"),
            ("builtin", Version(17..)) => format!(" LOCALE_PROVIDER builtin BUILTIN_LOCALE {locale}"),
            _ => return Err(tr!("PostgreSQL {} knows no locale provider {}", server, locale_provider)),
        };
        let rules = match (&self.icu_rules, server) {
            (Some(rules), Version(16..)) => format!(" ICU_RULES {}", literal(rules)),
            _ => String::new(),
        };
        Ok(format!(" ENCODING {encoding} LC_COLLATE {collate} LC_CTYPE {ctype}{provider}{rules}"))
    }

    /// What makes a new database like the original one, its owner left out.
    fn steps(&self, database: &str) -> Vec<Step> {
        let database = quoted(database);
        let mut steps = Vec::new();
        if let Some(comment) = &self.comment {
            let statement = format!("COMMENT ON DATABASE {database} IS {}", literal(comment));
            steps.push(Step { property: tr!("property of a database" => "comment"), statement });
        }
        if self.connection_limit >= 0 {
            let statement = format!("ALTER DATABASE {database} CONNECTION LIMIT {}", self.connection_limit);
            steps.push(Step { property: tr!("property of a database" => "connection limit"), statement });
        }
        steps.extend(self.settings.iter().map(|setting| setting.step(&database)));
        if let Some(grants) = &self.grants {
            steps.extend(grants.iter().filter_map(|grant| grant.step(&database)));
        } else {
            let property = tr!("property of a database" => "right of everybody to connect");
            steps.push(Step { property, statement: default_rights(&database) });
        }
        steps
    }
}

impl Setting {
    /// For a quoted database.
    fn step(&self, database: &str) -> Step {
        let Self { role, name, value } = self;
        let (whose, property) = match role {
            Some(role) => (
                format!("ROLE {} IN DATABASE {database}", quoted(role)),
                tr!("property of a database" => "setting {} of the role {}", name, role),
            ),
            None => (format!("DATABASE {database}"), tr!("property of a database" => "setting {}", name)),
        };
        let name_parts = name.split('.').map(quoted).collect::<Vec<_>>().join(".");
        let value = if LISTS.contains(&name.as_str()) {
            elements(value).iter().map(|element| literal(element)).collect::<Vec<_>>().join(", ")
        } else {
            literal(value)
        };
        Step { property, statement: format!("ALTER {whose} SET {name_parts} TO {value}") }
    }
}

impl Grant {
    /// For a quoted database; none where there is no such right.
    fn step(&self, database: &str) -> Option<Step> {
        let privilege = PRIVILEGES.iter().find(|known| **known == self.privilege)?;
        let (to, property) = match &self.role {
            Some(role) => (quoted(role), tr!("property of a database" => "right {} of the role {}", privilege, role)),
            None => ("PUBLIC".into(), tr!("property of a database" => "right {} of everybody", privilege)),
        };
        let option = if self.grantable { " WITH GRANT OPTION" } else { "" };
        Some(Step { property, statement: format!("GRANT {privilege} ON DATABASE {database} TO {to}{option}") })
    }
}

/// What everybody may do with a new database, of a quoted name
/// (<https://www.postgresql.org/docs/current/ddl-priv.html#PRIVILEGES-SUMMARY-TABLE>).
fn default_rights(database: &str) -> String {
    format!("GRANT CONNECT, TEMPORARY ON DATABASE {database} TO PUBLIC")
}

/// A value as SQL writes it, whatever the server takes backslashes for.
fn literal(text: &str) -> String {
    let escaped = text.replace('\'', "''");
    if text.contains('\\') { format!(" E'{}'", escaped.replace('\\', "\\\\")) } else { format!("'{escaped}'") }
}

/// The elements of a list of names, of which some are in double quotes.
fn elements(list: &str) -> Vec<String> {
    let (mut elements, mut element, mut within) = (Vec::new(), String::new(), false);
    let mut letters = list.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if within && letters.peek() == Some(&'"') => element.extend(letters.next()),
            '"' => within = !within,
            ',' if !within => elements.push(std::mem::take(&mut element)),
            ' ' if !within => {}
            letter => element.push(letter),
        }
    }
    elements.push(element);
    elements
}

impl Connection {
    /// The properties of a database of this server; none where it is not there.
    pub(super) async fn properties(&mut self, database: &str) -> Result<Option<Properties>> {
        let found: Option<String> =
            sqlx::query_scalar(PROPERTIES).bind(database).fetch_optional(&mut self.session).await.map_err(refused)?;
        Ok(found.and_then(|json| Properties::from_json(json.as_bytes())))
    }

    pub(super) async fn run(&mut self, statement: String) -> Result<()> {
        // Names and values in it are quoted; these statements take no parameters.
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut self.session).await.map(drop).map_err(refused)
    }

    /// Makes an empty database that treats text as the original one does, and that nobody but its owner may connect to.
    /// Returns what could not be done.
    pub(super) async fn create(&mut self, database: &str, like: Option<&Properties>) -> Result<Vec<String>> {
        let database = quoted(database);
        let plain = format!("CREATE DATABASE {database} TEMPLATE template0");
        let mut warnings = Vec::new();
        match like.map(|properties| (properties, properties.locale(self.version))) {
            None => self.run(plain).await?,
            Some((properties, clause)) => {
                let made = match clause {
                    Ok(clause) => self.run(format!("{plain}{clause}")).await,
                    Err(detail) => Err(PostgresError::Refused { detail }),
                };
                if let Err(error) = made {
                    // "C" goes with every encoding.
                    let encoding = literal(&properties.encoding);
                    let simple = format!("{plain} ENCODING {encoding} LC_COLLATE 'C' LC_CTYPE 'C'");
                    self.run(simple).await.map_err(|_| error.clone())?;
                    warnings.push(tr!("It sorts text by the locale \"C\", not as the original: {}", error));
                }
            }
        }
        self.run(format!("REVOKE ALL ON DATABASE {database} FROM PUBLIC")).await?;
        Ok(warnings)
    }

    /// Makes a database like the original one; without properties, like any other. Returns what could not be done.
    pub(super) async fn apply(&mut self, properties: Option<&Properties>, database: &str) -> Result<Vec<String>> {
        let Some(properties) = properties else {
            self.run(default_rights(&quoted(database))).await?;
            return Ok(Vec::new());
        };
        let mut warnings = Vec::new();
        for Step { property, statement } in properties.steps(database) {
            if let Err(error) = self.run(statement).await {
                warnings.push(tr!("Its {} could not be restored: {}", property, error));
            }
        }
        Ok(warnings)
    }

    /// Gives a database to the owner of the original one; `user` is its owner now. Returns why it could not be done.
    pub(super) async fn give(&mut self, properties: &Properties, database: &str, user: &str) -> Option<String> {
        let owner = &properties.owner;
        if owner == user {
            return None;
        }
        let given = self.run(format!("ALTER DATABASE {} OWNER TO {}", quoted(database), quoted(owner))).await;
        given.err().map(|error| tr!("It belongs to {}, not to {}: {}", user, owner, error))
    }
}

#[cfg(test)]
mod tests {
    use super::{Grant, Properties, Setting, Version, elements, literal};

    fn properties() -> Properties {
        Properties {
            encoding: "UTF8".into(),
            locale_provider: "icu".into(),
            collate: "C".into(),
            ctype: "C".into(),
            locale: Some("de".into()),
            icu_rules: Some("&a < 'x'".into()),
            owner: "shop".into(),
            comment: Some("it's".into()),
            connection_limit: -1,
            settings: vec![
                Setting { role: None, name: "search_path".into(), value: "\"Odd Schema\", public".into() },
                Setting { role: Some("a\"b".into()), name: "my.app".into(), value: "x\\'; --".into() },
            ],
            grants: Some(vec![
                Grant { role: None, privilege: "TEMPORARY".into(), grantable: false },
                Grant { role: Some("app".into()), privilege: "CONNECT".into(), grantable: true },
                Grant { role: None, privilege: "ALL ON DATABASE x TO evil; --".into(), grantable: false },
            ]),
        }
    }

    #[test]
    fn each_version_is_told_what_it_knows() {
        let clause = |version| properties().locale(Version(version));
        let text = " ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'";
        assert!(clause(14).unwrap_err().contains("icu"));
        assert_eq!(clause(15).unwrap(), format!("{text} LOCALE_PROVIDER icu ICU_LOCALE 'de'"));
        let rules = format!("{text} LOCALE_PROVIDER icu ICU_LOCALE 'de' ICU_RULES '&a < ''x'''");
        assert_eq!(clause(17).unwrap(), rules);
        let libc = Properties { locale_provider: "libc".into(), locale: None, icu_rules: None, ..properties() };
        assert_eq!(libc.locale(Version(13)).unwrap(), text);
        assert_eq!(libc.locale(Version(15)).unwrap(), format!("{text} LOCALE_PROVIDER libc"));
        let builtin = Properties { locale_provider: "builtin".into(), icu_rules: None, ..properties() };
        assert!(builtin.locale(Version(16)).is_err());
        assert_eq!(builtin.locale(Version(18)).unwrap(), format!("{text} LOCALE_PROVIDER builtin BUILTIN_LOCALE 'de'"));
    }

    #[test]
    fn whatever_a_file_says_is_quoted() {
        let statements: Vec<String> = properties().steps("a\"b").into_iter().map(|step| step.statement).collect();
        assert_eq!(
            statements,
            [
                r#"COMMENT ON DATABASE "a""b" IS 'it''s'"#,
                r#"ALTER DATABASE "a""b" SET "search_path" TO 'Odd Schema', 'public'"#,
                r#"ALTER ROLE "a""b" IN DATABASE "a""b" SET "my"."app" TO  E'x\\''; --'"#,
                r#"GRANT TEMPORARY ON DATABASE "a""b" TO PUBLIC"#,
                r#"GRANT CONNECT ON DATABASE "a""b" TO "app" WITH GRANT OPTION"#,
            ]
        );
    }

    #[test]
    fn without_grants_everybody_may_connect() {
        let steps = Properties { grants: None, ..properties() }.steps("x");
        assert_eq!(steps.last().unwrap().statement, "GRANT CONNECT, TEMPORARY ON DATABASE \"x\" TO PUBLIC");
        let nobody = Properties { grants: Some(Vec::new()), ..properties() }.steps("x");
        assert!(nobody.iter().all(|step| !step.statement.starts_with("GRANT")));
    }

    #[test]
    fn lists_of_names_are_taken_apart() {
        assert_eq!(elements("\"$user\", public"), ["$user", "public"]);
        assert_eq!(elements("\"a, \"\"b\""), ["a, \"b"]);
        assert_eq!(elements("\"\""), [""]);
        assert_eq!(literal("plain"), "'plain'");
    }

    #[test]
    fn the_file_is_read_as_it_was_written() {
        assert_eq!(Properties::from_json(&properties().to_json()), Some(properties()));
        assert_eq!(Properties::from_json(b"{}"), None);
    }
}
