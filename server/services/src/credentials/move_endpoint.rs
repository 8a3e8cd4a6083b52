//! Following an S3 service to another address: the same buckets are there, and nothing is copied.

use std::collections::HashSet;

use engine::{Repository, RepositoryError, S3Access, Secret};
use futures::{StreamExt, stream};
use model::{
    backup::{BackupPhase, RestorePhase},
    credential::{EndpointMove, MoveEndpointForm},
    form::{Done, FormErrors},
    ids::OrganizationId,
    maintenance::MaintenancePhase,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QuerySelect, sea_query::Expr,
};
use serde_json::json;

use super::{PAGE, changed_meanwhile, check_keys, find, reach, refuse_while_removing, subject};
use crate::{
    acting::Acting,
    audit::{self, Deed},
    context::Services,
    credentials::CredentialConflict,
    database,
    entity::{backup, backup_credential, maintenance, project, repository, restore},
    error::ServiceError,
    organizations,
    repositories::{self, place_endpoint},
    vault::Purpose,
};

const ENDPOINT_MOVED: Deed = Deed::new("backup credential moved to another endpoint");

/// Repositories that are opened at the same time.
const AT_ONCE: usize = 4;

/// Looks for the repositories of all projects at the new address, then moves the credential and them.
///
/// With them move the places of the organization that no project uses at the moment: what was backed up before backup was
/// disabled is found again only at its own endpoint.
pub async fn move_endpoint(
    acting: &Acting,
    services: &Services,
    form: &MoveEndpointForm,
) -> Result<Done, ServiceError> {
    let id = form.credential().map_err(|_| ServiceError::NotFound)?;
    let row = find(acting, services.db(), id).await?;
    let to = form.parse()?;
    check_movable(&row, &to)?;
    refuse_while_removing(services.db(), row.id).await?;
    let access = access(services, &row, &to)?;
    check_keys(acting, services, &access).await?;
    let used = reach::places(services.db(), row.id).await?;
    check_all(services, &access, &used).await?;
    let unused = found_again(services, &access, &row).await?;
    let moved: Vec<i64> = used.iter().map(|(place, _)| place.id).chain(unused).collect();
    store(acting, services, form, &to, &moved).await?;
    Ok(Done::new(tr!("Backup credential {} moved to {}", row.s3_name, to.endpoint), PAGE))
}

fn check_movable(row: &backup_credential::Model, to: &EndpointMove) -> Result<(), ServiceError> {
    if row.locked {
        return Err(CredentialConflict::CredentialIsLocked.into());
    }
    if row.version != to.version {
        return Err(ServiceError::Invalid(FormErrors::whole(changed_meanwhile(row))));
    }
    if place_endpoint(&row.endpoint) == place_endpoint(to.endpoint.as_str()) && row.region == to.region.as_str() {
        return Err(ServiceError::at("endpoint", tr!("This is the endpoint that it has already")));
    }
    Ok(())
}

/// The new address with the keys that were entered for it. The stored secret is not sent there.
fn access(services: &Services, row: &backup_credential::Model, to: &EndpointMove) -> Result<S3Access, ServiceError> {
    let moved = backup_credential::Model {
        endpoint: to.endpoint.as_str().to_owned(),
        region: to.region.as_str().to_owned(),
        access_key_id: to.access_key_id.as_str().to_owned(),
        ..row.clone()
    };
    let stored = repositories::access(services, &moved)?;
    Ok(S3Access { secret_key: Secret::new(to.secret_key.expose().to_owned()), ..stored })
}

/// Refuses unless each project's repository is there, with every backup that is known.
async fn check_all(
    services: &Services,
    access: &S3Access,
    used: &[(repository::Model, project::Model)],
) -> Result<(), ServiceError> {
    let tries = stream::iter(used.to_vec()).map(|(place, project)| async move {
        let missing = missing(services, access, &place).await;
        missing.map(|missing| missing.map(|why| reach::not_reached(&project.name, &place.bucket, &why)))
    });
    let found: Vec<_> = tries.buffered(AT_ONCE).collect().await;
    let missing = found.into_iter().filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
    if missing.is_empty() {
        return Ok(());
    }
    let message = tr!("The keys work there, but not all backups are there. Nothing was moved. {}", missing.join(" "),);
    Err(ServiceError::at("endpoint", message))
}

/// Why a place at the new address is not the one that was; `None` where it is.
async fn missing(
    services: &Services,
    access: &S3Access,
    place: &repository::Model,
) -> Result<Option<RepositoryError>, ServiceError> {
    let config = repositories::config_with(services, place, access.clone())?;
    let opened = async {
        let repository = Repository::open(config).await?;
        repository.snapshots().await
    };
    let snapshots = match opened.await {
        Ok(snapshots) => snapshots,
        Err(why) => return Ok(Some(why)),
    };
    let there: HashSet<_> = snapshots.iter().map(|snapshot| snapshot.id.as_str()).collect();
    let known = known_snapshots(services.db(), place.id).await?;
    let lost = known.iter().find(|known| !there.contains(known.as_str()));
    Ok(lost.and_then(|lost| lost.parse().ok()).map(|id| RepositoryError::NoSuchSnapshot { id }))
}

