//! A new project with all that makes its first backup: its backup enabled, a policy, and a run at once.

use model::{
    form::{Done, FormErrors},
    ids::ProjectId,
    permission::Action,
    policy::PolicyRef,
    project::{FirstPolicy, NewProject, ProjectForm, SetUpStep},
};

use crate::{
    acting::Acting,
    context::Services,
    entity::{organization, project},
    error::ServiceError,
    policies,
    projects::{
        self,
        backup_switch::{
            self,
            under_way::{self, Outcome, Steps},
        },
    },
    repositories,
};

/// Creates a project. What the form asks for beyond it comes after. Where its backup cannot be enabled the project goes
/// again, and where only its policy fails it stays; the error says so. What takes longer than a form waits goes on.
pub async fn create(acting: &Acting, services: &Services, form: &ProjectForm) -> Result<Done, ServiceError> {
    acting.actor.reach(Action::ManageProjects)?;
    let new = form.parse()?;
    let (row, home) = projects::create(acting, services, &new).await?;
    let place = format!("/projects/{}", row.id);
    let Some(choice) = new.backup.clone() else {
        let done = Done::new(tr!("Project {} created", new.name), place.clone());
        return Ok(done.and_next(tr!("Enable Backup"), place + "/settings"));
    };
    let work = {
        let (acting, services, new, row) = (acting.clone(), services.clone(), new.clone(), row.clone());
        move |steps| async move { begin(&acting, &services, (&row, &home), &new, &steps).await }
    };
    match under_way::in_time(services, row.id, work).await {
        Ok(Outcome::Done(())) => Ok(done(&new, &place)),
        Ok(Outcome::GoesOn) => Ok(Done::new(
            tr!("Project {} created. {}", new.name, backup_switch::goes_on(new.name.as_str())),
            place + "/settings",
        )),
        // Its backup is enabled, and its policy failed.
        Err(error) if repositories::of_project(services.db(), row.id).await?.is_some() => Err(error),
        Err(error) => Err(projects::withdraw_or_keep(acting, services, &row, &choice, error).await),
    }
}

/// Enables its backup, then adds its policy and runs that, where they are asked for.
async fn begin(
    acting: &Acting,
    services: &Services,
    (row, home): (&project::Model, &organization::Model),
    new: &NewProject,
    steps: &Steps,
) -> Result<(), ServiceError> {
    let Some(choice) = &new.backup else { return Ok(()) };
    backup_switch::enable(acting, services, (row, home), choice, steps).await?;
    let Some(policy) = &new.policy else { return Ok(()) };
    steps.begin(services, SetUpStep::Policy).await?;
    add_policy(acting, services, ProjectId(row.id), policy).await.map_err(|error| {
        let error = error.to_string();
        let summary = tr!(
            "Project {} is created and its backup enabled, but it has no policy. {}. Add one on its page Backup Policy",
            new.name,
            error.trim_end_matches('.'),
        );
        ServiceError::Invalid(FormErrors::whole(summary))
    })
}

async fn add_policy(
    acting: &Acting,
    services: &Services,
    project: ProjectId,
    policy: &FirstPolicy,
) -> Result<(), ServiceError> {
    let id = policies::add_first(acting, services, project.to_string(), policy).await?;
    if policy.back_up_now {
        policies::run_now(acting, services, &PolicyRef { policy: id.to_string() }).await?;
    }
    Ok(())
}

fn done(new: &NewProject, place: &str) -> Done {
    match &new.policy {
        None => {
            let schedules = format!("{place}/policies?tab=schedules");
            let add = format!("{schedules}&dialog=add");
            let done = Done::new(tr!("Project {} created, backup enabled", new.name), schedules);
            done.and_next(tr!("Add Policy"), add)
        }
        Some(FirstPolicy { back_up_now: true, .. }) => Done::new(
            tr!("Project {} created. Its first backup has begun", new.name),
            format!("{place}/policies?tab=backups"),
        ),
        Some(_) => {
            Done::new(tr!("Project {} created, backup scheduled", new.name), format!("{place}/policies?tab=schedules"))
        }
    }
}
