//! Projects whose database may not be dialled: a setting of the operator's that is narrower than it was leaves them behind.

use std::{fmt, time::Duration};

use engine::NetworkPolicy;
use futures::{StreamExt as _, stream};
use ipnet::IpNet;
use model::{database::ConnectionUrl, names::Hidden};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationTrait};

use crate::{
    context::Services,
    database,
    entity::{organization, project},
    sources,
};

/// How long a name may take to resolve.
const RESOLVING: Duration = Duration::from_secs(5);
/// Names that are resolved at the same time.
const AT_ONCE: usize = 16;

/// A project whose database may not be dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForbiddenDatabase {
    /// The organization's name.
    pub organization: String,
    /// The project's name.
    pub project: String,
    /// The database's host.
    pub host: String,
}

impl fmt::Display for ForbiddenDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { organization, project, host } = self;
        write!(
            f,
            "The project {project} of {organization} cannot be backed up: its database's host \"{host}\" is in none of the networks of HOLDFAST_POSTGRES_ALLOW_NETWORKS"
        )
    }
}

/// The projects of the database at `database_url`, which must be there, whose own databases may be dialled in none of
/// `networks`, by organization and name.
pub async fn forbidden_databases(database_url: &str, networks: Vec<IpNet>) -> Result<Vec<ForbiddenDatabase>, DbErr> {
    let db = database::connect_existing(database_url).await?;
    let found = forbidden(&db, &NetworkPolicy::allowing(networks)).await;
    db.close().await?;
    found
}

/// Writes them into the log.
pub(crate) async fn warn(services: &Services) {
    match forbidden(services.db(), services.postgres_network()).await {
        Ok(found) => found.iter().for_each(|database| tracing::warn!("{database}")),
        Err(error) => tracing::warn!(%error, "whether databases may be dialled could not be looked up"),
    }
}

async fn forbidden(db: &DatabaseConnection, network: &NetworkPolicy) -> Result<Vec<ForbiddenDatabase>, DbErr> {
    let rows: Vec<(String, String, String)> = project::Entity::living()
        .join(JoinType::InnerJoin, project::Relation::Organization.def())
        .filter(project::Column::SourceKind.eq(sources::POSTGRES))
        .select_only()
        .column(organization::Column::Name)
        .column(project::Column::Name)
        .column(project::Column::SourceLocation)
        .order_by_asc(organization::Column::Name)
        .order_by_asc(project::Column::Name)
        .into_tuple()
        .all(db)
        .await?;
    let looked = stream::iter(rows).map(|(organization, project, location)| async move {
        // What cannot be read is told where it is used.
        let url = ConnectionUrl::parse(&Hidden::new(location)).ok()?;
        let database = sources::described(&url, network);
        let forbidden = tokio::time::timeout(RESOLVING, database.is_forbidden()).await.unwrap_or(false);
        forbidden.then_some(ForbiddenDatabase { organization, project, host: database.host })
    });
    Ok(looked.buffered(AT_ONCE).filter_map(std::future::ready).collect().await)
}
