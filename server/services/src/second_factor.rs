//! The second factor of a person: set up, turned off, asked for at sign-in; and recovery codes.
//!
//! What is being set up is a draft: a secret and recovery codes that are shown, sealed in the database, and count for
//! nothing until a code out of the app confirms them. From then on the secret stays sealed and of the recovery codes
//! there are hashes alone, so that neither is ever shown again.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    form::Done,
    names::Hidden,
    people::Role,
    second_factor::{Code, CodeForm, DRAFT_MINUTES, Draft, PasswordForm, SecondFactor, SecondFactorView},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use serde_json::json;
use tower_sessions::Session;

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    clock::MOST_AHEAD,
    context::{Place, Services},
    entity::{account, recovery_code, second_factor},
    error::{Refusal, ServiceError},
    passwords,
    session_rows::{self, Standing},
    vault::Purpose,
};

mod recovery;
mod totp;

const SECOND_FACTOR_SET_UP: Deed = Deed::new("second factor set up");
const SECOND_FACTOR_TURNED_OFF: Deed = Deed::new("second factor turned off");
const SECOND_FACTOR_REFUSED: Deed = Deed::new("second factor refused");
const RECOVERY_CODE_USED: Deed = Deed::new("recovery code used");
const RECOVERY_CODES_RENEWED: Deed = Deed::new("recovery codes renewed");

/// Why a second factor cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactorConflict {
    #[error("{}", tr!("You have a second factor already. Turn it off first to set up another one"))]
    SecondFactorIsOn,
    #[error("{}", tr!("You have no second factor. Set one up first"))]
    SecondFactorIsOff,
    #[error("{}", tr!("The set-up was not finished in time, or was begun anew. Begin once more"))]
    DraftIsOver,
    #[error("{}", tr!("Partners of this account must use a second factor, so it cannot be turned off"))]
    SecondFactorIsRequired,
}

impl Refusal for FactorConflict {}

/// The page to which every change leads back.
const PAGE: &str = "/profile/second-factor";

/// What the person has, and what is being set up.
pub async fn get(acting: &Acting, services: &Services) -> Result<SecondFactorView, ServiceError> {
    let (db, user) = (services.db(), acting.actor.user.0);
    let row = second_factor::Entity::find_by_id(user).one(db).await?;
    let required = is_required(db, acting.actor.role, acting.actor.account.0).await?;
    let now = services.clock().now();
    let state = match row {
        Some(row) if row.confirmed_at.is_some() => on(services, row, now).await?,
        Some(row) if is_fresh(&row, now) => SecondFactor::Draft(draft(acting, services, &row)?),
        _ => SecondFactor::Off,
    };
    Ok(SecondFactorView { required, state })
}

async fn on(services: &Services, row: second_factor::Model, now: DateTime<Utc>) -> Result<SecondFactor, ServiceError> {
    let left = recovery_code::Entity::find().filter(recovery_code::Column::SecondFactorId.eq(row.id));
    Ok(SecondFactor::On {
        since: row.confirmed_at.unwrap_or(now),
        recovery_codes: left.count(services.db()).await?,
        fresh_codes: if is_fresh(&row, now) { fresh_codes(services, &row)? } else { Vec::new() },
    })
}

fn draft(acting: &Acting, services: &Services, row: &second_factor::Model) -> Result<Draft, ServiceError> {
    let secret = totp::Secret::open(services, row)?;
    Ok(Draft {
        secret: secret.for_people(),
        picture: secret.picture(&acting.actor.email),
        recovery_codes: fresh_codes(services, row)?,
    })
}

/// Whether what was drafted is still shown and may still be confirmed.
fn is_fresh(row: &second_factor::Model, now: DateTime<Utc>) -> bool {
    row.drafted_at.is_some_and(|drafted| drafted > oldest_draft(now) && drafted <= now + MOST_AHEAD)
}

fn oldest_draft(now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::minutes(DRAFT_MINUTES)
}

