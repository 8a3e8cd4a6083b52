//! The way from an empty installation to a backup that can be restored without Holdfast.

use leptos::prelude::*;
use model::dashboard::Guide;

use crate::components::icon::Icon;

struct Step {
    title: String,
    why: String,
    href: String,
    action: String,
    done: bool,
}

/// Shown until nothing of it is left; folded once there is a backup.
#[component]
pub fn Steps(guide: Guide) -> impl IntoView {
    let folded = guide.backup;
    let steps = steps(&guide);
    let left = steps.iter().filter(|step| !step.done).count();
    let next = steps.iter().position(|step| !step.done);
    let draw = |(index, step)| view! { <StepItem step=step next=next == Some(index)/> };
    let list = view! { <ol class="steps">{steps.into_iter().enumerate().map(draw).collect_view()}</ol> };
    let title =
        tr!("One step to a backup that you can always restore"
            | "{n} steps to a backup that you can always restore" % left);
    if folded {
        return view! {
            <details class="panel guide">
                <summary>
                    <h2>{title}</h2>
                </summary>
                {list}
            </details>
        }
        .into_any();
    }
    view! {
        <section class="panel" aria-labelledby="next-steps">
            <h2 id="next-steps">{title}</h2>
            {list}
        </section>
    }
    .into_any()
}

fn steps(guide: &Guide) -> Vec<Step> {
    let (project, name) = match &guide.project {
        Some((project, name)) => (format!("/projects/{project}"), name.clone()),
        None => ("/projects".to_owned(), String::new()),
    };
    let has_project = guide.project.is_some();
    let of_project = |there: &str| if has_project { format!("{project}/{there}") } else { project.clone() };
    vec![
        Step {
            title: tr!("Add backup credentials"),
            why: tr!("The access key of an S3 service, where the encrypted backups are kept."),
            href: "/backup-credentials?dialog=add".to_owned(),
            action: tr!("Add Credentials"),
            done: guide.credential,
        },
        Step {
            title: if has_project { tr!("Enable backup of {}", name) } else { tr!("Add a project") },
            why: tr!("A project is a directory on this server, or a database, that is backed up as one."),
            href: if has_project { of_project("settings") } else { "/projects?dialog=add".to_owned() },
            action: if has_project { tr!("Open Settings") } else { tr!("Add Project") },
            done: guide.enabled,
        },
        Step {
            title: if has_project { tr!("Add a backup policy to {}", name) } else { tr!("Add a backup policy") },
            why: tr!("It says when the project is backed up, and how long each backup is kept."),
            href: of_project("policies?tab=schedules&dialog=add"),
            action: tr!("Add Policy"),
            done: guide.policy,
        },
        Step {
            title: tr!("Complete the first backup"),
            why: tr!("It starts at the policy's next time, or at once with Run Now."),
            href: of_project("policies?tab=schedules"),
            action: tr!("See its policies"),
            done: guide.backup,
        },
        Step {
            title: tr!("Be told when a backup fails"),
            why: tr!("By email or by a webhook, such as a chat's."),
            href: "/notifications?dialog=add".to_owned(),
            action: tr!("Add Channel"),
            done: guide.channel,
        },
        Step {
            title: tr!("Download a recovery kit"),
            why: tr!("With it the backups can be restored even if this server is lost. Keep it somewhere else."),
            href: of_project("settings?dialog=recovery-kit"),
            action: tr!("Recovery Kit"),
            done: guide.recovery_kit,
        },
    ]
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
