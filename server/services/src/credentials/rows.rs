//! The rows of the list of credentials.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use model::{
    credential::{Addressing, CredentialRow, ProjectLink},
    ids::{CredentialId, ProjectId},
    list::{ListQuery, Page},
    permission::Action,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, JoinType, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, RelationTrait, Select, SelectModel, Selector,
    sea_query::{Expr, ExprTrait, Func, Query, SelectStatement},
};

use crate::{
    acting::Acting,
    entity::{backup_credential as credential, organization, project, repository},
    error::ServiceError,
    listing,
    sentence::Sentence,
};

/// What a row of the list shows of a credential. Its secret is not read.
#[derive(FromQueryResult)]
struct Found {
    id: i64,
    organization: String,
    s3_name: String,
    access_key_id: String,
    endpoint: String,
    region: String,
    is_default: bool,
    locked: bool,
    version: i64,
    created_by: String,
    created_at: DateTime<Utc>,
    modified_by: String,
    modified_at: DateTime<Utc>,
    checked_at: Option<DateTime<Utc>>,
    check_failure: Option<Sentence>,
    addressing: Addressing,
    ca_certificate: Option<String>,
}

pub async fn page(
    acting: &Acting,
    db: &impl ConnectionTrait,
    query: &ListQuery,
) -> Result<Page<CredentialRow>, ServiceError> {
    let only = acting.confined_to(Action::ManageCredentials)?.or(query.organization);
    let mut select = in_organizations().filter(organization::Column::AccountId.eq(acting.actor.account.0));
    if let Some(only) = only {
        select = select.filter(credential::Column::OrganizationId.eq(only.0));
    }
    let search = query.search();
    if !search.is_empty() {
        select = select.filter(matches(&search));
    }
    let all = select.clone();
    let page = sorted(select, query).offset(query.offset()).limit(query.per_page());
    let found = shown(page).all(db).await?;
    let total = listing::total(query, found.len(), all.count(db)).await?;
    let mut projects = projects(db, found.iter().map(|row| row.id)).await?;
    let rows = found.into_iter().map(|row| view(&mut projects, row)).collect();
    Ok(Page::new(query, rows, total))
}

/// The same for one credential.
pub async fn one(db: &impl ConnectionTrait, id: i64) -> Result<Option<CredentialRow>, DbErr> {
    let Some(found) = shown(in_organizations().filter(credential::Column::Id.eq(id))).one(db).await? else {
        return Ok(None);
    };
    let mut projects = projects(db, [id].into_iter()).await?;
    Ok(Some(view(&mut projects, found)))
}

/// Credentials, each with its organization.
fn in_organizations() -> Select<credential::Entity> {
    credential::Entity::find().join(JoinType::InnerJoin, credential::Relation::Organization.def())
}

fn shown(select: Select<credential::Entity>) -> Selector<SelectModel<Found>> {
    use credential::Column as C;
    let columns = [
        C::Id,
        C::S3Name,
        C::AccessKeyId,
        C::Endpoint,
        C::Region,
        C::IsDefault,
        C::Locked,
        C::Version,
        C::CreatedBy,
        C::CreatedAt,
        C::ModifiedBy,
        C::ModifiedAt,
        C::CheckedAt,
        C::CheckFailure,
        C::Addressing,
        C::CaCertificate,
    ];
    select.select_only().columns(columns).column_as(organization::Column::Name, "organization").into_model()
}

fn matches(search: &str) -> Condition {
    use credential::{Column, Entity};
    Condition::any()
        .add(listing::number_contains((Entity, Column::Id), search))
        .add(listing::contains((Entity, Column::S3NameKey), search))
        .add(listing::contains((Entity, Column::AccessKeyId), search))
        .add(listing::contains((Entity, Column::Endpoint), search))
        .add(listing::contains((Entity, Column::Region), search))
        .add(listing::contains((organization::Entity, organization::Column::Name), search))
        .add(Expr::col((Entity, Column::Id)).in_subquery(of_projects(search)))
}