fn fresh_codes(services: &Services, row: &second_factor::Model) -> Result<Vec<Hidden>, ServiceError> {
    let Some(sealed) = &row.fresh_codes_sealed else { return Ok(Vec::new()) };
    let codes = services.vault().open_sealed(Purpose::FreshRecoveryCodes, row.id, sealed)?;
    Ok(codes.expose().lines().map(Hidden::new).collect())
}

/// Drafts a secret and recovery codes, after the password. An earlier draft is forgotten.
pub async fn begin(acting: &Acting, services: &Services, form: &PasswordForm) -> Result<Done, ServiceError> {
    passwords::check(acting, services, "password", &form.password).await?;
    let user = acting.actor.user.0;
    let tx = services.write_secrets().await?;
    let unconfirmed = second_factor::Entity::delete_many()
        .filter(second_factor::Column::Id.eq(user))
        .filter(second_factor::Column::ConfirmedAt.is_null());
    unconfirmed.exec(&tx).await?;
    if second_factor::Entity::find_by_id(user).count(&tx).await? > 0 {
        return Err(FactorConflict::SecondFactorIsOn.into());
    }
    let codes = recovery::new_codes().join("\n");
    let row = second_factor::ActiveModel {
        id: Set(user),
        secret_sealed: Set(totp::Secret::random().seal(services, user)?),
        confirmed_at: Set(None),
        last_step: Set(None),
        fresh_codes_sealed: Set(Some(services.vault().seal(Purpose::FreshRecoveryCodes, user, &codes)?)),
        drafted_at: Set(Some(services.clock().now())),
    };
    second_factor::Entity::insert(row).exec_without_returning(&tx).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Add the secret to your app, and keep the recovery codes"), PAGE))
}

/// Makes the draft count, where the code shows that the app has the secret. The person's other sessions end, and this
/// one goes on under a new id.
pub async fn confirm(
    acting: &Acting,
    services: &Services,
    current: &Session,
    form: &CodeForm,
) -> Result<Done, ServiceError> {
    let (user, now) = (acting.actor.user.0, services.clock().now());
    let code = form.parse()?;
    let row = second_factor::Entity::find_by_id(user).one(services.db()).await?;
    let drafted =
        row.filter(|row| row.confirmed_at.is_none() && is_fresh(row, now)).ok_or(FactorConflict::DraftIsOver)?;
    let Some(step) = totp::Secret::open(services, &drafted)?.step_of(&code, now) else {
        let hint = tr!(
            "This is not the code that the app should show now. Check the clock of the device, and type the newest code"
        );
        return Err(ServiceError::at("code", hint));
    };
    let hashes = recovery::hash_all(services, fresh_codes(services, &drafted)?).await?;
    let tx = services.write().await?;
    session_rows::expect_going_on(&tx, current, acting.actor.user).await?;
    let confirmed = second_factor::ActiveModel {
        id: NotSet,
        secret_sealed: NotSet,
        confirmed_at: Set(Some(now)),
        last_step: Set(Some(step)),
        fresh_codes_sealed: Set(None),
        drafted_at: Set(None),
    };
    // Unless it was begun anew, or confirmed, in the meantime.
    let same = Condition::all()
        .add(second_factor::Column::Id.eq(user))
        .add(second_factor::Column::ConfirmedAt.is_null())
        .add(second_factor::Column::FreshCodesSealed.eq(drafted.fresh_codes_sealed));
    let changed = second_factor::Entity::update_many().set(confirmed).filter(same).exec(&tx).await?;
    if changed.rows_affected == 0 {
        return Err(FactorConflict::DraftIsOver.into());
    }
    recovery::replace(&tx, user, hashes).await?;
    session_rows::end_all(&tx, acting.actor.user).await?;
    record(&tx, acting, services, SECOND_FACTOR_SET_UP, audit::no_changes()).await?;
    let standing = Standing::now(&tx, acting.actor.user).await?;
    tx.commit().await?;
    services.live().session_ended();
    session_rows::begin(services, current, (acting.actor.user, &standing), &acting.address).await?;
    Ok(Done::new(tr!("Your second factor is on. From now on you are asked for a code at sign-in"), PAGE))
}

