//! Which part of a database a dump takes.

use super::matches::{Relation, Relatives};
use crate::RepositoryError;

/// Include and exclude patterns, understood.
///
/// `orders` is a table in any schema, `shop.orders` one in a certain schema, `shop.*` a whole schema. `*` and `?` stand
/// for any characters and any one; `**` alone is everything. Excludes win. Where single tables are included, only
/// tables are taken, with what belongs to them, and neither functions nor types. Partitions and children that inherit go
/// with their table either way.
pub(super) struct Filter {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    pub(super) takes: Takes,
}

/// What is included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Everything,
    Schemas,
    Tables,
}

/// A pattern, as globs for the schema's and the table's name.
pub(super) struct Pattern {
    /// As it was written.
    pub(super) text: String,
    schema: String,
    table: String,
}

impl Filter {
    pub(super) fn new(include: &[String], exclude: &[String]) -> Result<Self, RepositoryError> {
        let parsed = |patterns: &[String]| -> Result<Vec<Pattern>, RepositoryError> {
            patterns.iter().map(|pattern| Pattern::parse(pattern)).collect()
        };
        let (include, exclude) = (parsed(include)?, parsed(exclude)?);
        let takes = if include.is_empty() || include.iter().any(Pattern::is_everything) {
            Takes::Everything
        } else if include.iter().all(|pattern| pattern.table == "*") {
            Takes::Schemas
        } else {
            Takes::Tables
        };
        Ok(Self { include, exclude, takes })
    }

    /// Whether there is nothing to look up: all is taken.
    pub(super) fn is_trivial(&self) -> bool {
        self.exclude.is_empty() && self.include.iter().all(Pattern::is_everything)
    }

    /// The patterns that must match something: one for everything need not.
    pub(super) fn include(&self) -> impl Iterator<Item = &Pattern> {
        self.include.iter().filter(|pattern| !pattern.is_everything())
    }

    pub(super) fn exclude(&self) -> impl Iterator<Item = &Pattern> {
        self.exclude.iter()
    }

    /// Options of `pg_dump`. It knows no partitions by their tables before version 16, so `relatives` are named.
    pub(super) fn options(&self, relatives: &Relatives) -> Vec<String> {
        let mut options = Vec::new();
        match self.takes {
            Takes::Everything => {}
            Takes::Schemas => options.extend(self.include.iter().map(|pattern| pattern.schema_option("schema"))),
            // pg_dump takes no notice of --schema beside --table.
            Takes::Tables => {
                options.extend(self.include.iter().map(|pattern| pattern.table_option("table")));
                options.extend(relatives.include.iter().map(|relation| named("table", relation)));
            }
        }
        if self.takes != Takes::Everything {
            options.push("--strict-names".into());
            // A glob matches the server's own schemas too.
            for own in OWN_SCHEMAS {
                options.extend([format!("--exclude-schema={own}"), format!("--exclude-table={own}.*")]);
            }
        }
        for pattern in &self.exclude {
            options.push(pattern.table_option("exclude-table"));
            if pattern.table == "*" {
                options.push(pattern.schema_option("exclude-schema"));
            }
        }
        options.extend(relatives.exclude.iter().map(|relation| named("exclude-table", relation)));
        options
    }
}

/// The server's own schemas, as `pg_dump` reads patterns. Others cannot have such names.
const OWN_SCHEMAS: [&str; 2] = ["pg_*", "information_schema"];

impl Pattern {
    fn parse(text: &str) -> Result<Self, RepositoryError> {
        let pattern =
            |schema: &str, table: &str| Self { text: text.into(), schema: schema.into(), table: table.into() };
        if text == "**" {
            return Ok(pattern("*", "*"));
        }
        let detail = if text.contains(['[', ']', '{', '}', '/', '\\']) {
            tr!("for a database, write schema.table, with * and ? alone as wildcards")
        } else if text.split('.').count() > 2 || text.split('.').any(str::is_empty) {
            tr!("for a database, write a table, or schema.table")
        } else {
            let (schema, table) = text.split_once('.').unwrap_or(("*", text));
            return Ok(pattern(schema, table));
        };
        Err(RepositoryError::InvalidPattern { pattern: text.into(), detail })
    }

    fn is_everything(&self) -> bool {
        self.schema == "*" && self.table == "*"
    }

    /// Whether it means a schema with all that is in it.
    pub(super) fn is_schema(&self) -> bool {
        self.table == "*"
    }

    /// Regular expressions for the schema's and the table's name, as PostgreSQL reads them.
    pub(super) fn expressions(&self) -> (String, String) {
        (expression(&self.schema), expression(&self.table))
    }

    fn schema_option(&self, name: &str) -> String {
        format!("--{name}={}", written(&self.schema))
    }

    fn table_option(&self, name: &str) -> String {
        format!("--{name}={}.{}", written(&self.schema), written(&self.table))
    }
}

