//! Switching backup on, and to other keys: everything is tried before anything is switched.

use engine::{S3, SnapshotInfo, Versioning, prefixes_collide};
use model::{
    ids::{CredentialId, OrganizationId},
    language::msgid,
    permission::Action,
    project::{BucketChoice, BucketName, EnableBackup},
    rule::RuleError,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
};
use serde_json::{Value, json};

use super::{
    adopt,
    set_up::{Access, Left, SetUpError, check_access, set_up},
    under_way::Steps,
};
use crate::{
    acting::Acting,
    audit::{self, Deed},
    context::Services,
    database,
    entity::{backup_credential, organization, project, removal, repository},
    error::{Refusal, ServiceError},
    organizations,
    projects::{self, backup_switch::SwitchConflict},
    repositories::{self, InUse, RepositoryConflict},
    vault::Purpose,
};

const BACKUP_ENABLED: Deed = Deed::new("backup enabled");
const CREDENTIAL_CHANGED: Deed = Deed::new("backup credential of project changed");
const STORAGE_CHANGED: Deed = Deed::new("storage class or encryption of backups changed");

/// Makes or opens the bucket and the repository, tries them, and only then switches backup on.
pub async fn enable(
    acting: &Acting,
    services: &Services,
    (row, home): (&project::Model, &organization::Model),
    choice: &EnableBackup,
    steps: &Steps,
) -> Result<Enabled, ServiceError> {
    let credential = usable_credential(acting, services.db(), row.organization_id, choice.credential).await?;
    let bucket = choice.bucket.clone().unwrap_or_default();
    let place = reserve(services, row, home, &credential, &bucket).await?;
    let mut repository = repositories::with_objects(&place.repository, &choice.objects);
    if let Some(password) = &choice.adopt {
        repository.password_sealed =
            services.vault().seal(Purpose::RepositoryPassword, repository.id, password.expose())?;
    }
    let keeps_versions = match set_up(services, &repository, &credential, choice, steps).await {
        Ok(versioning) => versioning == Versioning::Enabled,
        Err(SetUpError { error, repository: left }) => {
            if left == Left::Nothing {
                release(services, &place).await?;
            }
            return Err(error);
        }
    };
    let adopted = match &choice.adopt {
        Some(_) => adopt::snapshots(services, &repository, &credential).await?,
        None => Vec::new(),
    };
    let repository = repository::Model { keeps_versions, ..repository };
    let enabled = Enabled { bucket: repository.bucket.clone(), keeps_versions, adopted: adopted.len() };
    switch_on(acting, services, row, &repository, &credential, adopted).await?;
    Ok(enabled)
}

/// What there is to say of a backup that was switched on.
pub struct Enabled {
    pub bucket: String,
    /// The bucket keeps what is deleted, as noncurrent versions.
    pub keeps_versions: bool,
    /// Snapshots that were there, and are listed as backups now.
    pub adopted: usize,
}

/// A credential that backup can be switched to: there, of the project's organization, and not locked.
///
/// Another account's does not exist, nor another organization's for who sees the own one alone.
async fn usable_credential(
    acting: &Acting,
    db: &impl ConnectionTrait,
    organization: i64,
    id: CredentialId,
) -> Result<backup_credential::Model, ServiceError> {
    let of_organization =
        backup_credential::Entity::find().filter(backup_credential::Column::OrganizationId.eq(organization));
    if of_organization.count(db).await? == 0 {
        return Err(at_credential(&SwitchConflict::NoCredentials));
    }
    let found = backup_credential::Entity::find_by_id(id.0)
        .inner_join(organization::Entity)
        .filter(organization::Column::AccountId.eq(acting.actor.account.0))
        .one(db)
        .await?;
    let unlisted = || ServiceError::at(CREDENTIAL, RuleError::Unlisted { field: msgid("Backup Credentials") });
    let row = found.ok_or_else(unlisted)?;
    let sees_other_organizations = acting.confined_to(Action::ManageCredentials)?.is_none();
    if row.organization_id != organization {
        return Err(if sees_other_organizations {
            at_credential(&SwitchConflict::CredentialOfAnotherOrganization)
        } else {
            unlisted()
        });
    }
    if row.locked {
        return Err(at_credential(&RepositoryConflict::CredentialLocked { name: row.s3_name }));
    }
    Ok(row)
}

/// The field that chooses credentials.
pub const CREDENTIAL: &str = "backup.credential";

fn at_credential(conflict: &impl Refusal) -> ServiceError {
    ServiceError::at(CREDENTIAL, conflict)
}

/// Where the backups are to go.
struct Reserved {
    repository: repository::Model,
    /// It was reserved for this try.
    new: bool,
}

