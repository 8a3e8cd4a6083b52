//! What a Partner decides for the whole account.

use model::{
    form::Done,
    ids::AccountId,
    permission::{Action, Owner},
    second_factor::{AccountForm, AccountView},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter,
};
use serde_json::json;

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    context::Services,
    entity::account,
    error::ServiceError,
    organizations, second_factor,
};

const ACCOUNT_CHANGED: Deed = Deed::new("account changed");

/// What the one account of an installation came from. The column is unique, so there is never a second.
pub(crate) const FIRST_RUN: &str = "first-run";

/// The page to which a change leads back.
const PAGE: &str = "/organizations";

pub async fn get(acting: &Acting, services: &Services) -> Result<AccountView, ServiceError> {
    let row = find(acting, services.db(), acting.actor.account).await?;
    Ok(AccountView {
        id: AccountId(row.id),
        name: row.name,
        partners_need_second_factor: row.partners_need_second_factor,
    })
}

/// Saves what the Partner decided. Who demands a second factor of others has one.
pub async fn save(acting: &Acting, services: &Services, form: &AccountForm) -> Result<Done, ServiceError> {
    let id = form.account().map_err(|_| ServiceError::NotFound)?;
    let needed = form.partners_need_second_factor.0;
    let tx = services.write().await?;
    organizations::lock_account(&tx, id.0).await?;
    let row = find(acting, &tx, id).await?;
    if row.partners_need_second_factor == needed {
        return Ok(Done::new(tr!("Nothing changed"), PAGE));
    }
    if needed && !second_factor::is_on(&tx, acting.actor.user.0).await? {
        let hint = tr!("Set up your own second factor first, on your profile");
        return Err(ServiceError::at("partners_need_second_factor", hint));
    }
    let changes = json!({ "partners need a second factor": [row.partners_need_second_factor, needed] });
    let name = row.name.clone();
    let mut change = row.into_active_model();
    change.partners_need_second_factor = Set(needed);
    change.update(&tx).await?;
    let actor = &acting.actor;
    let subject = Subject { kind: "account", id: actor.account.0, name: &name, organization: actor.organization };
    audit::record(&tx, acting, services.clock().now(), ACCOUNT_CHANGED, subject, changes).await?;
    tx.commit().await?;
    let message = if needed {
        tr!("Partners must use a second factor now")
    } else {
        tr!("A second factor is each Partner's choice now")
    };
    Ok(Done::new(message, PAGE))
}

async fn find(acting: &Acting, db: &impl ConnectionTrait, id: AccountId) -> Result<account::Model, ServiceError> {
    let own = Owner { account: id, organization: acting.actor.organization };
    acting.may(Action::ManageAccount, own)?;
    account::Entity::find_by_id(id.0).one(db).await?.ok_or(ServiceError::NotFound)
}

/// The one account of the installation, once it is there.
pub(crate) async fn installed(db: &impl ConnectionTrait) -> Result<Option<AccountId>, DbErr> {
    let found = account::Entity::find().filter(account::Column::Origin.eq(FIRST_RUN)).one(db).await?;
    Ok(found.map(|account| AccountId(account.id)))
}

/// Whether any account is there.
pub(crate) async fn exists(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(account::Entity::find().count(db).await? > 0)
}