/// Repositories, each with its project.
fn repositories_with_projects() -> SelectStatement {
    Query::select()
        .from(repository::Entity)
        .inner_join(
            project::Entity,
            Expr::col((project::Entity, project::Column::Id))
                .equals((repository::Entity, repository::Column::ProjectId)),
        )
        .take()
}

/// The credentials of projects whose names match. It does not look at the outer query, so that it is answered once and
/// not for each of its rows.
fn of_projects(search: &str) -> SelectStatement {
    repositories_with_projects()
        .column((repository::Entity, repository::Column::BackupCredentialId))
        .and_where(Expr::col((repository::Entity, repository::Column::BackupCredentialId)).is_not_null())
        .and_where(listing::contains((project::Entity, project::Column::Name), search))
        .take()
}

/// The projects of the outer query's credential, for a subquery.
fn project_of_credential() -> SelectStatement {
    repositories_with_projects()
        .and_where(
            Expr::col((repository::Entity, repository::Column::BackupCredentialId))
                .equals((credential::Entity, credential::Column::Id)),
        )
        .take()
}

fn sorted(select: Select<credential::Entity>, query: &ListQuery) -> Select<credential::Entity> {
    use credential::{Column, Entity};
    let by: Expr = match query.sort.as_str() {
        "id" => Expr::col((Entity, Column::Id)),
        "organization" => listing::folded((organization::Entity, organization::Column::Name)),
        "access_key_id" => listing::folded((Entity, Column::AccessKeyId)),
        "endpoint" => listing::folded((Entity, Column::Endpoint)),
        "projects" => first_project(),
        "region" => listing::folded((Entity, Column::Region)),
        _ => Expr::col((Entity, Column::S3NameKey)),
    };
    // The id makes the order, and so the pages, the same every time.
    select.order_by(by, listing::order(query.descending)).order_by(Column::Id, listing::order(query.descending))
}

/// The name of a credential's first project, or nothing.
fn first_project() -> Expr {
    let name = Func::min(Expr::col((project::Entity, project::Column::Name)));
    let first = project_of_credential().expr(name).take();
    Func::coalesce([Expr::SubQuery(None, Box::new(first.into())), Expr::val("")]).into()
}

async fn projects(
    db: &impl ConnectionTrait,
    credentials: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, Vec<ProjectLink>>, DbErr> {
    let links: Vec<(i64, i64, String)> = repository::Entity::find()
        .join(JoinType::InnerJoin, repository::Relation::Project.def())
        .filter(repository::Column::BackupCredentialId.is_in(credentials))
        .select_only()
        .column(repository::Column::BackupCredentialId)
        .column_as(project::Column::Id, "project")
        .column(project::Column::Name)
        .order_by_asc(project::Column::Name)
        .into_tuple()
        .all(db)
        .await?;
    let mut by_credential: HashMap<i64, Vec<ProjectLink>> = HashMap::new();
    for (credential, id, name) in links {
        by_credential.entry(credential).or_default().push(ProjectLink { id: ProjectId(id), name });
    }
    Ok(by_credential)
}

fn view(projects: &mut HashMap<i64, Vec<ProjectLink>>, row: Found) -> CredentialRow {
    CredentialRow {
        id: CredentialId(row.id),
        organization: row.organization,
        s3_name: row.s3_name,
        access_key_id: row.access_key_id,
        endpoint: row.endpoint,
        region: row.region,
        projects: projects.remove(&row.id).unwrap_or_default(),
        default: row.is_default,
        locked: row.locked,
        version: row.version,
        created_by: row.created_by,
        created: row.created_at,
        modified_by: row.modified_by,
        modified: row.modified_at,
        checked: row.checked_at,
        check_failure: row.check_failure.map(|failure| failure.to_string()),
        addressing: row.addressing,
        ca_certificate: row.ca_certificate.unwrap_or_default(),
    }
}
