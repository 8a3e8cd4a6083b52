//! First run: the partner account, its first organization, the first Partner.

use model::{
    form::Done,
    ids::{AccountId, OrganizationId, UserId},
    people::{Actor, Role, Setup, SetupForm, SetupState},
};
use sea_orm::{ActiveValue::Set, EntityTrait};
use subtle::ConstantTimeEq as _;
use tower_sessions::Session;

use crate::{
    account,
    acting::Acting,
    audit::{self, Deed, Subject},
    codes,
    context::Services,
    database, entity,
    error::ServiceError,
    organizations,
    passwords::{self, PasswordOwner},
    session_rows::{self, Standing},
    users,
};

const ACCOUNT_CREATED: Deed = Deed::new("account created");

/// Whether the first-run page is open, and whether it asks for the code: where strangers could send the request.
pub async fn state(services: &Services, code_required: bool) -> Result<SetupState, ServiceError> {
    let open = !account::exists(services.db()).await?;
    Ok(SetupState { open, code_required })
}

/// The one-time code, for the operator's terminal; `None` where the account existed when the process started.
pub fn code(services: &Services) -> Option<String> {
    services.setup_code().map(str::to_owned)
}

/// Makes account, organization and Partner in one transaction, and signs the Partner in. The code is asked for where
/// `code_required`.
///
/// Once an account exists there is no such page: the answer is [`ServiceError::NotFound`].
pub async fn create_account(
    services: &Services,
    session: &Session,
    address: String,
    code_required: bool,
    form: &SetupForm,
) -> Result<Done, ServiceError> {
    if account::exists(services.db()).await? {
        return Err(ServiceError::NotFound);
    }
    if code_required {
        check_code(services, form)?;
    }
    let acting = create(services, form.parse()?, address).await?;
    let standing = Standing::now(services.db(), acting.actor.user).await?;
    session_rows::begin(services, session, (acting.actor.user, &standing), &acting.address).await?;
    let done = Done::new(tr!("Your account is ready"), "/");
    Ok(done.and_next(tr!("Add Credentials"), "/backup-credentials?dialog=add"))
}

/// The same without a browser, for the demo.
pub async fn create(services: &Services, setup: Setup, address: String) -> Result<Acting, ServiceError> {
    let owner = PasswordOwner { email: setup.email.as_str(), organization: setup.organization.as_str() };
    let place = passwords::enter_trusted(services)?;
    let hash = passwords::hash_new(&place, "password", &setup.password, owner).await?;
    let now = services.clock().now();
    let tx = services.write().await?;
    let row = entity::account::ActiveModel {
        origin: Set(account::FIRST_RUN.to_owned()),
        name: Set(setup.account.as_str().to_owned()),
        partners_need_second_factor: Set(false),
        created_at: Set(now),
        ..Default::default()
    };
    let account = match entity::account::Entity::insert(row).exec(&tx).await {
        Ok(inserted) => AccountId(inserted.last_insert_id),
        // Somebody else's first run was faster.
        Err(error) if database::is_unique_violation(&error) => return Err(ServiceError::NotFound),
        Err(error) => return Err(error.into()),
    };
    let organization = organizations::insert(&tx, account, &setup.organization, setup.time_zone, now).await?;
    let user = users::insert(&tx, organization, &setup.email, Role::Partner, hash, now).await?;
    let acting = Acting { actor: first_partner(account, organization, user, &setup), address };
    let subject = Subject { kind: "account", id: account.0, name: setup.account.as_str(), organization };
    audit::record(&tx, &acting, now, ACCOUNT_CREATED, subject, audit::no_changes()).await?;
    tx.commit().await?;
    Ok(acting)
}

fn first_partner(account: AccountId, organization: OrganizationId, user: UserId, setup: &Setup) -> Actor {
    Actor {
        user,
        account,
        organization,
        organization_name: setup.organization.as_str().to_owned(),
        email: setup.email.as_str().to_owned(),
        role: Role::Partner,
    }
}

fn check_code(services: &Services, form: &SetupForm) -> Result<(), ServiceError> {
    // An account that was there at the start and is gone now has left no code: the next start makes one.
    let code = services.setup_code().ok_or(ServiceError::NotFound)?;
    let typed = form.setup_code.trim().to_uppercase();
    if bool::from(typed.as_bytes().ct_eq(code.as_bytes())) {
        return Ok(());
    }
    Err(ServiceError::at("setup_code", tr!("Setup Code is wrong. The server printed it when it started")))
}

/// 20 letters and digits, in groups of five: 99 bits.
pub(crate) fn new_code() -> String {
    codes::readable(4)
}
