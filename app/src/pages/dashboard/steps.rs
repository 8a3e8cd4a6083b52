//! The way from an empty installation to the first backup.

use leptos::prelude::*;
use model::ids::ProjectId;

use crate::components::icon::Icon;

struct Step {
    title: String,
    why: String,
    href: String,
    action: String,
    done: bool,
}

/// Shown until a backup has been made.
#[component]
pub fn NextSteps(
    /// Whether a credential exists.
    credential: bool,
    /// A project that waits for its first backup.
    waiting: Option<ProjectId>,
) -> impl IntoView {
    let policies = waiting.map_or("/projects".to_owned(), |project| format!("/projects/{project}/policies"));
    let steps = [
        Step {
            title: tr!("Add backup credentials"),
            why: tr!("The access key of an S3 service, where the encrypted backups are kept."),
            href: "/backup-credentials?dialog=add".to_owned(),
            action: tr!("Add Credentials"),
            done: credential,
        },
        Step {
            title: tr!("Add a project and enable its backup"),
            why: tr!("A project is a directory on this server that is backed up as one."),
            href: "/projects?dialog=add".to_owned(),
            action: tr!("Add Project"),
            done: waiting.is_some(),
        },
        Step {
            title: tr!("Add a backup policy"),
            why: tr!("It says when the project is backed up, and how long each backup is kept."),
            href: policies,
            action: tr!("Choose a project's policies"),
            done: false,
        },
    ];
    let next = steps.iter().position(|step| !step.done);
    let draw = |(index, step)| view! { <StepItem step=step next=next == Some(index)/> };
    view! {
        <section class="panel" aria-labelledby="next-steps">
            <h2 id="next-steps">{tr!("Three steps to the first backup")}</h2>
            <ol class="steps">{steps.into_iter().enumerate().map(draw).collect_view()}</ol>
        </section>
    }
}

#[component]
fn StepItem(step: Step, next: bool) -> impl IntoView {
    let class = if step.done { "step step-done" } else { "step" };
    let action = next.then(|| {
        view! {
            <a class="button button-primary" href=step.href>
                {step.action}
            </a>
        }
    });
    let mark = step.done.then(|| {
        view! {
            <Icon name="check"/>
            <span class="sr-only">{tr!("Done")}</span>
        }
    });
    view! {
        <li class=class>
            <span class="step-mark">{mark}</span>
            <div class="step-words">
                <p class="step-title">{step.title}</p>
                <p class="muted">{step.why}</p>
            </div>
            {action}
        </li>
    }
}