/// The option for one relation and no other.
fn named(name: &str, relation: &Relation) -> String {
    format!("--{name}={}.{}", super::quoted(&relation.schema), super::quoted(&relation.name))
}

/// A glob as a regular expression for the whole name
/// (<https://www.postgresql.org/docs/current/functions-matching.html#POSIX-SYNTAX-DETAILS>).
fn expression(glob: &str) -> String {
    let mut expression = String::from("^(?:");
    for letter in glob.chars() {
        match letter {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            letter if letter.is_alphanumeric() || letter == '_' => expression.push(letter),
            letter => expression.extend(['\\', letter]),
        }
    }
    expression + ")$"
}

/// A glob as `psql` and `pg_dump` read patterns: what stands in double quotes is taken as it is, letter case included.
fn written(glob: &str) -> String {
    let mut pattern = String::new();
    let mut rest = glob;
    while !rest.is_empty() {
        let end = rest.find(['*', '?']).unwrap_or(rest.len());
        let (literal, after) = rest.split_at(end);
        if !literal.is_empty() {
            pattern.push_str(&super::quoted(literal));
        }
        let wildcards = after.len() - after.trim_start_matches(['*', '?']).len();
        pattern.push_str(&after[..wildcards]);
        rest = &after[wildcards..];
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::{Filter, Relation, Relatives, expression};

    fn relation(schema: &str, name: &str) -> Relation {
        Relation { schema: schema.into(), name: name.into() }
    }

    fn filter(include: &[&str], exclude: &[&str]) -> Filter {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        Filter::new(&owned(include), &owned(exclude)).unwrap()
    }

    /// Without those that are the same for all parts of a database.
    fn of(include: &[&str], exclude: &[&str]) -> Vec<String> {
        let options = filter(include, exclude).options(&Relatives::default());
        let same = |option: &String| {
            option == "--strict-names" || option.contains("=pg_*") || option.contains("=information_schema")
        };
        options.into_iter().filter(|option| !same(option)).collect()
    }

    #[test]
    fn everything_needs_no_option() {
        for include in [&[][..], &["**"], &["shop.*", "**"]] {
            assert!(filter(include, &[]).options(&Relatives::default()).is_empty());
        }
        assert!(filter(&["**"], &[]).is_trivial() && filter(&[], &[]).is_trivial());
        assert!(!filter(&["**", "orders"], &[]).is_trivial() && !filter(&["**"], &["x"]).is_trivial());
    }

    #[test]
    fn a_part_is_strict_and_leaves_the_servers_own_schemas_out() {
        let options = filter(&["p*"], &[]).options(&Relatives::default());
        assert_eq!(
            options,
            [
                "--table=*.\"p\"*",
                "--strict-names",
                "--exclude-schema=pg_*",
                "--exclude-table=pg_*.*",
                "--exclude-schema=information_schema",
                "--exclude-table=information_schema.*"
            ]
        );
    }

    #[test]
    fn schemas_alone_are_taken_whole() {
        assert_eq!(of(&["shop.*", "a?c.*"], &[]), ["--schema=\"shop\"", "--schema=\"a\"?\"c\""]);
    }

    #[test]
    fn beside_a_table_a_schema_means_its_tables() {
        assert_eq!(of(&["shop.*", "Orders"], &[]), ["--table=\"shop\".*", "--table=*.\"Orders\""]);
    }

    #[test]
    fn what_is_excluded_is_excluded_either_way() {
        assert_eq!(
            of(&["**"], &["log_*", "audit.*"]),
            ["--exclude-table=*.\"log_\"*", "--exclude-table=\"audit\".*", "--exclude-schema=\"audit\""]
        );
    }

    #[test]
    fn relatives_are_named_one_by_one() {
        let relatives = Relatives {
            include: vec![relation("old", "orders 2024")],
            exclude: vec![relation("old", "log \"x\"")],
            ..Relatives::default()
        };
        let options = filter(&["orders"], &["log"]).options(&relatives);
        assert!(options.contains(&"--table=\"old\".\"orders 2024\"".to_owned()), "{options:?}");
        assert!(options.contains(&"--exclude-table=\"old\".\"log \"\"x\"\"\"".to_owned()), "{options:?}");
    }

    #[test]
    fn a_glob_is_an_expression_for_the_whole_name() {
        assert_eq!(expression("log_*"), "^(?:log_.*)$");
        assert_eq!(expression("a?c"), "^(?:a.c)$");
        assert_eq!(expression("a+b (ü)|"), "^(?:a\\+b\\ \\(ü\\)\\|)$");
    }

    #[test]
    fn what_only_paths_know_is_refused() {
        for bad in ["a/b", "[ab]", "a.b.c", ".x", "{a,b}"] {
            assert!(Filter::new(&[bad.to_owned()], &[]).is_err(), "{bad}");
        }
    }
}
