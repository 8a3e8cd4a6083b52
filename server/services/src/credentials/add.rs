//! Adding a backup credential.

use engine::{S3Access, Secret};
use model::{
    credential::{CredentialForm, NewCredential},
    form::Done,
    ids::OrganizationId,
    permission::Action,
    rule::RuleError,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter,
};
use serde_json::json;

use super::{PAGE, check_keys, name_error, name_taken, subject, trusted, with_notice};
use crate::{
    acting::Acting,
    audit::{self, Deed},
    context::Services,
    database,
    entity::{backup_credential, organization},
    error::ServiceError,
    organizations, repositories,
    vault::Purpose,
};

const CREDENTIAL_ADDED: Deed = Deed::new("backup credential added");

/// Checks the keys against the endpoint, then stores them with the secret sealed. The first credential of an
/// organization becomes its default.
pub async fn add(acting: &Acting, services: &Services, form: &CredentialForm) -> Result<Done, ServiceError> {
    acting.actor.reach(Action::ManageCredentials)?;
    let new = form.parse()?;
    let home = organizations::chosen(acting, services.db(), Action::ManageCredentials, new.organization).await?;
    if name_taken(services.db(), home.id, &new.s3_name, None).await? {
        return Err(name_error(&new.s3_name));
    }
    let keys = check_keys(acting, services, &access(&new)?).await?;
    store(acting, services, &home, &new).await?;
    let done = Done::new(with_notice(tr!("Backup credential {} added", new.s3_name), keys), PAGE);
    Ok(done.and_next(tr!("Add Project"), "/projects?dialog=add"))
}

fn access(new: &NewCredential) -> Result<S3Access, ServiceError> {
    Ok(S3Access {
        endpoint: new.endpoint.url().ok_or(ServiceError::Stored(RuleError::EndpointNotUrl))?,
        region: new.region.as_str().to_owned(),
        access_key_id: new.access_key_id.as_str().to_owned(),
        secret_key: Secret::new(new.secret_key.expose().to_owned()),
        ca_certificate: trusted(new.connection.ca_certificate.as_ref())?,
        addressing: repositories::engine_addressing(new.connection.addressing),
    })
}

async fn store(
    acting: &Acting,
    services: &Services,
    home: &organization::Model,
    new: &NewCredential,
) -> Result<(), ServiceError> {
    let now = services.clock().now();
    let tx = services.write_secrets().await?;
    organizations::lock(&tx, OrganizationId(home.id)).await?;
    let row = backup_credential::ActiveModel {
        organization_id: Set(home.id),
        s3_name: Set(new.s3_name.as_str().to_owned()),
        s3_name_key: Set(new.s3_name.folded()),
        access_key_id: Set(new.access_key_id.as_str().to_owned()),
        secret_key_sealed: Set(Vec::new()),
        endpoint: Set(new.endpoint.as_str().to_owned()),
        region: Set(new.region.as_str().to_owned()),
        is_default: Set(is_first(&tx, home.id).await?),
        locked: Set(false),
        version: Set(1),
        created_by: Set(acting.actor.email.clone()),
        created_at: Set(now),
        modified_by: Set(acting.actor.email.clone()),
        modified_at: Set(now),
        checked_at: Set(Some(now)),
        addressing: Set(new.connection.addressing),
        ca_certificate: Set(new.connection.ca_certificate.as_ref().map(ToString::to_string)),
        ..Default::default()
    };
    let row = match row.insert(&tx).await {
        Err(error) if database::is_unique_violation(&error) => return Err(name_error(&new.s3_name)),
        inserted => inserted?,
    };
    // The secret is sealed to its row, so the row has to have its id first.
    let sealed = services.vault().seal(Purpose::S3SecretKey, row.id, new.secret_key.expose())?;
    let mut row = row.into_active_model();
    row.secret_key_sealed = Set(sealed);
    let row = row.update(&tx).await?;
    let changes = json!({
        "s3_name": [null, new.s3_name], "access_key_id": [null, new.access_key_id], "secret_key": "changed",
        "endpoint": [null, new.endpoint], "region": [null, new.region],
        "addressing": [null, new.connection.addressing.as_str()],
        "CA certificate": [null, new.connection.ca_certificate.is_some()],
    });
    audit::record(&tx, acting, now, CREDENTIAL_ADDED, subject(&row), changes).await?;
    Ok(tx.commit().await?)
}

async fn is_first(db: &impl ConnectionTrait, organization: i64) -> Result<bool, DbErr> {
    let all = backup_credential::Entity::find().filter(backup_credential::Column::OrganizationId.eq(organization));
    Ok(all.count(db).await? == 0)
}
