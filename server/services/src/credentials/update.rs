//! Updating a backup credential: name and keys, tried before they are stored.

use engine::{S3Access, Secret};
use model::{
    credential::{CaCertificate, Connection, CredentialUpdate, CredentialUpdateForm},
    form::{Done, FieldError, FormErrors},
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};
use serde_json::{Map, Value, json};

use super::{PAGE, changed_meanwhile, check_keys, find, name_error, name_taken, reach, subject, trusted, with_notice};
use crate::{
    acting::Acting,
    audit::{self, Deed},
    context::Services,
    credentials::CredentialConflict,
    database,
    entity::backup_credential,
    error::ServiceError,
    organizations, repositories,
    vault::Purpose,
};

const CREDENTIAL_UPDATED: Deed = Deed::new("backup credential updated");

/// Checks the keys against the endpoint, then stores them, unless somebody else was faster. Running backups finish with
/// the old keys.
pub async fn update(acting: &Acting, services: &Services, form: &CredentialUpdateForm) -> Result<Done, ServiceError> {
    let id = form.credential().map_err(|_| ServiceError::NotFound)?;
    let row = find(acting, services.db(), id).await?;
    let update = form.parse()?;
    check_changeable(&row, &update)?;
    if name_taken(services.db(), row.organization_id, &update.s3_name, Some(row.id)).await? {
        return Err(name_error(&update.s3_name));
    }
    let access = access(services, &row, &update)?;
    let keys = check_keys(acting, services, &access).await?;
    if !update.store_anyway && connects_otherwise(&row, &update) {
        reach::check(services, &row, &access).await?;
    }
    store(acting, services, form, &update).await?;
    Ok(Done::new(with_notice(tr!("Backup credential {} updated", update.s3_name), keys), PAGE))
}

/// Whether more than the name is another one.
fn connects_otherwise(row: &backup_credential::Model, update: &CredentialUpdate) -> bool {
    let connection = update.connection.as_ref().is_some_and(|Connection { addressing, ca_certificate }| {
        *addressing != row.addressing
            || ca_certificate.as_ref().map(CaCertificate::as_str) != row.ca_certificate.as_deref()
    });
    connection || update.secret_key.is_some() || update.access_key_id.as_str() != row.access_key_id
}

/// Refuses what is locked, and what another person has changed since the form was opened.
fn check_changeable(row: &backup_credential::Model, update: &CredentialUpdate) -> Result<(), ServiceError> {
    if row.locked {
        return Err(CredentialConflict::CredentialIsLocked.into());
    }
    if row.version == update.version { Ok(()) } else { Err(ServiceError::Invalid(differences(row, update))) }
}

/// By whom it was changed, and what differs from what was typed.
fn differences(row: &backup_credential::Model, update: &CredentialUpdate) -> FormErrors {
    let differs = |field: &str, stored: &str, typed: &str| {
        (stored != typed).then(|| FieldError { field: field.to_owned(), message: tr!("Stored meanwhile: {}", stored) })
    };
    let fields = [
        differs("s3_name", &row.s3_name, update.s3_name.as_str()),
        differs("access_key_id", &row.access_key_id, update.access_key_id.as_str()),
    ];
    FormErrors { summary: changed_meanwhile(row), fields: fields.into_iter().flatten().collect() }
}

/// The keys as they will be. An empty secret keeps the stored one.
fn access(
    services: &Services,
    row: &backup_credential::Model,
    update: &CredentialUpdate,
) -> Result<S3Access, ServiceError> {
    let stored = repositories::access(services, row)?;
    let secret_key = match &update.secret_key {
        Some(typed) => Secret::new(typed.expose().to_owned()),
        None => stored.secret_key.clone(),
    };
    Ok(S3Access {
        access_key_id: update.access_key_id.as_str().to_owned(),
        secret_key,
        ca_certificate: match &update.connection {
            Some(connection) => trusted(connection.ca_certificate.as_ref())?,
            None => stored.ca_certificate,
        },
        addressing: match &update.connection {
            Some(connection) => repositories::engine_addressing(connection.addressing),
            None => stored.addressing,
        },
        ..stored
    })
}

async fn store(
    acting: &Acting,
    services: &Services,
    form: &CredentialUpdateForm,
    update: &CredentialUpdate,
) -> Result<(), ServiceError> {
    let id = form.credential().map_err(|_| ServiceError::NotFound)?;
    let now = services.clock().now();
    let tx = services.write_secrets().await?;
    organizations::lock(&tx, model::ids::OrganizationId(find(acting, &tx, id).await?.organization_id)).await?;
    let before = find(acting, &tx, id).await?;
    // The endpoint took its time; somebody may have been faster.
    check_changeable(&before, update)?;
    let mut row = before.clone().into_active_model();
    row.s3_name = Set(update.s3_name.as_str().to_owned());
    row.s3_name_key = Set(update.s3_name.folded());
    row.access_key_id = Set(update.access_key_id.as_str().to_owned());
    if let Some(secret) = &update.secret_key {
        row.secret_key_sealed = Set(services.vault().seal(Purpose::S3SecretKey, before.id, secret.expose())?);
    }
    if let Some(connection) = &update.connection {
        row.addressing = Set(connection.addressing);
        row.ca_certificate = Set(connection.ca_certificate.as_ref().map(ToString::to_string));
    }
    row.version = Set(before.version + 1);
    row.modified_by = Set(acting.actor.email.clone());
    row.modified_at = Set(now);
    row.checked_at = Set(Some(now));
    row.check_failure = Set(None);
    let after = match row.update(&tx).await {
        Err(error) if database::is_unique_violation(&error) => return Err(name_error(&update.s3_name)),
        updated => updated?,
    };
    let changes = changes(&before, &after, update.secret_key.is_some());
    audit::record(&tx, acting, now, CREDENTIAL_UPDATED, subject(&after), changes).await?;
    Ok(tx.commit().await?)
}

/// The changed fields before and after. Of the secret only that it changed.
fn changes(before: &backup_credential::Model, after: &backup_credential::Model, secret: bool) -> Value {
    let mut changes = Map::new();
    for (field, old, new) in
        [("s3_name", &before.s3_name, &after.s3_name), ("access_key_id", &before.access_key_id, &after.access_key_id)]
    {
        if old != new {
            changes.insert(field.to_owned(), json!([old, new]));
        }
    }
    if secret {
        changes.insert("secret_key".to_owned(), json!("changed"));
    }
    if before.addressing != after.addressing {
        changes.insert("addressing".to_owned(), json!([before.addressing.as_str(), after.addressing.as_str()]));
    }
    if before.ca_certificate != after.ca_certificate {
        changes.insert(
            "CA certificate".to_owned(),
            json!([before.ca_certificate.is_some(), after.ca_certificate.is_some()]),
        );
    }
    Value::Object(changes)
}