async fn known_snapshots(db: &impl ConnectionTrait, repository: i64) -> Result<Vec<String>, DbErr> {
    backup::Entity::find()
        .filter(backup::Column::RepositoryId.eq(repository))
        .filter(backup::Column::Phase.is_in([BackupPhase::Completed, BackupPhase::PartiallyFailed]))
        .filter(backup::Column::Snapshot.is_not_null())
        .select_only()
        .column(backup::Column::Snapshot)
        .into_tuple()
        .all(db)
        .await
}

/// The organization's places at the old address that no project uses, where the new one has them too.
async fn found_again(
    services: &Services,
    access: &S3Access,
    row: &backup_credential::Model,
) -> Result<Vec<i64>, ServiceError> {
    let places = repository::Entity::find()
        .filter(repository::Column::OrganizationId.eq(row.organization_id))
        .filter(repository::Column::BackupCredentialId.is_null())
        .filter(repository::Column::Endpoint.eq(place_endpoint(&row.endpoint)))
        .all(services.db())
        .await?;
    let tries = stream::iter(places)
        .map(|place| async move { Ok((place.id, missing(services, access, &place).await?.is_none())) });
    let found: Vec<Result<_, ServiceError>> = tries.buffered(AT_ONCE).collect().await;
    let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().filter_map(|(id, there)| there.then_some(id)).collect())
}

async fn store(
    acting: &Acting,
    services: &Services,
    form: &MoveEndpointForm,
    to: &EndpointMove,
    moved: &[i64],
) -> Result<(), ServiceError> {
    let id = form.credential().map_err(|_| ServiceError::NotFound)?;
    let now = services.clock().now();
    let tx = services.write_secrets().await?;
    organizations::lock(&tx, OrganizationId(find(acting, &tx, id).await?.organization_id)).await?;
    let before = find(acting, &tx, id).await?;
    // The endpoint took its time; somebody may have been faster.
    check_movable(&before, to)?;
    // A removal knows its bucket alone: at the new address another project's backups may lie there.
    refuse_while_removing(&tx, before.id).await?;
    let in_use: Vec<i64> = reach::places(&tx, before.id).await?.iter().map(|(place, _)| place.id).collect();
    if in_use.iter().any(|place| !moved.contains(place)) {
        return Err(CredentialConflict::CredentialGotAnotherProject.into());
    }
    // What is on its way writes to the old address, and would be missed at the new one if that is a copy.
    if is_at_work(&tx, moved).await? {
        return Err(CredentialConflict::CredentialIsAtWork.into());
    }
    repository::Entity::update_many()
        .col_expr(repository::Column::Endpoint, Expr::value(place_endpoint(to.endpoint.as_str())))
        .col_expr(repository::Column::Region, Expr::value(to.region.as_str()))
        .filter(repository::Column::Id.is_in(moved.iter().copied()))
        .exec(&tx)
        .await
        .map_err(taken)?;
    let mut row = before.clone().into_active_model();
    row.endpoint = Set(to.endpoint.as_str().to_owned());
    row.region = Set(to.region.as_str().to_owned());
    row.access_key_id = Set(to.access_key_id.as_str().to_owned());
    row.secret_key_sealed = Set(services.vault().seal(Purpose::S3SecretKey, before.id, to.secret_key.expose())?);
    row.version = Set(before.version + 1);
    row.modified_by = Set(acting.actor.email.clone());
    row.modified_at = Set(now);
    row.checked_at = Set(Some(now));
    row.check_failure = Set(None);
    let after = row.update(&tx).await?;
    let changes = json!({
        "endpoint": [before.endpoint, after.endpoint], "region": [before.region, after.region],
        "access_key_id": [before.access_key_id, after.access_key_id], "secret_key": "changed",
        "places moved": moved.len(),
    });
    audit::record(&tx, acting, now, ENDPOINT_MOVED, subject(&after), changes).await?;
    Ok(tx.commit().await?)
}

fn taken(error: DbErr) -> ServiceError {
    if database::is_unique_violation(&error) {
        let message = tr!("Another project's backups are at this place already. Choose another endpoint");
        return ServiceError::at("endpoint", message);
    }
    error.into()
}

async fn is_at_work(db: &impl ConnectionTrait, places: &[i64]) -> Result<bool, DbErr> {
    let backups = backup::Entity::find()
        .filter(backup::Column::RepositoryId.is_in(places.iter().copied()))
        .filter(backup::Column::Phase.is_in([BackupPhase::InProgress, BackupPhase::Deleting]));
    let kept = maintenance::Entity::find()
        .filter(maintenance::Column::RepositoryId.is_in(places.iter().copied()))
        .filter(maintenance::Column::Phase.eq(MaintenancePhase::InProgress));
    let restores = restore::Entity::find()
        .inner_join(backup::Entity)
        .filter(backup::Column::RepositoryId.is_in(places.iter().copied()))
        .filter(restore::Column::Phase.eq(RestorePhase::InProgress));
    Ok(backups.count(db).await? + kept.count(db).await? + restores.count(db).await? > 0)
}
