//! Whether the keys of a stored credential still work: asked by a person, and once a day by itself.

use chrono::{DateTime, TimeDelta, Utc};
use engine::{S3, S3Error};
use model::{credential::CredentialRef, form::Done};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};

use super::{PAGE, find};
use crate::{
    acting::Acting,
    context::Services,
    entity::{backup_credential, repository},
    error::{ServiceError, credential_form_errors},
    repositories,
    sentence::Sentence,
};

/// How old the last answer is when a credential in use is tried by itself.
const OFTEN: TimeDelta = TimeDelta::days(1);

/// Tries the keys now, and keeps what came of it. Takes 10 seconds at most.
pub async fn check_now(acting: &Acting, services: &Services, form: &CredentialRef) -> Result<Done, ServiceError> {
    let id = form.credential().map_err(|_| ServiceError::NotFound)?;
    let row = find(acting, services.db(), id).await?;
    let failure = tried(services, &row).await?;
    keep(services, row.id, failure.clone()).await?;
    let message = match failure {
        None => tr!("The keys of {} work", row.s3_name),
        Some(failure) => tr!("The keys of {} do not work: {}", row.s3_name, failure),
    };
    Ok(Done::new(message, PAGE))
}

/// Tries one credential in use whose last answer is a day old. Several nodes try none twice.
pub async fn check_next(services: &Services, now: DateTime<Utc>) -> Result<(), ServiceError> {
    use backup_credential::Column;
    let in_use = repository::Entity::find()
        .select_only()
        .expr(Expr::val(1))
        .filter(
            Expr::col((repository::Entity, repository::Column::BackupCredentialId))
                .equals((backup_credential::Entity, Column::Id)),
        )
        .into_query();
    let due = Condition::any().add(Column::CheckedAt.is_null()).add(Column::CheckedAt.lte(now - OFTEN));
    let next = backup_credential::Entity::find()
        .filter(due.clone())
        .filter(Expr::exists(in_use))
        .order_by_asc(Column::CheckedAt)
        .one(services.db())
        .await?;
    let Some(row) = next else { return Ok(()) };
    let claimed = backup_credential::Entity::update_many()
        .col_expr(Column::CheckedAt, Expr::value(now))
        .filter(Column::Id.eq(row.id))
        .filter(due)
        .exec(services.db())
        .await?;
    if claimed.rows_affected == 1 {
        let failure = tried(services, &row).await?;
        keep(services, row.id, failure).await?;
    }
    Ok(())
}

/// What is wrong with the keys; `None` where they work.
async fn tried(services: &Services, row: &backup_credential::Model) -> Result<Option<Sentence>, ServiceError> {
    let access = repositories::access(services, row)?;
    let told = |error: S3Error| {
        Sentence::new(|| {
            let errors = credential_form_errors(&error);
            errors.fields.into_iter().next().map_or(errors.summary, |field| field.message)
        })
    };
    Ok(S3::connect(&access, services.network()).check_keys().await.err().map(told))
}

async fn keep(services: &Services, id: i64, failure: Option<Sentence>) -> Result<(), DbErr> {
    let outcome = backup_credential::ActiveModel {
        checked_at: Set(Some(services.clock().now())),
        check_failure: Set(failure),
        ..Default::default()
    };
    backup_credential::Entity::update_many()
        .set(outcome)
        .filter(backup_credential::Column::Id.eq(id))
        .exec(services.db())
        .await
        .map(drop)
}
