//! Backup credentials: list, add, update, lock, set default, delete.

use std::time::Duration;

use engine::{KeyCheck, S3, S3Access, S3Error, Unreachable};
use model::{
    credential::{CaCertificate, CredentialList, CredentialRef, CredentialRow},
    ids::{CredentialId, OrganizationId},
    list::ListQuery,
    names::S3Name,
    people::Role,
    permission::Action,
    rule::RuleError,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter};
use tokio::time::timeout;

use crate::{
    acting::Acting,
    audit::Subject,
    context::Services,
    entity::{backup_credential, organization, removal},
    error::{Refusal, ServiceError, credential_form_errors},
    organizations,
};

mod add;
mod check;
mod move_endpoint;
mod reach;
mod rows;
mod state;
mod update;

pub use self::{
    add::add,
    check::{check_next, check_now},
    move_endpoint::move_endpoint,
    state::{delete, lock, set_default, unlock},
    update::update,
};

/// Why a backup credential cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialConflict {
    #[error(
        "{}",
        tr!(
            "The backups of deleted projects are still being removed with this credential: {}. What holds that up stands on the Dashboard under Needs Attention",
            .projects.join(", ")
        )
    )]
    CredentialIsRemoving { projects: Vec<String> },
    #[error(
        "{}",
        tr!("A run is working with the backups of this credential. Wait until it has ended, or cancel it, and try again")
    )]
    CredentialIsAtWork,
    #[error("{}", tr!("Another project has begun to use this credential meanwhile. Nothing was moved. Try again"))]
    CredentialGotAnotherProject,
    #[error("{}", tr!("Backup credential already locked"))]
    CredentialAlreadyLocked,
    #[error("{}", tr!("Backup credential already unlocked"))]
    CredentialAlreadyUnlocked,
    #[error("{}", tr!("Backup credential is locked"))]
    CredentialIsLocked,
    #[error(
        "{}",
        tr!("Backup credential is used by {n} project(s)" | "Backup credential is used by {n} project(s)" % *.projects)
    )]
    CredentialIsUsed { projects: u64 },
    #[error("{}", tr!("Backup credential is the default already"))]
    CredentialIsDefault,
}

impl Refusal for CredentialConflict {}

/// The page to which every change leads back.
const PAGE: &str = "/backup-credentials";

/// One page of the credentials within the person's reach.
pub async fn list(acting: &Acting, services: &Services, query: &ListQuery) -> Result<CredentialList, ServiceError> {
    Ok(CredentialList {
        page: rows::page(acting, services.db(), query).await?,
        organizations: organizations::choices(acting, services.db(), Action::ManageCredentials).await?,
    })
}

/// One credential, for the form that changes it.
pub async fn get(acting: &Acting, services: &Services, id: CredentialId) -> Result<CredentialRow, ServiceError> {
    find(acting, services.db(), id).await?;
    rows::one(services.db(), id.0).await?.ok_or(ServiceError::NotFound)
}

/// A credential that the person may manage.
async fn find(
    acting: &Acting,
    db: &impl ConnectionTrait,
    id: CredentialId,
) -> Result<backup_credential::Model, ServiceError> {
    let found = backup_credential::Entity::find_by_id(id.0).find_also_related(organization::Entity).one(db).await?;
    let (row, home) = found.and_then(|(row, home)| Some((row, home?))).ok_or(ServiceError::NotFound)?;
    acting.may(Action::ManageCredentials, organizations::owner(&home))?;
    Ok(row)
}

/// The same for a change, under the lock of its organization: what concerns several credentials of an organization, or
/// a credential and the projects that use it, is decided by one at a time.
async fn find_for_change(
    acting: &Acting,
    db: &impl ConnectionTrait,
    form: &CredentialRef,
) -> Result<backup_credential::Model, ServiceError> {
    let id = form.credential().map_err(|_| ServiceError::NotFound)?;
    let home = OrganizationId(find(acting, db, id).await?.organization_id);
    organizations::lock(db, home).await?;
    find(acting, db, id).await
}

/// Refuses while backups of deleted projects are still to be removed with the credential.
async fn refuse_while_removing(db: &impl ConnectionTrait, credential: i64) -> Result<(), ServiceError> {
    let removing = removal::Entity::find().filter(removal::Column::BackupCredentialId.eq(credential)).all(db).await?;
    if removing.is_empty() {
        return Ok(());
    }
    let projects = removing.into_iter().map(|removal| removal.project_name).collect();
    Err(CredentialConflict::CredentialIsRemoving { projects }.into())
}

/// By whom a credential was changed after a form about it was opened.
fn changed_meanwhile(row: &backup_credential::Model) -> String {
    tr!(
        "{} changed this backup credential at {} UTC, after you opened it. Nothing was saved. Cancel and open it \
         again to go on from what is stored now",
        row.modified_by,
        row.modified_at.format("%Y-%m-%d %H:%M"),
    )
}

/// How long the name of an endpoint is looked up once more to say what is to be allowed.
const LOOK_UP_WITHIN: Duration = Duration::from_secs(2);

/// Asks the endpoint whether it knows the keys.
async fn check_keys(acting: &Acting, services: &Services, access: &S3Access) -> Result<KeyCheck, ServiceError> {
    let error = match S3::connect(access, services.network()).check_keys().await {
        Ok(keys) => return Ok(keys),
        Err(error) => error,
    };
    // Who runs the installation is told what to set. To others the addresses behind its names are no business.
    if let S3Error::Unreachable(Unreachable::ForbiddenAddress) = error
        && acting.actor.role == Role::Partner
        && let Ok(Some(network)) = timeout(LOOK_UP_WITHIN, services.network().lacks(&access.endpoint)).await
    {
        let setting = format!("HOLDFAST_S3_ALLOW_NETWORKS={network}");
        return Err(ServiceError::at(
            "endpoint",
            tr!(
                "The endpoint's address is on a network that is not allowed yet. Set {} and restart Holdfast.",
                setting
            ),
        ));
    }
    Err(ServiceError::Invalid(credential_form_errors(&error)))
}

/// The authority that a credential trusts, where it is one.
fn trusted(typed: Option<&CaCertificate>) -> Result<Option<engine::CaCertificate>, ServiceError> {
    let parse = |typed: &CaCertificate| typed.as_str().parse();
    typed.map(parse).transpose().map_err(|_| ServiceError::at("ca_certificate", RuleError::Certificate))
}

/// Whether another credential of the organization than `except` has the name.
async fn name_taken(
    db: &impl ConnectionTrait,
    organization: i64,
    name: &S3Name,
    except: Option<i64>,
) -> Result<bool, DbErr> {
    let mut same = backup_credential::Entity::find()
        .filter(backup_credential::Column::OrganizationId.eq(organization))
        .filter(backup_credential::Column::S3NameKey.eq(name.folded()));
    if let Some(except) = except {
        same = same.filter(backup_credential::Column::Id.ne(except));
    }
    Ok(same.count(db).await? > 0)
}

fn name_error(name: &S3Name) -> ServiceError {
    ServiceError::at("s3_name", tr!("This organization has a backup credential named {} already", name))
}

fn with_notice(message: String, keys: KeyCheck) -> String {
    match keys {
        KeyCheck::Valid => message,
        KeyCheck::MayNotListBuckets => {
            tr!("{}. Its keys may not list buckets, so a bucket may have to be made for them beforehand", message)
        }
    }
}

fn subject(row: &backup_credential::Model) -> Subject<'_> {
    Subject {
        kind: "backup credential",
        id: row.id,
        name: &row.s3_name,
        organization: OrganizationId(row.organization_id),
    }
}
