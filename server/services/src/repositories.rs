//! From a row to an open repository: credential, secret, password.

use std::{collections::HashMap, time::Duration};

use engine::{Repository, RepositoryConfig, S3Access};
use model::{
    credential::Endpoint,
    project::{Encryption, KmsKey, ObjectOptions},
    rule::RuleError,
};
use moka::future::Cache;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use crate::{
    entity::{backup_credential, repository},
    error::{Conflict, ServiceError},
    start::Services,
    vault::Purpose,
};

/// A repository in use, with the credential that opens it.
#[derive(Clone, Debug)]
pub struct InUse {
    pub repository: repository::Model,
    pub credential: backup_credential::Model,
}

/// The repository into which a project is backed up; `None` while its backup is off.
pub async fn of_project(db: &impl ConnectionTrait, project: i64) -> Result<Option<InUse>, DbErr> {
    let found = repository::Entity::find()
        .filter(repository::Column::ProjectId.eq(project))
        .filter(repository::Column::BackupCredentialId.is_not_null())
        .find_also_related(backup_credential::Entity)
        .one(db)
        .await?;
    Ok(found.and_then(|(repository, credential)| Some(InUse { repository, credential: credential? })))
}

/// The same for several projects at once.
pub async fn of_projects(
    db: &impl ConnectionTrait,
    projects: impl IntoIterator<Item = i64>,
) -> Result<HashMap<i64, InUse>, DbErr> {
    let found = repository::Entity::find()
        .filter(repository::Column::ProjectId.is_in(projects))
        .filter(repository::Column::BackupCredentialId.is_not_null())
        .find_also_related(backup_credential::Entity)
        .all(db)
        .await?;
    let in_use = |(repository, credential): (repository::Model, Option<_>)| {
        Some((repository.project_id, InUse { repository, credential: credential? }))
    };
    Ok(found.into_iter().filter_map(in_use).collect())
}

/// The repository with that id, where it is in use.
pub async fn by_id(db: &impl ConnectionTrait, id: i64) -> Result<InUse, ServiceError> {
    let found = repository::Entity::find_by_id(id).find_also_related(backup_credential::Entity).one(db).await?;
    let (repository, credential) = found.ok_or(ServiceError::NotFound)?;
    let credential = credential.ok_or(Conflict::RepositoryNotInUse)?;
    Ok(InUse { repository, credential })
}

/// Repositories that were opened lately. Opening one derives its key from the password, which is slow on purpose. One in
/// which somebody browses also keeps its index for the next page.
#[derive(Clone)]
pub struct Opened {
    all: Cache<OpenedKey, Repository>,
    browsed: Cache<OpenedKey, Repository>,
}

/// A repository as opened with a credential in one of its versions: changed keys open it anew, and so does another way
/// to keep what is written.
#[derive(Clone, PartialEq, Eq, Hash)]
struct OpenedKey {
    repository: i64,
    credential: i64,
    version: i64,
    objects: [Option<String>; 3],
}

impl Opened {
    /// Most repositories that stay open.
    const MOST: u64 = 256;

    /// Most of them that keep their index: that of a large one takes some hundred megabytes.
    const MOST_BROWSED: u64 = 8;

    /// How long one stays open that nobody uses, and how long its index stays.
    const IDLE: Duration = Duration::from_hours(1);
    const BROWSED_IDLE: Duration = Duration::from_mins(10);

    /// How long one stays open at all: a pack that another node has found unneeded is removed after a day, and an index
    /// must not be older.
    const LONGEST: Duration = Duration::from_hours(12);

    pub fn new() -> Self {
        let all =
            Cache::builder().max_capacity(Self::MOST).time_to_idle(Self::IDLE).time_to_live(Self::LONGEST).build();
        let browsed = Cache::builder()
            .max_capacity(Self::MOST_BROWSED)
            .time_to_idle(Self::BROWSED_IDLE)
            .time_to_live(Self::LONGEST)
            .eviction_listener(|_, repository: Repository, _| repository.drop_index())
            .build();
        Self { all, browsed }
    }
}