/// A row for the repository, not in use yet. Its password is stored before anything is made in the bucket, so that a
/// process that dies in between leaves no repository that nobody can open.
async fn reserve(
    services: &Services,
    row: &project::Model,
    home: &organization::Model,
    credential: &backup_credential::Model,
    choice: &BucketChoice,
) -> Result<Reserved, ServiceError> {
    let (bucket, prefix) = place(row, home, choice)?;
    let tx = services.write_secrets().await?;
    let known = repository::Entity::find()
        .filter(repository::Column::Endpoint.eq(endpoint_of(credential)))
        .filter(repository::Column::Bucket.eq(&bucket))
        .all(&tx)
        .await?;
    if let Some(repository) = known.iter().find(|other| other.prefix == prefix && other.project_id == row.id) {
        return Ok(Reserved { repository: repository.clone(), new: false });
    }
    if let Some(other) = known.iter().find(|other| prefixes_collide(&other.prefix, &prefix)) {
        let message = if other.prefix == prefix {
            tr!("This place in the bucket holds the backups of another project. Choose another prefix")
        } else {
            tr!("This place and that of another project's backups would lie inside each other. Choose another prefix")
        };
        return Err(ServiceError::at("backup.prefix", message));
    }
    if is_being_removed(&tx, credential, &bucket, &prefix).await? {
        let message = tr!(
            "The backups of a deleted project are still being removed from this place. Choose another prefix, or wait; what holds that up stands on the Dashboard under Needs Attention"
        );
        return Err(ServiceError::at("backup.prefix", message));
    }
    let reserved = repository::ActiveModel {
        project_id: Set(row.id),
        organization_id: Set(row.organization_id),
        backup_credential_id: Set(None),
        endpoint: Set(endpoint_of(credential).to_owned()),
        region: Set(credential.region.clone()),
        bucket: Set(bucket),
        prefix: Set(prefix),
        password_sealed: Set(Vec::new()),
        created_at: Set(services.clock().now()),
        ..Default::default()
    };
    let reserved = reserved.insert(&tx).await?;
    let id = reserved.id;
    let mut reserved = reserved.into_active_model();
    reserved.password_sealed = Set(services.vault().seal(Purpose::RepositoryPassword, id, &new_password())?);
    let repository = reserved.update(&tx).await?;
    tx.commit().await?;
    Ok(Reserved { repository, new: true })
}

/// Whether a removal would delete what is stored in the place.
async fn is_being_removed(
    db: &impl ConnectionTrait,
    credential: &backup_credential::Model,
    bucket: &str,
    prefix: &str,
) -> Result<bool, DbErr> {
    let removals = removal::Entity::find()
        .filter(removal::Column::Bucket.eq(bucket))
        .find_also_related(backup_credential::Entity)
        .all(db)
        .await?;
    Ok(removals.iter().any(|(removal, keys)| {
        let same_service = keys.as_ref().is_some_and(|keys| endpoint_of(keys) == endpoint_of(credential));
        same_service && prefixes_collide(&removal.prefix, prefix)
    }))
}

fn endpoint_of(credential: &backup_credential::Model) -> &str {
    repositories::place_endpoint(&credential.endpoint)
}

fn place(
    row: &project::Model,
    home: &organization::Model,
    choice: &BucketChoice,
) -> Result<(String, String), ServiceError> {
    Ok(match choice {
        BucketChoice::Existing { bucket, prefix } => (bucket.as_str().to_owned(), prefix.as_str().to_owned()),
        BucketChoice::Create => {
            let bucket = BucketName::for_project(&home.name, &row.name, &random_text(8));
            (bucket.map_err(ServiceError::Stored)?.as_str().to_owned(), String::new())
        }
    })
}

/// 43 letters and digits: more than 220 bits.
fn new_password() -> String {
    random_text(43)
}

fn random_text(length: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    (0..length).map(|_| char::from(LETTERS[rand::random_range(0..LETTERS.len())])).collect()
}

/// Forgets a place that was reserved for this try and came to nothing. One from before keeps its row: it has the only
/// password of what may lie in the bucket.
async fn release(services: &Services, place: &Reserved) -> Result<(), DbErr> {
    if place.new {
        repository::Entity::delete_by_id(place.repository.id)
            .filter(repository::Column::BackupCredentialId.is_null())
            .exec(services.db())
            .await?;
    }
    Ok(())
}

/// Whether a bucket that a person chose may hold a repository of the project. Its row has the only password.
pub async fn may_lie_in_a_bucket(
    db: &impl ConnectionTrait,
    row: &project::Model,
    choice: &EnableBackup,
) -> Result<bool, DbErr> {
    let chosen = matches!(choice.bucket, Some(BucketChoice::Existing { .. }));
    let places = repository::Entity::find().filter(repository::Column::ProjectId.eq(row.id));
    Ok(chosen && places.count(db).await? > 0)
}

