//! How a program of PostgreSQL's is started.

use std::{
    env,
    ffi::OsStr,
    net::IpAddr,
    path::Path,
    process::{Command, Stdio},
};

use super::PostgresDatabase;

/// Certificates of the known authorities, where distributions keep them.
const AUTHORITIES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// `program`, connected with the database at `address`. Its environment holds the password and nothing that an operator
/// has set for themselves: no service file, no password file, no client certificate of ours goes to a server that
/// somebody typed in.
pub(super) fn command(program: &Path, database: &PostgresDatabase, address: IpAddr) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        // Its messages are read.
        .env("LC_ALL", "C")
        .env("HOME", "/nonexistent")
        .arg("--no-password")
        .arg(format!("--dbname={}", connection(database, address)))
        .stderr(Stdio::piped());
    if let Some(password) = &database.password {
        command.env("PGPASSWORD", password.expose());
    }
    if let Some(library) = env::var_os("LD_LIBRARY_PATH") {
        command.env("LD_LIBRARY_PATH", library);
    }
    // For weaker modes, libpq would check the certificate as soon as it knew the authorities.
    if database.ssl_mode.verifies()
        && let Some(authorities) = authorities()
    {
        command.env("PGSSLROOTCERT", authorities);
    }
    command
}

/// libpq's connection string (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING>), without
/// the password. A connection on which nothing moves any more ends within minutes.
fn connection(database: &PostgresDatabase, address: IpAddr) -> String {
    let PostgresDatabase { host, port, user, .. } = database;
    let parts = [
        ("host", host.as_str()),
        ("hostaddr", &address.to_string()),
        ("port", &port.to_string()),
        ("dbname", &database.database),
        ("user", user),
        ("sslmode", database.ssl_mode.as_str()),
        ("gssencmode", "disable"),
        ("application_name", "holdfast"),
        ("connect_timeout", "10"),
        ("keepalives_idle", "30"),
        ("keepalives_interval", "10"),
        ("keepalives_count", "6"),
        ("tcp_user_timeout", "120000"),
    ]
    .map(|(name, value)| format!("{name}='{}'", value.replace('\\', "\\\\").replace('\'', "\\'")));
    parts.join(" ")
}

/// The file of known certification authorities: the operator's, or the system's.
pub(super) fn authorities() -> Option<std::ffi::OsString> {
    let chosen = env::var_os("PGSSLROOTCERT");
    chosen
        .or_else(|| AUTHORITIES.into_iter().find(|file| Path::new(file).is_file()).map(|file| OsStr::new(file).into()))
}

#[cfg(test)]
mod tests {
    use super::{super::SslMode, *};
    use crate::Secret;

    #[test]
    fn the_password_is_not_on_the_command_line() {
        let database = PostgresDatabase {
            host: "db.example.com".into(),
            port: 5432,
            database: "it's a \\ name".into(),
            user: "me".into(),
            password: Some(Secret::new("s3cret".into())),
            ssl_mode: SslMode::Require,
            network: crate::NetworkPolicy::default(),
        };
        let command = command(Path::new("pg_dump"), &database, "10.0.0.5".parse().unwrap());
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect();
        let line = arguments.join(" ");
        assert!(!line.contains("s3cret"), "{line}");
        assert!(line.contains("hostaddr='10.0.0.5'") && line.contains(r"dbname='it\'s a \\ name'"), "{line}");
        let given = command.get_envs().find(|(name, _)| *name == "PGPASSWORD").and_then(|(_, value)| value);
        assert_eq!(given, Some(OsStr::new("s3cret")));
    }
}
