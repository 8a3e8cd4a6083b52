//! Projects: list, look at, create.

use model::{
    credential::CredentialChoice,
    form::FormErrors,
    ids::{CredentialId, OrganizationId, ProjectId},
    list::ListQuery,
    maintenance::Health,
    permission::Action,
    project::{Backup, EnableBackup, NewProject, NewSource, ProjectChoices, ProjectList, ProjectView},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder,
};
use serde_json::json;

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    context::Services,
    database,
    entity::{backup_credential, organization, policy, project},
    error::{Refusal, ServiceError},
    organizations,
    repositories::{self, InUse},
    source_roots, sources,
    vault::Purpose,
};

pub mod backup_switch;
mod deletion;
mod home_node;
mod rows;
mod state;

use self::backup_switch::under_way::State;
pub(crate) use self::{deletion::remove_due, home_node::is_here, rows::newest};
pub use self::{
    deletion::{delete, undo_deletion},
    home_node::move_to_node,
    state::{lock, unlock},
};

const PROJECT_CREATED: Deed = Deed::new("project created");
const PROJECT_WITHDRAWN: Deed = Deed::new("project withdrawn because its backup could not be enabled");

/// Why a project cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectConflict {
    #[error("{}", tr!("Project already locked"))]
    ProjectAlreadyLocked,
    #[error("{}", tr!("Project already unlocked"))]
    ProjectAlreadyUnlocked,
    #[error("{}", tr!("The project is locked. Unlock it to change it"))]
    ProjectLocked,
}

impl Refusal for ProjectConflict {}

/// One page of the projects within the person's reach.
pub async fn list(acting: &Acting, services: &Services, query: &ListQuery) -> Result<ProjectList, ServiceError> {
    Ok(ProjectList {
        page: rows::page(acting, services.db(), query, services.clock().now()).await?,
        organizations: organizations::choices(acting, services.db(), Action::SeeProjects).await?,
        deleted: deletion::deleted(acting, services.db()).await?,
    })
}

/// A project that the person may do `action` to, with its organization.
pub(crate) async fn find(
    acting: &Acting,
    db: &impl ConnectionTrait,
    action: Action,
    id: ProjectId,
) -> Result<(project::Model, organization::Model), ServiceError> {
    let found = project::Entity::living()
        .filter(project::Column::Id.eq(id.0))
        .find_also_related(organization::Entity)
        .one(db)
        .await?;
    let (project, home) = found.and_then(|(project, home)| Some((project, home?))).ok_or(ServiceError::NotFound)?;
    acting.may(action, organizations::owner(&home))?;
    Ok((project, home))
}

/// The same, for a change: a locked project changes nothing.
pub(crate) async fn find_unlocked(
    acting: &Acting,
    db: &impl ConnectionTrait,
    id: ProjectId,
) -> Result<(project::Model, organization::Model), ServiceError> {
    let (project, home) = find(acting, db, Action::ManageProjects, id).await?;
    if project.locked {
        return Err(ProjectConflict::ProjectLocked.into());
    }
    Ok((project, home))
}

/// One project, for its own pages.
pub async fn get(acting: &Acting, services: &Services, id: ProjectId) -> Result<ProjectView, ServiceError> {
    let db = services.db();
    let (row, home) = find(acting, db, Action::SeeProjects, id).await?;
    let in_use = repositories::of_project(db, row.id).await?;
    let health =
        in_use.as_ref().map(|InUse { repository, .. }| Health::of(repository.verified_at, repository.damaged_at));
    let set_up = backup_switch::under_way::state(services, row.id).await?;
    let (under_way, set_up_failure) = match set_up {
        Some(State::UnderWay(row)) => (Some(row), None),
        Some(State::Failed(cause)) => (None, Some(cause)),
        None => (None, None),
    };
    let is_off = in_use.is_none();
    let backup = match in_use {
        None => match under_way {
            Some(row) => Backup::SettingUp { step: row.step, since: row.started_at },
            None => Backup::Off,
        },
        Some(in_use) => Backup::On {
            objects: repositories::objects(&in_use.repository)?,
            credential: CredentialId(in_use.credential.id),
            credential_name: in_use.credential.s3_name,
            bucket: in_use.repository.bucket,
            prefix: in_use.repository.prefix,
            keeps_versions: in_use.repository.keeps_versions,
        },
    };
    let policies = policy::Entity::living().filter(policy::Column::ProjectId.eq(row.id)).count(db).await?;
    let last_backup = rows::last_backups(db, [row.id]).await?.remove(&row.id);
    let may_manage = acting.may(Action::ManageProjects, organizations::owner(&home)).is_ok();
    Ok(ProjectView {
        id,
        source: sources::of(&row)?,
        node: row.node,
        name: row.name,
        organization: organizations::choice(home),
        locked: row.locked,
        backup,
        // One of the first policy is told until there is one.
        set_up_failure: set_up_failure.filter(|_| is_off || policies == 0),
        policies,
        last_backup,
        health,
        may_manage,
        deletion_delay: services.config().deletion_delay.as_secs(),
    })
}

