//! Which directories belong to which organization.

use engine::{Held, SourceRoots};
use model::ids::OrganizationId;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{
    context::{Services, ServicesConfig, SourceRoot},
    database,
    entity::organization,
    error::{Refusal, ServiceError, StartError},
};

/// Why the setting of the source roots does not allow a change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootConflict {
    #[error(
        "{}",
        tr!(
            "The setting HOLDFAST_SOURCE_ROOTS does not say whose {} is, and it would be this organization's too. Ask the operator to write whose it is, such as organization=/directory",
            .roots
        )
    )]
    RootOfNobody { roots: String },
    #[error(
        "{}",
        tr!(
            "The setting HOLDFAST_SOURCE_ROOTS names this organization in {}, and under another name its projects would lose that directory. Ask the operator to change the setting first",
            .root
        )
    )]
    RootNames { root: String },
}

impl Refusal for RootConflict {}

/// Refuses to start with a root of nobody in particular where there are several organizations, and warns of roots whose
/// organization does not exist.
///
/// Asks on a connection of its own and for names alone: the schema may still be that of an earlier version.
pub async fn check(database_url: &str, roots: &[SourceRoot]) -> Result<(), StartError> {
    let db = database::connect_once(database_url).await?;
    let organizations: Vec<String> = if database::steps(&db).await?.is_empty() {
        Vec::new()
    } else {
        let names = organization::Entity::find().select_only().column(organization::Column::Name);
        names.order_by_asc(organization::Column::NameKey).into_tuple().all(&db).await?
    };
    db.close().await?;
    let unnamed: Vec<_> = roots.iter().filter(|root| root.organization.is_none()).collect();
    if let (Some(first), true) = (unnamed.first(), organizations.len() > 1) {
        return Err(StartError::RootOfNobody {
            roots: joined(&unnamed),
            organizations: organizations.join(", "),
            example: format!("{}={}", organizations[0], first.directory.display()),
        });
    }
    // A fresh installation has none yet.
    if !organizations.is_empty() {
        let is_known = |root: &&SourceRoot| organizations.iter().any(|name| root.names(name));
        for root in roots.iter().filter(|root| root.organization.is_some() && !is_known(root)) {
            tracing::warn!(%root, "HOLDFAST_SOURCE_ROOTS names an organization that does not exist");
        }
    }
    Ok(())
}

/// The roots of an organization's projects. A root of nobody in particular counts only while there is no other organization,
/// which another node with other settings may have added.
pub async fn of(services: &Services, organization: OrganizationId) -> Result<SourceRoots, DbErr> {
    let rows = organization::Entity::find().all(services.db()).await?;
    let alone = rows.len() == 1;
    let name = rows.into_iter().find(|row| row.id == organization.0).map(|row| row.name).unwrap_or_default();
    let (own, foreign): (Vec<_>, Vec<_>) = services
        .config()
        .source_roots
        .iter()
        .partition(|root| root.names(&name) || (alone && root.organization.is_none()));
    let directories = |roots: Vec<&SourceRoot>| roots.into_iter().map(|root| root.directory.clone()).collect();
    Ok(SourceRoots::new(directories(own))
        .with_foreign(directories(foreign))
        .with_protected(services.config().protected.clone()))
}

/// Warns of what no backup may hold and a root does all the same: it is left out there, which may not be what was meant.
pub fn warn_of_protected(config: &ServicesConfig) {
    let roots = config.source_roots.iter().map(|root| root.directory.clone()).collect();
    for Held { root, protected } in SourceRoots::new(roots).with_protected(config.protected.clone()).held() {
        tracing::warn!(
            root = %root.display(),
            protected = %protected.display(),
            "a source root holds files of Holdfast itself, or lies in them; backups leave them out"
        );
    }
}

/// How the roots read in a form: one organization's, or those of all with their names.
pub async fn shown(services: &Services, only: Option<OrganizationId>) -> Result<Vec<String>, DbErr> {
    let roots = services.config().source_roots.iter();
    let Some(only) = only else {
        return Ok(roots
            .map(|root| match &root.organization {
                Some(organization) => format!("{} ({organization})", root.directory.display()),
                None => root.to_string(),
            })
            .collect());
    };
    let filter = organization::Column::Id.eq(only.0);
    let name = organization::Entity::find().filter(filter).one(services.db()).await?.map(|row| row.name);
    let name = name.unwrap_or_default();
    let own = roots.filter(|root| root.organization.is_none() || root.names(&name));
    Ok(own.map(|root| root.directory.display().to_string()).collect())
}

/// Refuses to add an organization while a root belongs to nobody in particular: it would be the new one's too.
pub fn may_add_organization(services: &Services) -> Result<(), ServiceError> {
    let unnamed: Vec<_> = services.config().source_roots.iter().filter(|root| root.organization.is_none()).collect();
    if unnamed.is_empty() {
        return Ok(());
    }
    Err(RootConflict::RootOfNobody { roots: joined(&unnamed) }.into())
}

/// Refuses to rename an organization that a root names: its projects would lose their directories.
pub fn may_rename(services: &Services, organization: &str) -> Result<(), ServiceError> {
    match services.config().source_roots.iter().find(|root| root.names(organization)) {
        Some(root) => Err(RootConflict::RootNames { root: root.to_string() }.into()),
        None => Ok(()),
    }
}

fn joined(roots: &[&SourceRoot]) -> String {
    roots.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
