//! Users: list, invite, change role, reset the password, remove.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use model::{
    form::Done,
    ids::{OrganizationId, UserId},
    list::{ListQuery, Page},
    people::{Email, Role},
    permission::{Action, Owner},
    user::{InviteForm, RoleForm, SignsIn, UserList, UserRef, UserRow},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, JoinType,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, RelationTrait, sea_query::Expr,
};
use serde_json::{Value, json};

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    context::Services,
    database,
    entity::{identity, organization, second_factor as second_factor_row, users},
    error::{Refusal, ServiceError},
    listing, organizations, second_factor, session_rows,
};

mod identities;
mod links;
mod operator;

pub(crate) use self::identities::by_identity;
pub use self::{
    links::{look_at_link, set_password_by_link},
    operator::{UserLine, add, list_all, reset_second_factor as reset_second_factor_of, set_password},
};

pub const USER_ADDED: Deed = Deed::new("user added");
const USER_INVITED: Deed = Deed::new("user invited");
pub const ROLE_CHANGED: Deed = Deed::new("role changed");
const USER_REMOVED: Deed = Deed::new("user removed");
const PASSWORD_RESET_REQUESTED: Deed = Deed::new("password reset requested");
pub const PASSWORD_SET: Deed = Deed::new("password set");
pub const SECOND_FACTOR_RESET: Deed = Deed::new("second factor reset");

/// Why a user cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserConflict {
    #[error("{}", tr!("You cannot remove yourself. Ask another Partner or Manager"))]
    OwnUser,
    #[error("{}", tr!("This is the last Partner of the account and can be neither removed nor given another role"))]
    LastPartner,
    #[error("{}", tr!("This user has no second factor"))]
    UserHasNoSecondFactor,
    #[error("{}", tr!("Turn your own second factor off on your profile. That asks for your password"))]
    OwnSecondFactor,
}

impl Refusal for UserConflict {}

/// The page to which every change leads back.
const PAGE: &str = "/users";

/// One page of the users within the person's reach.
pub async fn list(acting: &Acting, services: &Services, query: &ListQuery) -> Result<UserList, ServiceError> {
    let db = services.db();
    let only = acting.confined_to(Action::ManageUsers)?.or(query.organization);
    let mut select = users::Entity::find()
        .join(JoinType::InnerJoin, users::Relation::Organization.def())
        .filter(organization::Column::AccountId.eq(acting.actor.account.0));
    if let Some(only) = only {
        select = select.filter(users::Column::OrganizationId.eq(only.0));
    }
    let search = query.search();
    if !search.is_empty() {
        select = select.filter(
            sea_orm::Condition::any()
                .add(listing::contains((users::Entity, users::Column::Email), &search))
                .add(listing::contains((users::Entity, users::Column::Role), &search))
                .add(listing::contains((organization::Entity, organization::Column::Name), &search)),
        );
    }
    let all = select.clone();
    let by: Expr = match query.sort.as_str() {
        "role" => Expr::col((users::Entity, users::Column::Role)),
        "organization" => listing::folded((organization::Entity, organization::Column::Name)),
        "created" => Expr::col((users::Entity, users::Column::CreatedAt)),
        _ => Expr::col((users::Entity, users::Column::Email)),
    };
    let rows = select
        .order_by(by, listing::order(query.descending))
        .order_by(users::Column::Id, listing::order(query.descending))
        .offset(query.offset())
        .limit(query.per_page())
        .select_also(organization::Entity)
        .all(db)
        .await?;
    let total = listing::total(query, rows.len(), all.count(db)).await?;
    let ids = || rows.iter().map(|(user, _)| user.id);
    let (protected, provided) = (with_second_factor(db, ids()).await?, with_provider(db, ids()).await?);
    let rows = rows.into_iter().filter_map(|(user, home)| {
        let signs_in = if user.password_hash.is_empty() && !provided.contains(&user.id) {
            SignsIn::NotYet
        } else if protected.contains(&user.id) {
            SignsIn::WithSecondFactor
        } else if user.password_hash.is_empty() {
            SignsIn::WithProvider
        } else {
            SignsIn::WithPassword
        };
        Some(view(acting, user, home?, signs_in))
    });
    Ok(UserList {
        page: Page::new(query, rows.collect::<Result<_, _>>()?, total),
        organizations: organizations::choices(acting, db, Action::ManageUsers).await?,
        roles: roles_to_give(acting),
    })
}

