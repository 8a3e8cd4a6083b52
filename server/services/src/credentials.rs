//! Backup credentials: list and add.

use engine::{KeyCheck, S3, S3Access, Secret};
use model::{
    credential::{CredentialForm, CredentialList, NewCredential},
    form::Done,
    ids::{CredentialId, OrganizationId},
    list::ListQuery,
    permission::Action,
    rule::RuleError,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter,
};
use serde_json::json;

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    database,
    entity::{backup_credential, organization},
    error::{ServiceError, credential_form_errors},
    organizations,
    start::Services,
    vault::Purpose,
};

mod rows;

/// One page of the credentials within the person's reach.
pub async fn list(acting: &Acting, services: &Services, query: &ListQuery) -> Result<CredentialList, ServiceError> {
    Ok(CredentialList {
        page: rows::page(acting, services.db(), query).await?,
        organizations: organizations::choices(acting, services.db(), Action::ManageCredentials).await?,
    })
}

/// Checks the keys against the endpoint, then stores them with the secret sealed. The first credential of an
/// organization becomes its default.
pub async fn add(acting: &Acting, services: &Services, form: &CredentialForm) -> Result<Done, ServiceError> {
    acting.actor.reach(Action::ManageCredentials)?;
    let new = form.parse()?;
    let home = organizations::chosen(acting, services.db(), Action::ManageCredentials, new.organization).await?;
    if name_taken(services.db(), home.id, &new).await? {
        return Err(name_error(&new));
    }
    let keys = check_keys(services, &new).await?;
    store(acting, services, &home, &new).await?;
    let mut message = format!("Backup credential {} added", new.s3_name);
    if keys == KeyCheck::MayNotListBuckets {
        message.push_str(". Its keys may not list buckets, so a bucket may have to be made for them beforehand");
    }
    Ok(Done::new(message, "/backup-credentials"))
}

async fn check_keys(services: &Services, new: &NewCredential) -> Result<KeyCheck, ServiceError> {
    let access = S3Access {
        endpoint: new.endpoint.url().ok_or(ServiceError::Stored(RuleError::EndpointNotUrl))?,
        region: new.region.as_str().to_owned(),
        access_key_id: new.access_key_id.as_str().to_owned(),
        secret_key: Secret::new(new.secret_key.expose().to_owned()),
    };
    let answer = S3::connect(&access, services.network()).check_keys().await;
    answer.map_err(|error| ServiceError::Invalid(credential_form_errors(&error)))
}

async fn store(
    acting: &Acting,
    services: &Services,
    home: &organization::Model,
    new: &NewCredential,
) -> Result<CredentialId, ServiceError> {
    let now = services.clock().now();
    let tx = services.write().await?;
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
        ..Default::default()
    };
    let row = match row.insert(&tx).await {
        Err(error) if database::is_unique_violation(&error) => return Err(name_error(new)),
        inserted => inserted?,
    };
    let id = CredentialId(row.id);
    // The secret is sealed to its row, so the row has to have its id first.
    let mut row = row.into_active_model();
    row.secret_key_sealed = Set(services.vault().seal(Purpose::S3SecretKey, id.0, new.secret_key.expose())?);
    row.update(&tx).await?;
    let subject = Subject {
        kind: "backup credential",
        id: id.0,
        name: new.s3_name.as_str(),
        organization: OrganizationId(home.id),
    };
    let changes = json!({
        "s3_name": [null, new.s3_name], "access_key_id": [null, new.access_key_id], "secret_key": "changed",
        "endpoint": [null, new.endpoint], "region": [null, new.region],
    });
    audit::record(&tx, acting, now, Deed::CredentialAdded, subject, changes).await?;
    tx.commit().await?;
    Ok(id)
}

async fn is_first(db: &impl ConnectionTrait, organization: i64) -> Result<bool, DbErr> {
    let all = backup_credential::Entity::find().filter(backup_credential::Column::OrganizationId.eq(organization));
    Ok(all.count(db).await? == 0)
}

async fn name_taken(db: &impl ConnectionTrait, organization: i64, new: &NewCredential) -> Result<bool, DbErr> {
    let same = backup_credential::Entity::find()
        .filter(backup_credential::Column::OrganizationId.eq(organization))
        .filter(backup_credential::Column::S3NameKey.eq(new.s3_name.folded()));
    Ok(same.count(db).await? > 0)
}

fn name_error(new: &NewCredential) -> ServiceError {
    ServiceError::at("s3_name", format!("This organization has a backup credential named {} already", new.s3_name))
}
