//! One-time links: shown once, used once, good for 72 hours.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use model::{
    form::Done,
    ids::UserId,
    names::Hidden,
    user::{LINK_HOURS, LinkView, NewPasswordForm},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    sea_query::OnConflict,
};
use sha2::{Digest, Sha256};
use tower_sessions::Session;

use super::{PASSWORD_SET, record};
use crate::{
    acting::Acting,
    audit,
    clock::MOST_AHEAD,
    context::Services,
    entity::{one_time_link, organization, users},
    error::ServiceError,
    passwords::{self, PasswordOwner},
    session_rows::{self, Standing},
    sessions::{self, Entered},
};

/// Bytes of randomness in a token.
const TOKEN_BYTES: usize = 32;

/// Makes a link for the user, as a path of this site; an older one of the same user ends.
pub async fn make(
    db: &impl ConnectionTrait,
    acting: &Acting,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<String, DbErr> {
    let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; TOKEN_BYTES]>());
    let row = one_time_link::ActiveModel {
        user_id: Set(user.0),
        token_hash: Set(hash(&token)),
        expires_at: Set(now + TimeDelta::hours(LINK_HOURS)),
        created_by: Set(acting.actor.email.clone()),
    };
    let replace = OnConflict::column(one_time_link::Column::UserId)
        .update_columns([
            one_time_link::Column::TokenHash,
            one_time_link::Column::ExpiresAt,
            one_time_link::Column::CreatedBy,
        ])
        .to_owned();
    one_time_link::Entity::insert(row).on_conflict(replace).exec_without_returning(db).await?;
    Ok(format!("/set-password?token={token}"))
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Whom the link is for. A used, ended or invented one leads nowhere.
pub async fn look_at_link(services: &Services, token: &Hidden) -> Result<LinkView, ServiceError> {
    let (link, user) = find(services.db(), token, services.clock().now()).await?;
    let home = organization::Entity::find_by_id(user.organization_id).one(services.db()).await?;
    Ok(LinkView {
        email: user.email,
        organization: home.map(|home| home.name).unwrap_or_default(),
        expires: link.expires_at,
    })
}

/// Sets the password, ends the link and the user's sessions, and signs the person in: with a code where there is a
/// second factor, since a link stands for the password alone.
pub async fn set_password_by_link(
    services: &Services,
    session: &Session,
    address: String,
    form: &NewPasswordForm,
) -> Result<Done, ServiceError> {
    let now = services.clock().now();
    let (password, view) = (form.password()?, look_at_link(services, &form.token).await?);
    let owner = PasswordOwner { email: &view.email, organization: &view.organization };
    let place = passwords::enter_trusted(services)?;
    let new_hash = passwords::hash_new(&place, "password", &password, owner).await?;
    let tx = services.write().await?;
    let (link, user) = find(&tx, &form.token, now).await?;
    let used = one_time_link::Entity::delete_many()
        .filter(one_time_link::Column::UserId.eq(user.id))
        .filter(one_time_link::Column::TokenHash.eq(link.token_hash))
        .exec(&tx)
        .await?;
    if used.rows_affected == 0 {
        // The same link was used at the same time.
        return Err(ServiceError::NotFound);
    }
    let mut change = user.clone().into_active_model();
    change.password_hash = Set(new_hash);
    change.update(&tx).await?;
    session_rows::end_all(&tx, UserId(user.id)).await?;
    let acting = Acting { actor: session_rows::actor(&tx, user.id).await?, address };
    record(&tx, &acting, now, PASSWORD_SET, &user, audit::no_changes()).await?;
    let standing = Standing::now(&tx, UserId(user.id)).await?;
    tx.commit().await?;
    services.live().session_ended();
    Ok(match sessions::enter(services, session, (UserId(user.id), &standing), &acting.address, "/").await? {
        Entered::SignedIn => Done::new(tr!("Your password is set, and you are signed in"), "/"),
        Entered::OwesCode => Done::new(tr!("Your password is set. Enter a code to sign in"), sessions::CODE_PAGE),
    })
}

async fn find(
    db: &impl ConnectionTrait,
    token: &Hidden,
    now: DateTime<Utc>,
) -> Result<(one_time_link::Model, users::Model), ServiceError> {
    let found = one_time_link::Entity::find()
        .filter(one_time_link::Column::TokenHash.eq(hash(token.expose())))
        .filter(one_time_link::Column::ExpiresAt.gt(now))
        // One that is good for longer was made while the clock was wrong.
        .filter(one_time_link::Column::ExpiresAt.lte(now + TimeDelta::hours(LINK_HOURS) + MOST_AHEAD))
        .find_also_related(users::Entity)
        .one(db)
        .await?;
    found.and_then(|(link, user)| Some((link, user?))).ok_or(ServiceError::NotFound)
}