/// Who of these people has a second factor.
async fn with_second_factor(
    db: &impl ConnectionTrait,
    users: impl Iterator<Item = i64>,
) -> Result<HashSet<i64>, DbErr> {
    let found = second_factor_row::Entity::find()
        .filter(second_factor_row::Column::Id.is_in(users))
        .filter(second_factor_row::Column::ConfirmedAt.is_not_null());
    Ok(found.all(db).await?.into_iter().map(|row| row.id).collect())
}

/// Who of these people the sign-in provider knows.
async fn with_provider(db: &impl ConnectionTrait, users: impl Iterator<Item = i64>) -> Result<HashSet<i64>, DbErr> {
    let found = identity::Entity::find().filter(identity::Column::UserId.is_in(users));
    Ok(found.all(db).await?.into_iter().map(|row| row.user_id).collect())
}

fn view(
    acting: &Acting,
    user: users::Model,
    home: organization::Model,
    signs_in: SignsIn,
) -> Result<UserRow, ServiceError> {
    let role: Role = user.role.parse().map_err(ServiceError::Stored)?;
    Ok(UserRow {
        id: UserId(user.id),
        role,
        signs_in,
        created: user.created_at,
        own: user.id == acting.actor.user.0,
        may_manage: acting.actor.may_manage_role(role, organizations::owner(&home)).is_ok(),
        organization: home.name,
        email: user.email,
    })
}

fn roles_to_give(acting: &Acting) -> Vec<Role> {
    let own = Owner { account: acting.actor.account, organization: acting.actor.organization };
    Role::ALL.into_iter().filter(|role| acting.actor.may_manage_role(*role, own).is_ok()).collect()
}

/// Adds a user who has no password yet, and makes the link by which one is set. The link is in the answer and nowhere
/// else.
pub async fn invite(acting: &Acting, services: &Services, form: &InviteForm) -> Result<Done, ServiceError> {
    acting.actor.reach(Action::ManageUsers)?;
    let invitation = form.parse()?;
    let now = services.clock().now();
    let tx = services.write().await?;
    let home = organizations::chosen(acting, &tx, Action::ManageUsers, invitation.organization).await?;
    acting.actor.may_manage_role(invitation.role, organizations::owner(&home))?;
    let no_password = String::new();
    let home_id = OrganizationId(home.id);
    let inserted = insert(&tx, home_id, &invitation.email, invitation.role, no_password, now).await;
    let id = match inserted {
        Err(error) if database::is_unique_violation(&error) => {
            return Err(ServiceError::at("email", tr!("There is a user {} already", invitation.email)));
        }
        inserted => inserted?,
    };
    let link = links::make(&tx, acting, id, now).await?;
    let subject = Subject { kind: "user", id: id.0, name: invitation.email.as_str(), organization: home_id };
    let changes = json!({ "role": [null, invitation.role] });
    audit::record(&tx, acting, now, USER_INVITED, subject, changes).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("{} invited. Pass on the link; it is shown once", invitation.email), PAGE).with_link(link))
}

/// Makes a link by which the user sets another password. The old one counts until then.
pub async fn reset_password(acting: &Acting, services: &Services, form: &UserRef) -> Result<Done, ServiceError> {
    let id = form.user().map_err(|_| ServiceError::NotFound)?;
    let now = services.clock().now();
    let tx = services.write().await?;
    let (user, _) = find(acting, &tx, id).await?;
    let link = links::make(&tx, acting, id, now).await?;
    record(&tx, acting, now, PASSWORD_RESET_REQUESTED, &user, audit::no_changes()).await?;
    tx.commit().await?;
    let message = tr!("{} can set another password. Pass on the link; it is shown once", user.email);
    Ok(Done::new(message, PAGE).with_link(link))
}

/// Gives a user another role, and ends the user's sessions: the new role begins with a new sign-in.
pub async fn change_role(acting: &Acting, services: &Services, form: &RoleForm) -> Result<Done, ServiceError> {
    let id = form.user().map_err(|_| ServiceError::NotFound)?;
    let role = form.role()?;
    let word = role.as_str();
    let now = services.clock().now();
    let tx = services.write().await?;
    let (user, home) = find(acting, &tx, id).await?;
    acting.actor.may_manage_role(role, organizations::owner(&home))?;
    if role.as_str() == user.role {
        return Ok(Done::new(tr!("{} is {} already", user.email, tr!(word)), PAGE));
    }
    if role != Role::Partner {
        keep_a_partner(&tx, &user, &home).await?;
    }
    let mut change = user.clone().into_active_model();
    change.role = Set(role.as_str().to_owned());
    change.update(&tx).await?;
    session_rows::end_all(&tx, id).await?;
    record(&tx, acting, now, ROLE_CHANGED, &user, json!({ "role": [user.role, role] })).await?;
    tx.commit().await?;
    services.live().session_ended();
    Ok(Done::new(tr!("{} is {} now", user.email, tr!(word)), PAGE))
}

