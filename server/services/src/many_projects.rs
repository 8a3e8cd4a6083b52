//! One thing done to many projects at once: what cannot be done to one of them does not keep it from the others.

use model::{
    form::{Done, FormErrors},
    ids::{PolicyId, ProjectId},
    many::{ManyDeed, ManyProjectsForm},
    permission::Action,
    policy::PolicyRef,
    project::ProjectRef,
};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder};

use crate::{
    acting::Acting,
    context::Services,
    entity::{policy, project},
    error::{Refusal, ServiceError},
    policies::{self, PolicyConflict},
    projects::{self, ProjectConflict},
};

/// Most refusals that are told in words; the rest is counted.
const MOST_TOLD: usize = 5;

/// Why one project is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum LeftOut {
    #[error("{}", tr!("It has no policy"))]
    NoPolicy,
}

impl Refusal for LeftOut {}

/// What came of it.
#[derive(Debug, Default)]
struct Tally {
    done: usize,
    /// Was as it should be already.
    already: usize,
    /// The sentences, each with its project's name.
    refused: Vec<String>,
}

/// Does the form's deed to each of its projects, one after the other, each in a transaction of its own. A project that the
/// person does not see is refused before anything is done.
pub async fn act(acting: &Acting, services: &Services, form: &ManyProjectsForm) -> Result<Done, ServiceError> {
    let (deed, ids) = form.parse()?;
    let mut found = Vec::new();
    for id in ids {
        found.push(projects::find(acting, services.db(), Action::ManageProjects, id).await?.0);
    }
    let mut tally = Tally::default();
    for project in found {
        let done = match deed {
            ManyDeed::Lock => projects::lock(acting, services, &named(&project)).await.map(drop),
            ManyDeed::Unlock => projects::unlock(acting, services, &named(&project)).await.map(drop),
            ManyDeed::BackUpNow | ManyDeed::Pause | ManyDeed::Resume => {
                for_policies(acting, services, (deed, &project), &mut tally).await?;
                continue;
            }
        };
        tally.note(&project.name, done)?;
    }
    tally.told(deed)
}

async fn for_policies(
    acting: &Acting,
    services: &Services,
    (deed, project): (ManyDeed, &project::Model),
    tally: &mut Tally,
) -> Result<(), ServiceError> {
    let all = policy::Entity::living().filter(policy::Column::ProjectId.eq(project.id));
    let all = all.order_by_asc(policy::Column::Id).all(services.db()).await?;
    // One backup of a project waits at a time.
    let most = if deed == ManyDeed::BackUpNow { 1 } else { all.len() };
    if all.is_empty() {
        return tally.note(&project.name, Err(LeftOut::NoPolicy.into()));
    }
    for policy in all.iter().take(most) {
        let form = PolicyRef { policy: PolicyId(policy.id).to_string() };
        let done = match deed {
            ManyDeed::Pause => policies::pause(acting, services, &form).await,
            ManyDeed::Resume => policies::resume(acting, services, &form).await,
            _ => policies::run_now(acting, services, &form).await,
        };
        tally.note(&project.name, done.map(drop))?;
    }
    Ok(())
}

fn named(project: &project::Model) -> ProjectRef {
    ProjectRef { project: ProjectId(project.id).to_string() }
}

impl Tally {
    /// Counts what came of one of them. What is no refusal, such as a database that fails, ends everything.
    fn note(&mut self, name: &str, done: Result<(), ServiceError>) -> Result<(), ServiceError> {
        match done {
            Ok(()) => self.done += 1,
            Err(error) if is_so_already(&error) => self.already += 1,
            Err(error @ (ServiceError::Conflict(_) | ServiceError::Denied(_) | ServiceError::NotFound)) => {
                self.refused.push(format!("{name}: {error}"));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn told(self, deed: ManyDeed) -> Result<Done, ServiceError> {
        let done = match deed {
            ManyDeed::BackUpNow => tr!("{n} backup queued" | "{n} backups queued" % self.done),
            ManyDeed::Pause => tr!("{n} policy paused" | "{n} policies paused" % self.done),
            ManyDeed::Resume => tr!("{n} policy resumed" | "{n} policies resumed" % self.done),
            ManyDeed::Lock => tr!("{n} project locked" | "{n} projects locked" % self.done),
            ManyDeed::Unlock => tr!("{n} project unlocked" | "{n} projects unlocked" % self.done),
        };
        let already = (self.already > 0).then(|| tr!("{n} was so already" | "{n} were so already" % self.already));
        let more = self.refused.len().saturating_sub(MOST_TOLD);
        let more = (more > 0).then(|| tr!("and {n} more" | "and {n} more" % more));
        let refused = self.refused.iter().take(MOST_TOLD).cloned().chain(more).collect::<Vec<_>>().join("; ");
        let refused = (!refused.is_empty()).then(|| tr!("Not done: {}", refused));
        let nothing = self.done == 0 && self.already == 0;
        let words = [(!nothing).then_some(done), already, refused].into_iter().flatten().collect::<Vec<_>>().join(". ");
        if nothing { Err(FormErrors::whole(words).into()) } else { Ok(Done::new(words, "/projects")) }
    }
}

fn is_so_already(error: &ServiceError) -> bool {
    use PolicyConflict::{BackupAlreadyQueued, ScheduleAlreadyPaused, ScheduleNotPaused};
    use ProjectConflict::{ProjectAlreadyLocked, ProjectAlreadyUnlocked};
    let of_policy = error.refusal();
    let of_project = error.refusal();
    matches!(of_policy, Some(BackupAlreadyQueued | ScheduleAlreadyPaused | ScheduleNotPaused))
        || matches!(of_project, Some(ProjectAlreadyLocked | ProjectAlreadyUnlocked))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(done: usize, already: usize, refused: usize) -> Result<String, String> {
        let refused = (1..=refused).map(|number| format!("shop-{number}: It has no policy")).collect();
        let told = Tally { done, already, refused }.told(ManyDeed::Pause);
        told.map(|done| done.message).map_err(|error| error.to_string())
    }

    #[test]
    fn what_came_of_it_is_one_sentence() {
        assert_eq!(told(1, 0, 0), Ok("1 policy paused".to_owned()));
        assert_eq!(
            told(3, 2, 1),
            Ok("3 policies paused. 2 were so already. Not done: shop-1: It has no policy".to_owned())
        );
        assert_eq!(told(0, 1, 0), Ok("0 policies paused. 1 was so already".to_owned()));
        assert_eq!(told(0, 0, 1), Err("Not done: shop-1: It has no policy".to_owned()));
        let many = told(0, 0, 7).unwrap_err();
        assert!(many.ends_with("shop-5: It has no policy; and 2 more"), "{many}");
    }
}
