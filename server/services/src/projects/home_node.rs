//! Which node has a project's directory.

use model::{
    form::Done,
    project::{MoveProjectForm, NewProject, NewSource},
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, IntoActiveModel};
use serde_json::json;

use super::{find_unlocked, subject};
use crate::{
    acting::Acting,
    audit::{self, Deed},
    context::Services,
    entity::project,
    error::ServiceError,
    nodes,
};

const PROJECT_MOVED: Deed = Deed::new("project moved to another node");

/// The node of a new project: the chosen one, or else this one. `None` where there can be no other, or none is needed.
pub(super) async fn of_new(services: &Services, new: &NewProject) -> Result<Option<String>, ServiceError> {
    if !services.has_other_nodes() || !matches!(new.source, NewSource::Directory(_)) {
        return Ok(None);
    }
    match &new.node {
        Some(chosen) => Ok(Some(working(services, services.db(), chosen).await?)),
        None => Ok(Some(services.node().name.clone())),
    }
}

/// The nodes to choose from, with this one; none where there is no choice.
pub(super) async fn choices(services: &Services) -> Result<Vec<String>, ServiceError> {
    if !services.has_other_nodes() {
        return Ok(Vec::new());
    }
    let mut names = nodes::names(services, services.db()).await?;
    let own = &services.node().name;
    if !names.contains(own) {
        names.insert(0, own.clone());
    }
    Ok(names)
}

/// Whether this process can look at the project's directory.
pub(crate) fn is_here(services: &Services, node: Option<&str>) -> bool {
    node.is_none_or(|node| node == services.node().name)
}

/// Gives the project to another node, which has its directory from now on. What runs goes on where it is.
pub async fn move_to_node(acting: &Acting, services: &Services, form: &MoveProjectForm) -> Result<Done, ServiceError> {
    let id = form.project().map_err(|_| ServiceError::NotFound)?;
    let tx = services.write().await?;
    let (row, _) = find_unlocked(acting, &tx, id).await?;
    let node = working(services, &tx, form.node.trim()).await?;
    let change = project::ActiveModel { node: Set(Some(node.clone())), ..row.clone().into_active_model() };
    change.update(&tx).await?;
    let changes = json!({ "node": [row.node, node] });
    audit::record(&tx, acting, services.clock().now(), PROJECT_MOVED, subject(&row), changes).await?;
    tx.commit().await?;
    Ok(Done::new(
        tr!("Project {} is backed up by node {} from now on", row.name, node),
        format!("/projects/{id}/settings"),
    ))
}

async fn working(services: &Services, db: &impl ConnectionTrait, name: &str) -> Result<String, ServiceError> {
    let known = name == services.node().name || nodes::names(services, db).await?.iter().any(|known| known == name);
    if known {
        Ok(name.to_owned())
    } else {
        Err(ServiceError::at("node", tr!("No node named {} is working. Choose one of those that are", name)))
    }
}