fn key(InUse { repository, credential }: &InUse) -> OpenedKey {
    let objects = [&repository.storage_class, &repository.encryption, &repository.kms_key].map(Clone::clone);
    OpenedKey { repository: repository.id, credential: credential.id, version: credential.version, objects }
}

/// The opened repository.
pub async fn open(services: &Services, in_use: &InUse) -> Result<Repository, ServiceError> {
    let (key, Opened { all, .. }) = (key(in_use), services.opened());
    if let Some(repository) = all.get(&key).await {
        return Ok(repository);
    }
    let repository = Repository::open(config(services, &in_use.repository, &in_use.credential)?).await?;
    all.insert(key, repository.clone()).await;
    Ok(repository)
}

/// The same, for looking into its backups: it keeps its index for a while.
pub async fn open_to_browse(services: &Services, in_use: &InUse) -> Result<Repository, ServiceError> {
    let (key, Opened { browsed, .. }) = (key(in_use), services.opened());
    if let Some(repository) = browsed.get(&key).await {
        return Ok(repository);
    }
    let repository = open(services, in_use).await?;
    browsed.insert(key, repository.clone()).await;
    Ok(repository)
}

/// Where a repository is, and the keys and the password that open it.
pub fn config(
    services: &Services,
    repository: &repository::Model,
    credential: &backup_credential::Model,
) -> Result<RepositoryConfig, ServiceError> {
    let password =
        services.vault().open_sealed(Purpose::RepositoryPassword, repository.id, &repository.password_sealed)?;
    Ok(RepositoryConfig {
        access: access(services, credential)?,
        network: services.network().clone(),
        bucket: repository.bucket.clone(),
        prefix: repository.prefix.clone(),
        options: engine_options(&objects(repository)?),
        password,
        cache_dir: Some(services.config().data_dir.join("cache")),
    })
}

/// How the service keeps what is written to a repository.
pub fn objects(repository: &repository::Model) -> Result<ObjectOptions, ServiceError> {
    let parse = || {
        let storage_class = repository.storage_class.as_deref().map(str::parse).transpose()?;
        let key = repository.kms_key.as_deref().map(KmsKey::parse).transpose()?;
        let encryption = Encryption::parse(repository.encryption.as_deref().unwrap_or_default(), key)?;
        Ok(ObjectOptions { storage_class, encryption })
    };
    parse().map_err(ServiceError::Stored)
}

/// The repository with other options.
pub fn with_objects(repository: &repository::Model, objects: &ObjectOptions) -> repository::Model {
    let encryption = objects.encryption.as_ref();
    repository::Model {
        storage_class: objects.storage_class.map(|class| class.as_str().to_owned()),
        encryption: encryption.map(|encryption| encryption.as_str().to_owned()),
        kms_key: encryption.and_then(Encryption::key).map(ToString::to_string),
        ..repository.clone()
    }
}

/// The same in the engine's words.
fn engine_options(objects: &ObjectOptions) -> engine::ObjectOptions {
    engine::ObjectOptions {
        storage_class: objects.storage_class.map(|class| class.as_str().to_owned()),
        encryption: objects.encryption.as_ref().map(|encryption| match encryption {
            Encryption::S3 => engine::Encryption::S3,
            Encryption::Kms { key } => engine::Encryption::Kms { key: key.as_ref().map(ToString::to_string) },
        }),
    }
}

/// The endpoint and the keys of a credential.
pub fn access(services: &Services, credential: &backup_credential::Model) -> Result<S3Access, ServiceError> {
    let endpoint = Endpoint::parse(&credential.endpoint).map_err(ServiceError::Stored)?;
    Ok(S3Access {
        endpoint: endpoint.url().ok_or(ServiceError::Stored(RuleError::EndpointNotUrl))?,
        region: credential.region.clone(),
        access_key_id: credential.access_key_id.clone(),
        secret_key: services.vault().open_sealed(Purpose::S3SecretKey, credential.id, &credential.secret_key_sealed)?,
    })
}
