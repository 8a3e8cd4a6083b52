//! Which part of a database a dump takes.

use crate::RepositoryError;

/// Options of `pg_dump` for include and exclude patterns.
///
/// `orders` is a table in any schema, `shop.orders` one in a certain schema, `shop.*` a whole schema. `*` and `?` stand
/// for any characters and any one; `**` alone is everything. Excludes win. Where single tables are included, only
/// tables are taken, with what belongs to them, and neither functions nor types.
pub(super) fn options(include: &[String], exclude: &[String]) -> Result<Vec<String>, RepositoryError> {
    let include = parsed(include)?;
    let exclude = parsed(exclude)?;
    let everything = include.is_empty() || include.iter().any(Part::is_everything);
    let tables = !everything && include.iter().any(|part| part.table != "*");
    let mut options = Vec::new();
    if !everything {
        for part in &include {
            // pg_dump takes no notice of --schema beside --table.
            options.push(if tables { part.table_option("table") } else { part.schema_option("schema") });
        }
    }
    for part in &exclude {
        options.push(part.table_option("exclude-table"));
        if part.table == "*" {
            options.push(part.schema_option("exclude-schema"));
        }
    }
    Ok(options)
}

/// A pattern, as globs for the schema's and the table's name.
struct Part<'a> {
    schema: &'a str,
    table: &'a str,
}

impl Part<'_> {
    fn is_everything(&self) -> bool {
        self.schema == "*" && self.table == "*"
    }

    fn schema_option(&self, name: &str) -> String {
        format!("--{name}={}", written(self.schema))
    }

    fn table_option(&self, name: &str) -> String {
        format!("--{name}={}.{}", written(self.schema), written(self.table))
    }
}

fn parsed(patterns: &[String]) -> Result<Vec<Part<'_>>, RepositoryError> {
    patterns.iter().map(|pattern| part(pattern)).collect()
}

fn part(pattern: &str) -> Result<Part<'_>, RepositoryError> {
    if pattern == "**" {
        return Ok(Part { schema: "*", table: "*" });
    }
    let detail = if pattern.contains(['[', ']', '{', '}', '/', '\\']) {
        "for a database, write schema.table, with * and ? alone as wildcards"
    } else if pattern.split('.').count() > 2 || pattern.split('.').any(str::is_empty) {
        "for a database, write a table, or schema.table"
    } else {
        let (schema, table) = pattern.split_once('.').unwrap_or(("*", pattern));
        return Ok(Part { schema, table });
    };
    Err(RepositoryError::InvalidPattern { pattern: pattern.into(), detail: detail.into() })
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
    use super::options;

    fn of(include: &[&str], exclude: &[&str]) -> Vec<String> {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        options(&owned(include), &owned(exclude)).unwrap()
    }

    #[test]
    fn everything_needs_no_option() {
        assert!(of(&[], &[]).is_empty());
        assert!(of(&["shop.*", "**"], &[]).is_empty());
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
    fn what_only_paths_know_is_refused() {
        for bad in ["a/b", "[ab]", "a.b.c", ".x", "{a,b}"] {
            assert!(options(&[bad.to_owned()], &[]).is_err(), "{bad}");
        }
    }
}