/// Drafts other recovery codes, after the password. The ones from before count until these are used.
pub async fn new_codes(acting: &Acting, services: &Services, form: &PasswordForm) -> Result<Done, ServiceError> {
    passwords::check(acting, services, "password", &form.password).await?;
    let user = acting.actor.user.0;
    let tx = services.write_secrets().await?;
    // Held before anything is sealed: the change of the master key counts on it.
    let row = second_factor::Entity::find_by_id(user).lock_exclusive().one(&tx).await?;
    let row = row.filter(|row| row.confirmed_at.is_some()).ok_or(FactorConflict::SecondFactorIsOff)?;
    let codes = recovery::new_codes().join("\n");
    let mut change = row.into_active_model();
    change.fresh_codes_sealed = Set(Some(services.vault().seal(Purpose::FreshRecoveryCodes, user, &codes)?));
    change.drafted_at = Set(Some(services.clock().now()));
    change.update(&tx).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Keep these recovery codes, then use them"), PAGE))
}

/// Puts the drafted recovery codes in the place of those from before.
pub async fn use_codes(acting: &Acting, services: &Services) -> Result<Done, ServiceError> {
    let (user, now) = (acting.actor.user.0, services.clock().now());
    let row = second_factor::Entity::find_by_id(user).one(services.db()).await?;
    let row = row.filter(|row| row.confirmed_at.is_some()).ok_or(FactorConflict::SecondFactorIsOff)?;
    if !is_fresh(&row, now) {
        return Err(FactorConflict::DraftIsOver.into());
    }
    let hashes = recovery::hash_all(services, fresh_codes(services, &row)?).await?;
    let tx = services.write().await?;
    let same =
        second_factor::Column::Id.eq(user).and(second_factor::Column::FreshCodesSealed.eq(row.fresh_codes_sealed));
    if clear_drafts(&tx, same).await? == 0 {
        return Err(FactorConflict::DraftIsOver.into());
    }
    recovery::replace(&tx, user, hashes).await?;
    record(&tx, acting, services, RECOVERY_CODES_RENEWED, audit::no_changes()).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("The new recovery codes count, and the ones from before are worth nothing"), PAGE))
}

/// Turns it off, after the password. The person's other sessions end, and this one goes on under a new id.
pub async fn turn_off(
    acting: &Acting,
    services: &Services,
    current: &Session,
    form: &PasswordForm,
) -> Result<Done, ServiceError> {
    passwords::check(acting, services, "password", &form.password).await?;
    let actor = &acting.actor;
    let tx = services.write().await?;
    session_rows::expect_going_on(&tx, current, actor.user).await?;
    if is_required(&tx, actor.role, actor.account.0).await? {
        return Err(FactorConflict::SecondFactorIsRequired.into());
    }
    if !remove(&tx, actor.user.0).await? {
        return Err(FactorConflict::SecondFactorIsOff.into());
    }
    session_rows::end_all(&tx, actor.user).await?;
    record(&tx, acting, services, SECOND_FACTOR_TURNED_OFF, audit::no_changes()).await?;
    let standing = Standing::now(&tx, actor.user).await?;
    tx.commit().await?;
    services.live().session_ended();
    session_rows::begin(services, current, (actor.user, &standing), &acting.address).await?;
    Ok(Done::new(tr!("Your second factor is off. The password alone leads in"), PAGE))
}

/// Takes a person's second factor away; whether there was one that counted.
pub(crate) async fn remove(db: &impl ConnectionTrait, user: i64) -> Result<bool, DbErr> {
    let counted = is_on(db, user).await?;
    second_factor::Entity::delete_by_id(user).exec(db).await?;
    Ok(counted)
}

/// Whether a code is asked for when the person signs in.
pub(crate) async fn is_on(db: &impl ConnectionTrait, user: i64) -> Result<bool, DbErr> {
    let counts = second_factor::Column::ConfirmedAt.is_not_null();
    Ok(second_factor::Entity::find_by_id(user).filter(counts).count(db).await? > 0)
}

