//! What everybody changes of themselves: the password, the sessions.

use model::{
    form::Done,
    profile::{ChangePasswordForm, ProfileView, SessionRef, SessionRow},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder,
};
use tower_sessions::Session;

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    context::Services,
    entity::session,
    error::ServiceError,
    passwords::{self, PasswordOwner},
    second_factor,
    session_rows::{self, Standing},
};

const PASSWORD_CHANGED: Deed = Deed::new("password changed");
const SESSION_ENDED: Deed = Deed::new("session ended");

/// The page to which every change leads back.
const PAGE: &str = "/profile";

/// The person and the sessions that have not ended, newest first.
pub async fn get(acting: &Acting, services: &Services, current: &Session) -> Result<ProfileView, ServiceError> {
    let current = session_rows::key(current);
    let rows = session::Entity::find()
        .filter(session::Column::UserId.eq(acting.actor.user.0))
        .filter(session::Column::SignedInFrom.is_not_null())
        .filter(session::Column::ExpiresAt.gt(services.clock().now()))
        .order_by_desc(session::Column::CreatedAt)
        .all(services.db())
        .await?;
    let view = |row: session::Model| SessionRow {
        current: current.as_ref() == Some(&row.id),
        handle: row.id,
        started: row.created_at,
        expires: row.expires_at,
        address: row.signed_in_from.unwrap_or_default(),
    };
    let second_factor = second_factor::is_on(services.db(), acting.actor.user.0).await?;
    let sessions = rows.into_iter().map(view).collect();
    Ok(ProfileView { actor: acting.actor.clone(), second_factor, sessions })
}

/// Changes the password and ends the person's other sessions. This one goes on under a new id.
pub async fn change_password(
    acting: &Acting,
    services: &Services,
    current: &Session,
    form: &ChangePasswordForm,
) -> Result<Done, ServiceError> {
    let (id, actor) = (acting.actor.user, &acting.actor);
    let user = passwords::check(acting, services, "current_password", &form.current_password).await?;
    let owner = PasswordOwner { email: &user.email, organization: &actor.organization_name };
    let place = passwords::enter_trusted(services)?;
    let new_hash = passwords::hash_new(&place, "new_password", &form.new_password()?, owner).await?;
    let tx = services.write().await?;
    // Who ended this session meanwhile may have changed the password, which then stays as it is.
    session_rows::expect_going_on(&tx, current, id).await?;
    let mut change = user.into_active_model();
    change.password_hash = Set(new_hash);
    change.update(&tx).await?;
    session_rows::end_all(&tx, id).await?;
    record(&tx, acting, services, PASSWORD_CHANGED).await?;
    let standing = Standing::now(&tx, id).await?;
    tx.commit().await?;
    services.live().session_ended();
    session_rows::begin(services, current, (id, &standing), &acting.address).await?;
    Ok(Done::new(tr!("Password changed. Your other sessions have ended"), PAGE))
}

/// Ends one of the person's sessions.
pub async fn end_session(acting: &Acting, services: &Services, form: &SessionRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let named = session::Entity::delete_many()
        .filter(session::Column::UserId.eq(acting.actor.user.0))
        .filter(session::Column::Id.eq(form.session.as_str()));
    if named.exec(&tx).await?.rows_affected == 0 {
        return Err(ServiceError::NotFound);
    }
    record(&tx, acting, services, SESSION_ENDED).await?;
    tx.commit().await?;
    services.live().session_ended();
    Ok(Done::new(tr!("Session ended"), PAGE))
}

async fn record(db: &impl ConnectionTrait, acting: &Acting, services: &Services, deed: Deed) -> Result<(), DbErr> {
    let actor = &acting.actor;
    let subject = Subject { kind: "user", id: actor.user.0, name: &actor.email, organization: actor.organization };
    audit::record(db, acting, services.clock().now(), deed, subject, audit::no_changes()).await
}
