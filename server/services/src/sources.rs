//! From a project to what the engine backs up.

use std::{path::Path, time::Duration};

use engine::{DatabaseDump, NetworkPolicy, PostgresDatabase, Secret, SnapshotSource, SslMode as EngineSslMode};
use model::{
    database::{ConnectionUrl, SslMode},
    ids::OrganizationId,
    names::Hidden,
    policy::SourceOptions,
    project::{DirectoryPath, NewSource, Source},
};
use tokio::{task::spawn_blocking, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{context::Services, entity::project, error::ServiceError, source_roots, vault::Purpose};

/// Names of a new source that are looked at, and for how long.
const MOST_NAMES: usize = 10_000;
const LONGEST: Duration = Duration::from_secs(1);

/// Tries whether an organization's new source can be backed up: a directory is there and the organization's, a database
/// lets itself be read whole.
pub async fn check(services: &Services, home: OrganizationId, source: &NewSource) -> Result<(), ServiceError> {
    match source {
        NewSource::Directory(directory) => {
            let found = source_roots::of(services, home).await?.directory(Path::new(directory.as_str()));
            found.map(drop).map_err(|error| ServiceError::at("directory", error))
        }
        NewSource::Postgres(url) => {
            let checked = described(url, services.postgres_network()).check(services.postgres_tools()).await;
            checked.map_err(|error| ServiceError::at("connection_url", error))
        }
    }
}

/// Whether a new source has files, as far as that shows soon. Asked of directories alone, for a backup of a database
/// always has a file.
pub async fn has_files(services: &Services, home: OrganizationId, source: &NewSource) -> Result<bool, ServiceError> {
    let NewSource::Directory(directory) = source else { return Ok(false) };
    let (roots, directory) = (source_roots::of(services, home).await?, directory.clone());
    let looked = spawn_blocking(move || {
        let source = roots.directory(Path::new(directory.as_str())).ok()?;
        source.matches(&[], &[], MOST_NAMES, LONGEST, CancellationToken::new()).ok()
    });
    Ok(timeout(2 * LONGEST, looked).await.is_ok_and(|looked| matches!(looked, Ok(Some(found)) if found.files > 0)))
}

/// The source of a project, for a backup that leaves out what `options` say.
pub async fn open(
    services: &Services,
    project: &project::Model,
    options: SourceOptions,
) -> Result<SnapshotSource, ServiceError> {
    Ok(match of(project)? {
        Source::Directory(directory) => {
            let roots = source_roots::of(services, OrganizationId(project.organization_id)).await?;
            let SourceOptions { one_file_system, exclude_caches, exclude_larger_than } = options;
            let options = engine::SourceOptions { one_file_system, exclude_caches, exclude_larger_than };
            SnapshotSource::Directory(roots.directory(Path::new(directory.as_str()))?.with_options(options))
        }
        Source::Postgres(_) => SnapshotSource::Database(DatabaseDump {
            database: database(services, project)?,
            tools: services.postgres_tools().clone(),
        }),
    })
}

/// The database of a project, with its password. `NotFound` where its source is no database.
pub fn database(services: &Services, project: &project::Model) -> Result<PostgresDatabase, ServiceError> {
    let sealed = project.source_url_sealed.as_deref().ok_or(ServiceError::NotFound)?;
    let url = services.vault().open_sealed(Purpose::SourceUrl, project.id, sealed)?;
    let url = ConnectionUrl::parse(&Hidden::new(url.expose())).map_err(ServiceError::Stored)?;
    Ok(described(&url, services.postgres_network()))
}

pub fn described(url: &ConnectionUrl, network: &NetworkPolicy) -> PostgresDatabase {
    let address = &url.address;
    PostgresDatabase {
        host: address.host.clone(),
        port: address.port,
        database: address.database.as_str().to_owned(),
        user: address.user.clone(),
        password: url.password.as_ref().map(|password| Secret::new(password.expose().to_owned())),
        ssl_mode: match url.ssl_mode {
            SslMode::Disable => EngineSslMode::Disable,
            SslMode::Allow => EngineSslMode::Allow,
            SslMode::Prefer => EngineSslMode::Prefer,
            SslMode::Require => EngineSslMode::Require,
            SslMode::VerifyCa => EngineSslMode::VerifyCa,
            SslMode::VerifyFull => EngineSslMode::VerifyFull,
        },
        network: network.clone(),
    }
}

/// The value of `source_kind`.
pub const fn kind(source: &NewSource) -> &'static str {
    match source {
        NewSource::Directory(_) => DIRECTORY,
        NewSource::Postgres(_) => POSTGRES,
    }
}

const DIRECTORY: &str = "directory";
/// The value of `source_kind` for databases.
pub const POSTGRES: &str = "postgresql";

/// What is backed up of a project, from what is stored.
pub fn of(row: &project::Model) -> Result<Source, ServiceError> {
    let parse = || match row.source_kind.as_str() {
        POSTGRES => Ok(Source::Postgres(ConnectionUrl::parse(&Hidden::new(&*row.source_location))?.address)),
        _ => DirectoryPath::parse(&row.source_location).map(Source::Directory),
    };
    parse().map_err(ServiceError::Stored)
}
