//! A new project with all that makes its first backup: its backup enabled, a policy, and a run at once.

use model::{
    form::{Done, FormErrors},
    permission::Action,
    policy::PolicyRef,
    project::{FirstPolicy, ProjectForm},
};

use crate::{acting::Acting, context::Services, error::ServiceError, policies, projects};

/// Creates a project. What the form asks for beyond it comes after; where that fails the project stays, and the error
/// says so.
pub async fn create(acting: &Acting, services: &Services, form: &ProjectForm) -> Result<Done, ServiceError> {
    acting.actor.reach(Action::ManageProjects)?;
    let new = form.parse()?;
    let id = projects::create(acting, services, &new).await?;
    let home = format!("/projects/{id}");
    let policy = match (&new.backup, &new.policy) {
        (None, _) => {
            let done = Done::new(tr!("Project {} created", new.name), home.clone());
            return Ok(done.and_next(tr!("Enable Backup"), home + "/settings"));
        }
        (Some(_), None) => {
            let schedules = home + "/policies?tab=schedules";
            let add = format!("{schedules}&dialog=add");
            let done = Done::new(tr!("Project {} created, backup enabled", new.name), schedules);
            return Ok(done.and_next(tr!("Add Policy"), add));
        }
        (Some(_), Some(policy)) => policy,
    };
    let project = id.to_string();
    if let Err(error) = begin(acting, services, project, policy).await {
        let error = error.to_string();
        let summary = tr!(
            "Project {} is created and its backup enabled, but it has no policy. {}. Add one on its page Backup Policy",
            new.name,
            error.trim_end_matches('.'),
        );
        return Err(ServiceError::Invalid(FormErrors::whole(summary)));
    }
    let done = if policy.back_up_now {
        Done::new(tr!("Project {} created. Its first backup has begun", new.name), home + "/policies?tab=backups")
    } else {
        Done::new(tr!("Project {} created, backup scheduled", new.name), home + "/policies?tab=schedules")
    };
    Ok(done)
}

async fn begin(
    acting: &Acting,
    services: &Services,
    project: String,
    policy: &FirstPolicy,
) -> Result<(), ServiceError> {
    let id = policies::add_first(acting, services, project, policy).await?;
    if policy.back_up_now {
        policies::run_now(acting, services, &PolicyRef { policy: id.to_string() }).await?;
    }
    Ok(())
}
