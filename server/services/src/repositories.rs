//! From a row to an open repository: credential, secret, password.

use std::collections::HashMap;

use engine::{CaCertificate, OpeningFiles, Repository, RepositoryConfig, S3Access};
use model::{
    credential::{Addressing, Endpoint},
    project::{Encryption, KmsKey, ObjectOptions},
    rule::RuleError,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};

use crate::{
    context::{Opened, OpenedKey, Services},
    entity::{backup_credential, repository},
    error::{Refusal, ServiceError},
    vault::Purpose,
};

/// Why a repository cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RepositoryConflict {
    #[error("{}", tr!("Backup is not enabled for this project. Enable it in the project's Settings first"))]
    BackupDisabled,
    #[error("{}", tr!("Backup credential {} is locked. Unlock it, or choose another one", .name))]
    CredentialLocked { name: String },
    #[error(
        "{}",
        tr!(
            "The data of this backup lies in a bucket that the project no longer uses. Enable backup with that bucket to reach it"
        )
    )]
    RepositoryNotInUse,
}

impl Refusal for RepositoryConflict {}

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
    let credential = credential.ok_or(RepositoryConflict::RepositoryNotInUse)?;
    Ok(InUse { repository, credential })
}

/// The opened repository.
pub async fn open(services: &Services, in_use: &InUse) -> Result<Repository, ServiceError> {
    let (key, Opened { all, .. }) = (OpenedKey::of(&in_use.repository, &in_use.credential), services.opened());
    if let Some(repository) = all.get(&key).await {
        return Ok(repository);
    }
    let config = config(services, &in_use.repository, &in_use.credential)?;
    let repository = match copy(in_use) {
        Some(copy) => Repository::open_with_copy(config, &copy).await?,
        None => Repository::open(config).await?,
    };
    all.insert(key, repository.clone()).await;
    Ok(repository)
}

fn copy(in_use: &InUse) -> Option<OpeningFiles> {
    let stored = in_use.repository.opening_files.as_deref()?;
    let copy = OpeningFiles::from_bytes(stored);
    copy.inspect_err(|error| tracing::error!(repository = in_use.repository.id, %error, "a stored copy is lost")).ok()
}

/// Stores a copy of the repository's configuration and keys, where there is none yet: with it the repository opens when the
/// bucket has lost them. That there is none is no reason for a run to fail.
pub async fn keep_copy(services: &Services, in_use: &InUse, repository: &Repository) {
    if in_use.repository.opening_files.is_some() {
        return;
    }
    let stored = async {
        let copy = repository.opening_files().await?.to_bytes();
        repository::Entity::update_many()
            .col_expr(repository::Column::OpeningFiles, Expr::value(copy))
            .filter(repository::Column::Id.eq(in_use.repository.id))
            .exec(services.db())
            .await?;
        Ok::<_, ServiceError>(())
    };
    if let Err(error) = stored.await {
        let repository = in_use.repository.id;
        tracing::warn!(repository, error = &error as &dyn std::error::Error, "no copy of what opens it was stored");
    }
}

/// The same, for looking into its backups: it keeps its index for a while.
pub async fn open_to_browse(services: &Services, in_use: &InUse) -> Result<Repository, ServiceError> {
    let (key, Opened { browsed, .. }) = (OpenedKey::of(&in_use.repository, &in_use.credential), services.opened());
    if let Some(repository) = browsed.get(&key).await {
        return Ok(repository);
    }
    let repository = open(services, in_use).await?;
    browsed.insert(key, repository.clone()).await;
    Ok(repository)
}

/// An endpoint in the one form in which places are kept and compared.
pub fn place_endpoint(endpoint: &str) -> &str {
    endpoint.trim_end_matches('/')
}

/// Where a repository is, and the keys and the password that open it.
pub fn config(
    services: &Services,
    repository: &repository::Model,
    credential: &backup_credential::Model,
) -> Result<RepositoryConfig, ServiceError> {
    config_with(services, repository, access(services, credential)?)
}

/// The same by other keys, or at another endpoint.
pub fn config_with(
    services: &Services,
    repository: &repository::Model,
    access: S3Access,
) -> Result<RepositoryConfig, ServiceError> {
    let password =
        services.vault().open_sealed(Purpose::RepositoryPassword, repository.id, &repository.password_sealed)?;
    Ok(RepositoryConfig {
        access,
        network: services.network().clone(),
        bucket: repository.bucket.clone(),
        prefix: repository.prefix.clone(),
        options: engine_options(&objects(repository)?),
        longest_outage: services.config().s3_outage_limit,
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
        ca_certificate: credential.ca_certificate.as_deref().map(stored_certificate).transpose()?,
        addressing: engine_addressing(credential.addressing),
    })
}

fn stored_certificate(pem: &str) -> Result<CaCertificate, ServiceError> {
    pem.parse().map_err(|_| ServiceError::Stored(RuleError::Certificate))
}

/// The same in the engine's words.
pub fn engine_addressing(addressing: Addressing) -> engine::Addressing {
    match addressing {
        Addressing::Automatic => engine::Addressing::Automatic,
        Addressing::Path => engine::Addressing::Path,
        Addressing::Host => engine::Addressing::Host,
    }
}
