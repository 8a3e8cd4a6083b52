//! Whether keys reach the places of the projects that use a credential.

use std::fmt::Display;

use engine::{S3, S3Access};
use futures::{StreamExt, stream};
use model::form::{FieldError, FormErrors};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use crate::{
    context::Services,
    entity::{backup_credential, project, repository},
    error::ServiceError,
};

/// Buckets that are asked at the same time.
const AT_ONCE: usize = 8;

/// The field that stores the keys all the same.
const STORE_ANYWAY: &str = "store_anyway";

/// Refuses keys that do not reach every place, until they are to be stored all the same.
pub async fn check(
    services: &Services,
    credential: &backup_credential::Model,
    access: &S3Access,
) -> Result<(), ServiceError> {
    let places = places(services.db(), credential.id).await?;
    let all = places.len();
    let s3 = S3::connect(access, services.network());
    let tries = stream::iter(places).map(|(place, project)| {
        let s3 = s3.clone();
        async move {
            let reached = s3.open_bucket(&place.bucket, &place.prefix).await;
            reached.err().map(|why| not_reached(&project.name, &place.bucket, &why))
        }
    });
    let out_of_reach: Vec<_> = tries.buffered(AT_ONCE).filter_map(|failed| async { failed }).collect().await;
    if out_of_reach.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(refusal(all, &out_of_reach))) }
}

fn refusal(all: usize, out_of_reach: &[String]) -> FormErrors {
    FormErrors {
        summary: tr!(
            "These keys work, but do not reach the backups of {n} of {all} project(s). Nothing was stored"
                | "These keys work, but do not reach the backups of {n} of {all} project(s). Nothing was stored"
                    % out_of_reach.len(),
            all = all
        ),
        fields: vec![FieldError { field: STORE_ANYWAY.to_owned(), message: out_of_reach.join(" ") }],
    }
}

/// The places of the projects whose backup uses the credential.
pub async fn places(
    db: &impl ConnectionTrait,
    credential: i64,
) -> Result<Vec<(repository::Model, project::Model)>, DbErr> {
    let found = repository::Entity::find()
        .filter(repository::Column::BackupCredentialId.eq(credential))
        .find_also_related(project::Entity)
        .order_by_asc(project::Column::Name)
        .all(db)
        .await?;
    Ok(found.into_iter().filter_map(|(place, project)| Some((place, project?))).collect())
}

/// Which project's place is not reached, or does not hold its repository, and why.
pub fn not_reached(project: &str, bucket: &str, why: &impl Display) -> String {
    tr!("{project} (bucket {bucket}): {why}", project = project, bucket = bucket, why = why)
}