/// Takes the second factor of somebody who has lost it, and ends the user's sessions.
pub async fn reset_second_factor(acting: &Acting, services: &Services, form: &UserRef) -> Result<Done, ServiceError> {
    let id = form.user().map_err(|_| ServiceError::NotFound)?;
    let tx = services.write().await?;
    let (user, _) = find(acting, &tx, id).await?;
    if id == acting.actor.user {
        return Err(UserConflict::OwnSecondFactor.into());
    }
    if !second_factor::remove(&tx, user.id).await? {
        return Err(UserConflict::UserHasNoSecondFactor.into());
    }
    session_rows::end_all(&tx, id).await?;
    record(&tx, acting, services.clock().now(), SECOND_FACTOR_RESET, &user, audit::no_changes()).await?;
    tx.commit().await?;
    services.live().session_ended();
    Ok(Done::new(tr!("The second factor of {} is gone. The password alone leads in", user.email), PAGE))
}

/// Removes a user; the sessions go with the row.
pub async fn remove(acting: &Acting, services: &Services, form: &UserRef) -> Result<Done, ServiceError> {
    let id = form.user().map_err(|_| ServiceError::NotFound)?;
    let tx = services.write().await?;
    let (user, home) = find(acting, &tx, id).await?;
    if id == acting.actor.user {
        return Err(UserConflict::OwnUser.into());
    }
    keep_a_partner(&tx, &user, &home).await?;
    users::Entity::delete_by_id(user.id).exec(&tx).await?;
    record(&tx, acting, services.clock().now(), USER_REMOVED, &user, audit::no_changes()).await?;
    tx.commit().await?;
    services.live().session_ended();
    Ok(Done::new(tr!("{} removed", user.email), PAGE))
}

/// A user whom the person may manage.
async fn find(
    acting: &Acting,
    db: &impl ConnectionTrait,
    id: UserId,
) -> Result<(users::Model, organization::Model), ServiceError> {
    let found = users::Entity::find_by_id(id.0).find_also_related(organization::Entity).one(db).await?;
    let (user, home) = found.and_then(|(user, home)| Some((user, home?))).ok_or(ServiceError::NotFound)?;
    let role = user.role.parse().map_err(ServiceError::Stored)?;
    acting.actor.may_manage_role(role, organizations::owner(&home))?;
    Ok((user, home))
}

/// Refuses what would leave the account without a Partner who can sign in.
async fn keep_a_partner(
    db: &impl ConnectionTrait,
    user: &users::Model,
    home: &organization::Model,
) -> Result<(), ServiceError> {
    if user.role != Role::Partner.as_str() {
        return Ok(());
    }
    organizations::lock_account(db, home.account_id).await?;
    let others = users::Entity::find()
        .inner_join(organization::Entity)
        .filter(organization::Column::AccountId.eq(home.account_id))
        .filter(users::Column::Role.eq(Role::Partner.as_str()))
        .filter(users::Column::PasswordHash.ne(""))
        .filter(users::Column::Id.ne(user.id))
        .count(db)
        .await?;
    if others == 0 { Err(UserConflict::LastPartner.into()) } else { Ok(()) }
}

pub(crate) async fn insert(
    db: &impl ConnectionTrait,
    organization: OrganizationId,
    email: &Email,
    role: Role,
    password_hash: String,
    now: DateTime<Utc>,
) -> Result<UserId, DbErr> {
    let row = users::ActiveModel {
        organization_id: Set(organization.0),
        email: Set(email.as_str().to_owned()),
        password_hash: Set(password_hash),
        role: Set(role.as_str().to_owned()),
        created_at: Set(now),
        ..Default::default()
    };
    Ok(UserId(users::Entity::insert(row).exec(db).await?.last_insert_id))
}

async fn record(
    db: &impl ConnectionTrait,
    author: impl Into<audit::Author>,
    now: DateTime<Utc>,
    deed: Deed,
    user: &users::Model,
    changes: Value,
) -> Result<(), DbErr> {
    let organization = OrganizationId(user.organization_id);
    let subject = Subject { kind: "user", id: user.id, name: &user.email, organization };
    audit::record(db, author, now, deed, subject, changes).await
}