/// What the add form, or with a project its Settings, offer to choose from.
pub async fn choices(
    acting: &Acting,
    services: &Services,
    project: Option<ProjectId>,
) -> Result<ProjectChoices, ServiceError> {
    let db = services.db();
    let only = match project {
        Some(id) => Some(OrganizationId(find(acting, db, Action::ManageProjects, id).await?.0.organization_id)),
        None => acting.confined_to(Action::ManageProjects)?,
    };
    let mut credentials = backup_credential::Entity::find()
        .inner_join(organization::Entity)
        .filter(organization::Column::AccountId.eq(acting.actor.account.0));
    if let Some(only) = only {
        credentials = credentials.filter(backup_credential::Column::OrganizationId.eq(only.0));
    }
    let credentials = credentials.order_by_asc(backup_credential::Column::S3NameKey).all(db).await?;
    Ok(ProjectChoices {
        organizations: organizations::choices(acting, db, Action::ManageProjects).await?,
        credentials: credentials.into_iter().map(credential_choice).collect(),
        source_roots: source_roots::shown(services, only).await?,
        nodes: home_node::choices(services).await?,
    })
}

fn credential_choice(row: backup_credential::Model) -> CredentialChoice {
    CredentialChoice {
        id: CredentialId(row.id),
        organization: OrganizationId(row.organization_id),
        s3_name: row.s3_name,
        default: row.is_default,
        locked: row.locked,
    }
}

/// Creates a project, whose backup is off.
pub(crate) async fn create(
    acting: &Acting,
    services: &Services,
    new: &NewProject,
) -> Result<(project::Model, organization::Model), ServiceError> {
    let home = organizations::chosen(acting, services.db(), Action::ManageProjects, new.organization).await?;
    let node = home_node::of_new(services, new).await?;
    // Another node's directory is looked at when it is backed up.
    let had_files = if is_here(services, node.as_deref()) {
        sources::check(services, OrganizationId(home.id), &new.source).await?;
        sources::has_files(services, OrganizationId(home.id), &new.source).await?
    } else {
        false
    };
    let row = insert(acting, services, (&home, node, had_files), new).await?;
    Ok((row, home))
}

/// A new project whose backup could not be enabled is withdrawn, so that the corrected form can be sent again; unless a
/// repository of it may lie in the bucket already, whose password would go with it.
pub(crate) async fn withdraw_or_keep(
    acting: &Acting,
    services: &Services,
    row: &project::Model,
    choice: &EnableBackup,
    error: ServiceError,
) -> ServiceError {
    let withdrawn = async {
        if backup_switch::may_lie_in_a_bucket(services.db(), row, choice).await? {
            return Ok(Some(created_without_backup(&row.name, &error)));
        }
        withdraw(acting, services, row).await?;
        Ok::<_, ServiceError>(None)
    };
    match withdrawn.await {
        Ok(None) => error,
        Ok(Some(error)) | Err(error) => error,
    }
}

fn created_without_backup(project: &str, error: &ServiceError) -> ServiceError {
    let error = error.to_string();
    let summary = tr!(
        "Project {} is created, but without backup. {}. Enable it in the project's Settings",
        project,
        error.trim_end_matches('.'),
    );
    ServiceError::Invalid(FormErrors::whole(summary))
}

async fn insert(
    acting: &Acting,
    services: &Services,
    (home, node, had_files): (&organization::Model, Option<String>, bool),
    new: &NewProject,
) -> Result<project::Model, ServiceError> {
    let now = services.clock().now();
    let tx = services.write_secrets().await?;
    let row = project::ActiveModel {
        organization_id: Set(home.id),
        name: Set(new.name.as_str().to_owned()),
        source_kind: Set(sources::kind(&new.source).to_owned()),
        source_location: Set(new.source.shown().location()),
        // Sealed to the row's id, which is not known yet.
        source_url_sealed: Set(matches!(new.source, NewSource::Postgres(_)).then(Vec::new)),
        source_had_files: Set(had_files),
        locked: Set(false),
        node: Set(node),
        created_by: Set(acting.actor.email.clone()),
        created_at: Set(now),
        ..Default::default()
    };
    let row = match row.insert(&tx).await {
        Err(error) if database::is_unique_violation(&error) => {
            let message = tr!("This organization has a project named {} already", new.name);
            return Err(ServiceError::at("project_name", message));
        }
        inserted => inserted?,
    };
    let row = seal(services, &tx, row, &new.source).await?;
    let changes = json!({ "source": [null, row.source_location] });
    audit::record(&tx, acting, now, PROJECT_CREATED, subject(&row), changes).await?;
    tx.commit().await?;
    Ok(row)
}

async fn seal(
    services: &Services,
    db: &impl ConnectionTrait,
    row: project::Model,
    source: &NewSource,
) -> Result<project::Model, ServiceError> {
    let NewSource::Postgres(url) = source else { return Ok(row) };
    let sealed = services.vault().seal(Purpose::SourceUrl, row.id, url.expose())?;
    let mut row = row.into_active_model();
    row.source_url_sealed = Set(Some(sealed));
    Ok(row.update(db).await?)
}

async fn withdraw(acting: &Acting, services: &Services, row: &project::Model) -> Result<(), ServiceError> {
    let tx = services.write().await?;
    project::Entity::delete_by_id(row.id).exec(&tx).await?;
    let now = services.clock().now();
    audit::record(&tx, acting, now, PROJECT_WITHDRAWN, subject(row), audit::no_changes()).await?;
    Ok(tx.commit().await?)
}

pub(crate) fn subject(row: &project::Model) -> Subject<'_> {
    Subject { kind: "project", id: row.id, name: &row.name, organization: OrganizationId(row.organization_id) }
}