/// Everything was tried; what may have changed meanwhile is looked at once more, under the write lock.
async fn switch_on(
    acting: &Acting,
    services: &Services,
    row: &project::Model,
    place: &repository::Model,
    credential: &backup_credential::Model,
    adopted: Vec<SnapshotInfo>,
) -> Result<(), ServiceError> {
    let tx = services.write_secrets().await?;
    organizations::lock(&tx, OrganizationId(row.organization_id)).await?;
    let still = usable_credential(acting, &tx, row.organization_id, CredentialId(credential.id)).await?;
    refuse_moved(&still, place)?;
    let on = repository::ActiveModel {
        password_sealed: Set(place.password_sealed.clone()),
        keeps_versions: Set(place.keeps_versions),
        ..in_use_with(place, credential)
    };
    match on.update(&tx).await {
        Err(error) if database::is_unique_violation(&error) => return Err(SwitchConflict::BackupAlreadyEnabled.into()),
        updated => updated?,
    };
    let changes = json!({
        "credential": [null, credential.s3_name], "bucket": [null, place.bucket], "prefix": [null, place.prefix],
        "backups adopted": adopted.len(),
    });
    adopt::list(&tx, row, place, adopted).await?;
    audit::record(&tx, acting, services.clock().now(), BACKUP_ENABLED, projects::subject(row), changes).await?;
    Ok(tx.commit().await?)
}

/// Refuses a credential whose endpoint was moved while the place was tried.
fn refuse_moved(credential: &backup_credential::Model, place: &repository::Model) -> Result<(), ServiceError> {
    if endpoint_of(credential) == place.endpoint {
        return Ok(());
    }
    Err(ServiceError::at(CREDENTIAL, tr!("The endpoint of this backup credential was moved meanwhile. Save again")))
}

/// The row as it is while backup is on, with the credential and the way objects are kept.
fn in_use_with(repository: &repository::Model, credential: &backup_credential::Model) -> repository::ActiveModel {
    repository::ActiveModel {
        id: Unchanged(repository.id),
        backup_credential_id: Set(Some(credential.id)),
        storage_class: Set(repository.storage_class.clone()),
        encryption: Set(repository.encryption.clone()),
        kms_key: Set(repository.kms_key.clone()),
        ..Default::default()
    }
}

/// What is another one than before.
pub enum Changed {
    Nothing,
    Credential,
    Storage,
}

/// Other keys for the same bucket, or another way to keep what is written to it: tried first, then changed.
pub async fn change(
    acting: &Acting,
    services: &Services,
    row: &project::Model,
    in_use: &InUse,
    choice: &EnableBackup,
) -> Result<Changed, ServiceError> {
    let repository = repositories::with_objects(&in_use.repository, &choice.objects);
    let same_keys = choice.credential.0 == in_use.credential.id;
    let changed = match (same_keys, repository == in_use.repository) {
        (true, true) => return Ok(Changed::Nothing),
        (true, false) => Changed::Storage,
        (false, _) => Changed::Credential,
    };
    let credential = usable_credential(acting, services.db(), row.organization_id, choice.credential).await?;
    if endpoint_of(&credential) != in_use.repository.endpoint {
        let message =
            tr!("These credentials are for another S3 endpoint. Choose credentials for the bucket's own endpoint");
        return Err(ServiceError::at(CREDENTIAL, message));
    }
    let s3 = S3::connect(&repositories::access(services, &credential)?, services.network());
    check_access(services, &s3, &repository, &credential, Access::default()).await.map_err(|failed| failed.error)?;
    let tx = services.write().await?;
    organizations::lock(&tx, OrganizationId(row.organization_id)).await?;
    let credential = usable_credential(acting, &tx, row.organization_id, choice.credential).await?;
    let still = repositories::of_project(&tx, row.id).await?;
    let still = still.filter(|still| still.repository.id == repository.id);
    refuse_moved(&credential, &still.ok_or(SwitchConflict::BackupAlreadyDisabled)?.repository)?;
    in_use_with(&repository, &credential).update(&tx).await?;
    let mut changes = storage_changes(&in_use.repository, &repository);
    if !same_keys {
        changes.insert("credential".into(), json!([in_use.credential.s3_name, credential.s3_name]));
    }
    let deed = if same_keys { STORAGE_CHANGED } else { CREDENTIAL_CHANGED };
    audit::record(&tx, acting, services.clock().now(), deed, projects::subject(row), changes.into()).await?;
    tx.commit().await?;
    Ok(changed)
}

/// How objects are kept otherwise than before, for the audit log.
fn storage_changes(before: &repository::Model, after: &repository::Model) -> serde_json::Map<String, Value> {
    let all = [
        ("storage class", &before.storage_class, &after.storage_class),
        ("encryption", &before.encryption, &after.encryption),
        ("KMS key", &before.kms_key, &after.kms_key),
    ];
    all.into_iter()
        .filter(|(_, from, to)| from != to)
        .map(|(what, from, to)| (what.into(), json!([from, to])))
        .collect()
}