/// Whether the account wants a person of this role to have one.
pub(crate) async fn is_required(db: &impl ConnectionTrait, role: Role, account: i64) -> Result<bool, DbErr> {
    let account = account::Entity::find_by_id(account).one(db).await?;
    Ok(account.is_some_and(|account| is_required_of(role, account.partners_need_second_factor)))
}

/// The same for an account that is known already.
pub(crate) fn is_required_of(role: Role, partners_need_one: bool) -> bool {
    role == Role::Partner && partners_need_one
}

/// What a code was, that was right and is used up now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spent {
    Time,
    /// With so many left.
    Recovery {
        left: u64,
    },
}

/// Uses a code up. `None` where it is wrong, or was used before.
pub(crate) async fn spend(
    services: &Services,
    place: &Place,
    user: i64,
    code: &Code,
) -> Result<Option<Spent>, ServiceError> {
    let Code::Recovery(typed) = code else {
        return spend_time_code(services, user, code).await;
    };
    Ok(recovery::spend(services.db(), place, user, typed).await?.map(|left| Spent::Recovery { left }))
}

/// RFC 6238, section 5.2: a code that was accepted is not accepted again.
async fn spend_time_code(services: &Services, user: i64, code: &Code) -> Result<Option<Spent>, ServiceError> {
    let row = second_factor::Entity::find_by_id(user).one(services.db()).await?;
    let Some(row) = row.filter(|row| row.confirmed_at.is_some()) else { return Ok(None) };
    let Some(step) = totp::Secret::open(services, &row)?.step_of(code, services.clock().now()) else { return Ok(None) };
    let used = second_factor::Entity::update_many()
        .col_expr(second_factor::Column::LastStep, Expr::val(step))
        .filter(second_factor::Column::Id.eq(user))
        // Of two at once with the same code one is too late.
        .filter(second_factor::Column::LastStep.lt(step))
        .exec(services.db())
        .await?;
    Ok((used.rows_affected > 0).then_some(Spent::Time))
}

/// Forgets what was drafted and not confirmed in time.
pub(crate) async fn forget_drafts(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    let old = || {
        let drafted = second_factor::Column::DraftedAt;
        drafted.lte(oldest_draft(now)).or(drafted.gt(now + MOST_AHEAD))
    };
    let unconfirmed = second_factor::Column::ConfirmedAt.is_null().and(old());
    second_factor::Entity::delete_many().filter(unconfirmed).exec(db).await?;
    clear_drafts(db, old()).await?;
    Ok(())
}

/// Forgets drafted recovery codes beside a second factor that counts; of how many people.
async fn clear_drafts(db: &impl ConnectionTrait, of: Expr) -> Result<u64, DbErr> {
    let cleared = second_factor::Entity::update_many()
        .set(second_factor::ActiveModel { fresh_codes_sealed: Set(None), drafted_at: Set(None), ..Default::default() })
        .filter(second_factor::Column::ConfirmedAt.is_not_null())
        .filter(of);
    Ok(cleared.exec(db).await?.rows_affected)
}

/// Notes what somebody who gave the right password did with codes.
pub(crate) async fn record_code(
    services: &Services,
    acting: &Acting,
    spent: Option<Spent>,
) -> Result<(), ServiceError> {
    let (deed, changes) = match spent {
        None => (SECOND_FACTOR_REFUSED, audit::no_changes()),
        Some(Spent::Recovery { left }) => (RECOVERY_CODE_USED, json!({ "recovery codes": [left + 1, left] })),
        Some(Spent::Time) => return Ok(()),
    };
    Ok(record(services.db(), acting, services, deed, changes).await?)
}

async fn record(
    db: &impl ConnectionTrait,
    acting: &Acting,
    services: &Services,
    deed: Deed,
    changes: serde_json::Value,
) -> Result<(), DbErr> {
    let actor = &acting.actor;
    let subject = Subject { kind: "user", id: actor.user.0, name: &actor.email, organization: actor.organization };
    audit::record(db, acting, services.clock().now(), deed, subject, changes).await
}
