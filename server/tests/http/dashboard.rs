//! The dashboard: what needs attention, and how backups went.

use model::{
    backup::BackupPhase,
    dashboard::{Dashboard, Trouble},
    people::Role,
};
use serde_json::json;

use crate::support::{Browser, TestApp, app::ORGANIZATION, form, on_both_databases};

on_both_databases!(
    what_needs_attention_comes_first,
    runs_and_growth_are_added_up,
    a_partner_sees_each_organization_and_others_their_own,
);

impl Browser {
    async fn dashboard(&self) -> Dashboard {
        self.read("dashboard/get", &json!({})).await
    }

    async fn troubles(&self) -> Vec<(Trouble, String)> {
        self.dashboard().await.attention.into_iter().map(|item| (item.trouble, item.name)).collect()
    }
}

fn of(trouble: Trouble, name: &str) -> (Trouble, String) {
    (trouble, name.to_owned())
}

async fn what_needs_attention_comes_first(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    assert_eq!(partner.troubles().await, [of(Trouble::NeverBackedUp, "web-shop")]);
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    partner.backup_now(project, policy).await;
    assert!(partner.troubles().await.is_empty());
    assert!(partner.get("/").await.text().contains("Nothing needs attention"));

    partner.done("credentials/lock", &form(&[("credential", "1")])).await;
    app.execute("UPDATE policy SET overdue_at = created_at").await;
    let run = partner.backup_now(project, policy).await;
    assert_eq!(run.phase, BackupPhase::Skipped);
    let expected = [of(Trouble::Overdue, "web-shop"), of(Trouble::CredentialLocked, "Main S3")];
    assert_eq!(partner.troubles().await, expected, "a skipped run says nothing of its own");

    app.execute("UPDATE backup SET phase = 'Failed', cause = 'S3 <b>said</b> no' WHERE phase = 'Completed'").await;
    partner.done("policies/pause", &form(&[("policy", &policy.to_string())])).await;
    let troubles = partner.troubles().await;
    assert_eq!(troubles[0], of(Trouble::Failed, "web-shop"), "the worst first");
    assert_eq!(troubles.last(), Some(&of(Trouble::PolicyPaused, "web-shop")));
    assert!(!troubles.contains(&of(Trouble::Overdue, "web-shop")), "a paused policy is not overdue");
    let page = partner.get("/").await.text();
    assert!(page.contains("S3 &lt;b&gt;said&lt;/b&gt; no") && page.contains("Needs attention"));
}

async fn runs_and_growth_are_added_up(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let first = partner.backup_now(project, policy).await;
    let second = partner.backup_now(project, policy).await;
    // As if the first one had been made a hundred days ago: kept, but before what is drawn.
    let long_ago =
        "UPDATE backup SET started_at = '2026-01-01T00:00:00Z', finished_at = '2026-01-01T00:00:00Z' WHERE id = ";
    app.execute(&format!("{long_ago}{}", first.id)).await;
    let dashboard = partner.dashboard().await;
    assert_eq!((dashboard.standings.protected, dashboard.standings.total()), (1, 1));
    assert_eq!(dashboard.hours.len(), 24);
    let hours: u64 = dashboard.hours.iter().map(|hour| hour.completed).sum();
    assert_eq!(hours, 1, "only what started in the last 24 hours");
    assert_eq!(dashboard.growth.len(), 90);
    let today = dashboard.growth.last().unwrap();
    assert_eq!((today.added, today.stored), (second.added.unwrap(), first.added.unwrap() + second.added.unwrap()));
    assert_eq!(dashboard.growth[0].stored, first.added.unwrap(), "what was there before");
    let page = partner.get("/").await.text();
    assert!(page.contains("<svg") && page.contains("Growth of the last 90 days: the numbers"), "drawn by the server");
}

async fn a_partner_sees_each_organization_and_others_their_own(app: &TestApp) {
    let (partner, _) = app.backed_up_project().await;
    app.organization("globex").await;
    let names: Vec<_> = partner.dashboard().await.organizations.into_iter().map(|row| row.name).collect();
    assert_eq!(names, [ORGANIZATION, "globex"]);
    assert!(partner.get("/").await.text().contains("By organization"));
    let neighbour = app.person(Role::Manager, "globex").await;
    let theirs = neighbour.dashboard().await;
    assert_eq!((theirs.standings.total(), theirs.attention.len(), theirs.organizations.len()), (0, 0, 0));
    let user = app.person(Role::User, ORGANIZATION).await;
    assert_eq!(user.dashboard().await.standings.waiting, 1);
}
