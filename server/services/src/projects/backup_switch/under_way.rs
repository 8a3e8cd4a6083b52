//! A set-up that takes longer than a form waits: it goes on, and the project's pages show how far it is.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use model::project::SetUpStep;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter,
    QueryOrder, sea_query::Expr,
};

use super::SwitchConflict;
use crate::{
    context::Services,
    database,
    entity::{repository, set_up},
    error::ServiceError,
    sentence::Sentence,
};

/// How long a form waits for the outcome.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How long a set-up may take from its beginning: a bucket and some small objects, each with tries of its own.
const LIMIT: Duration = Duration::from_mins(3);

/// What a form hears of a set-up.
pub enum Outcome<T> {
    Done(T),
    GoesOn,
}

/// Where a set-up is. Clones are of the same one.
#[derive(Clone)]
pub struct Steps {
    project: i64,
    now_at: Arc<Mutex<SetUpStep>>,
}

impl Steps {
    fn new(project: i64) -> Self {
        Self { project, now_at: Arc::new(Mutex::new(SetUpStep::Bucket)) }
    }

    /// Notes what comes next.
    pub async fn begin(&self, services: &Services, step: SetUpStep) -> Result<(), DbErr> {
        *self.now_at.lock().unwrap_or_else(PoisonError::into_inner) = step;
        // There is a row where the form waits no longer.
        set_up::Entity::update_many()
            .col_expr(set_up::Column::Step, Expr::value(step))
            .filter(set_up::Column::ProjectId.eq(self.project))
            .filter(set_up::Column::Cause.is_null())
            .exec(services.db())
            .await
            .map(drop)
    }

    fn now_at(&self) -> SetUpStep {
        *self.now_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does `work`. What takes longer than a form waits goes on by itself until it ends or its time is over; then its failure
/// is kept for the project's pages.
///
/// # Errors
/// Those of `work`, and [`SwitchConflict::BackupSettingUp`] while another one of the project is under way.
pub async fn in_time<T, W>(
    services: &Services,
    project: i64,
    work: impl FnOnce(Steps) -> W,
) -> Result<Outcome<T>, ServiceError>
where
    T: Send + 'static,
    W: Future<Output = Result<T, ServiceError>> + Send + 'static,
{
    if find(services.db(), project).await?.is_some_and(|row| is_under_way(services, &row)) {
        return Err(SwitchConflict::BackupSettingUp.into());
    }
    let steps = Steps::new(project);
    let mut work = Box::pin(work(steps.clone()));
    if let Ok(outcome) = tokio::time::timeout(ANSWER_WITHIN, &mut work).await {
        forget_ended(services.db(), services, project).await?;
        return Ok(Outcome::Done(outcome?));
    }
    let handed = {
        let handing = hand_over(services, &steps);
        tokio::pin!(handing);
        // It may hold the database's only right to write, so it goes on meanwhile.
        tokio::select! {
            handed = &mut handing => handed,
            outcome = &mut work => {
                if handing.await.is_ok() {
                    forget(services.db(), project).await?;
                }
                return Ok(Outcome::Done(outcome?));
            }
        }
    };
    handed?;
    let services = services.clone();
    tokio::spawn(async move {
        let cause = match tokio::time::timeout(LIMIT.saturating_sub(ANSWER_WITHIN), work).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.cause("set-up", project)),
            Err(_) => Some(too_long(services.db(), &steps).await),
        };
        let settled = match cause {
            None => forget(services.db(), project).await,
            Some(cause) => fail(services.db(), project, cause).await,
        };
        if let Err(error) = settled {
            // Its time runs out, which says that it came to nothing.
            tracing::error!(project, error = &error as &dyn std::error::Error, "the end of a set-up was not kept");
        }
    });
    Ok(Outcome::GoesOn)
}

/// Where the set-up of a project is; `None` where there is none.
pub enum State {
    UnderWay(set_up::Model),
    Failed(String),
}

/// The set-up of a project that is under way, or the last one that failed.
pub async fn state(services: &Services, project: i64) -> Result<Option<State>, DbErr> {
    Ok(find(services.db(), project).await?.map(|row| match &row.cause {
        Some(cause) => State::Failed(cause.to_string()),
        None if is_under_way(services, &row) => State::UnderWay(row),
        None => State::Failed(tr!("The server was stopped while backup was being set up. Save again")),
    }))
}

fn is_under_way(services: &Services, row: &set_up::Model) -> bool {
    row.cause.is_none() && row.until > services.clock().now()
}

/// With the bucket that may have been made.
async fn too_long(db: &impl ConnectionTrait, steps: &Steps) -> Sentence {
    let reserved = repository::Entity::find()
        .filter(repository::Column::ProjectId.eq(steps.project))
        .filter(repository::Column::BackupCredentialId.is_null())
        .order_by_desc(repository::Column::Id)
        .one(db)
        .await;
    let (step, minutes) = (steps.now_at().label(), LIMIT.as_secs() / 60);
    Sentence::new(|| match &reserved {
        Ok(Some(place)) => tr!(
            "{} took longer than {} minutes. Check the endpoint, and that the service is not overloaded. It may have left the bucket {}.",
            tr!(step),
            minutes,
            place.bucket
        ),
        _ => tr!(
            "{} took longer than {} minutes. Check the endpoint, and that the service is not overloaded.",
            tr!(step),
            minutes
        ),
    })
}

async fn find(db: &impl ConnectionTrait, project: i64) -> Result<Option<set_up::Model>, DbErr> {
    set_up::Entity::find_by_id(project).one(db).await
}

/// Where another one was faster, this one ends here.
async fn hand_over(services: &Services, steps: &Steps) -> Result<(), ServiceError> {
    let now = services.clock().now();
    let tx = services.write().await?;
    forget_ended(&tx, services, steps.project).await?;
    let row = set_up::ActiveModel {
        project_id: Set(steps.project),
        step: Set(steps.now_at()),
        started_at: Set(now),
        until: Set(now + TimeDelta::from_std(LIMIT).unwrap_or_default()),
        cause: Set(None),
    };
    match row.insert(&tx).await {
        Err(error) if database::is_unique_violation(&error) => return Err(SwitchConflict::BackupSettingUp.into()),
        inserted => inserted?,
    };
    Ok(tx.commit().await?)
}

/// Forgets one that has failed, or died with its process.
async fn forget_ended(db: &impl ConnectionTrait, services: &Services, project: i64) -> Result<(), DbErr> {
    let ended = Condition::any()
        .add(set_up::Column::Cause.is_not_null())
        .add(set_up::Column::Until.lte(services.clock().now()));
    let found = set_up::Entity::delete_many().filter(set_up::Column::ProjectId.eq(project)).filter(ended);
    found.exec(db).await.map(drop)
}

async fn forget(db: &impl ConnectionTrait, project: i64) -> Result<(), DbErr> {
    set_up::Entity::delete_by_id(project).exec(db).await.map(drop)
}

async fn fail(db: &impl ConnectionTrait, project: i64, cause: Sentence) -> Result<(), DbErr> {
    set_up::Entity::update_many()
        .col_expr(set_up::Column::Cause, Expr::value(cause))
        .filter(set_up::Column::ProjectId.eq(project))
        .exec(db)
        .await
        .map(drop)
}
