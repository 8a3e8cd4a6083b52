//! The dashboard: what needs attention, and how backups went.

use model::{
    backup::BackupPhase,
    dashboard::{Dashboard, Guide, Trouble},
    list::ListQuery,
    people::Role,
    project::ProjectList,
    standing::Standing,
};
use serde_json::json;

use crate::support::{Browser, TestApp, app::ORGANIZATION, deeds::webhook_form, form, on_both_databases};

on_both_databases!(
    what_needs_attention_comes_first,
    every_number_leads_to_the_projects_that_it_counts,
    the_guide_leads_to_the_end,
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

    /// The names of the projects that the list shows for a state.
    async fn standing_so(&self, state: &str) -> Vec<String> {
        let query = ListQuery { state: state.to_owned(), ..ListQuery::default() };
        let list: ProjectList = self.read("projects/list", &json!({ "query": query })).await;
        list.page.rows.into_iter().map(|row| row.name).collect()
    }
}

fn of(standing: Standing, name: &str) -> (Trouble, String) {
    (Trouble::Project(standing), name.to_owned())
}

async fn what_needs_attention_comes_first(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    assert_eq!(partner.troubles().await, [of(Standing::Waiting, "web-shop")]);
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    partner.backup_now(project, policy).await;
    assert!(partner.troubles().await.is_empty());
    assert!(partner.get("/").await.text().contains("The project is protected"));

    partner.done("credentials/lock", &form(&[("credential", "1")])).await;
    let run = partner.backup_now(project, policy).await;
    assert_eq!(run.phase, BackupPhase::Skipped);
    let locked = (Trouble::CredentialLocked, "Main S3".to_owned());
    assert_eq!(partner.troubles().await, [locked], "one alarm for all projects, and none for the skipped run");

    app.execute("UPDATE policy SET overdue_at = created_at").await;
    assert_eq!(partner.troubles().await, [of(Standing::Overdue, "web-shop")], "the worst counts");
    app.execute("UPDATE backup SET phase = 'Failed', cause = 'S3 <b>said</b> no' WHERE phase = 'Completed'").await;
    assert_eq!(partner.troubles().await, [of(Standing::Failed, "web-shop")]);
    let page = partner.get("/").await.text();
    assert!(page.contains("S3 &lt;b&gt;said&lt;/b&gt; no") && page.contains("Needs attention"));

    partner.done("credentials/unlock", &form(&[("credential", "1")])).await;
    app.execute("UPDATE backup SET phase = 'Completed', cause = NULL WHERE phase = 'Failed'").await;
    partner.done("policies/pause", &form(&[("policy", &policy.to_string())])).await;
    assert_eq!(partner.troubles().await, [of(Standing::Unscheduled, "web-shop")], "nothing makes further backups");
}

/// Sentence, numbers, list and filter say the same, whatever the state.
async fn every_number_leads_to_the_projects_that_it_counts(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    partner.backup_now(project, policy).await;
    partner.add_project("plain", &app.files(), None).await;
    let states = [
        ("UPDATE backup SET phase = 'Completed'", Standing::Protected),
        ("UPDATE backup SET phase = 'PartiallyFailed'", Standing::Incomplete),
        ("UPDATE backup SET phase = 'Cancelled', snapshot = NULL", Standing::Incomplete),
        ("UPDATE policy SET overdue_at = created_at", Standing::Overdue),
        ("UPDATE backup SET phase = 'Failed'", Standing::Failed),
        ("UPDATE repository SET damaged_at = created_at", Standing::Damaged),
    ];
    for (change, expected) in states {
        app.execute(change).await;
        let standings = partner.dashboard().await.standings;
        let counted: Vec<_> = Standing::ALL.into_iter().filter(|standing| standings.of(*standing) > 0).collect();
        assert_eq!(counted.len(), 2, "{change}: {counted:?}");
        assert_eq!((standings.of(expected), standings.of(Standing::Off)), (1, 1), "{change}");
        for standing in Standing::ALL {
            assert_eq!(partner.standing_so(standing.as_str()).await.len() as u64, standings.of(standing), "{standing}");
        }
        assert_eq!(partner.standing_so("attention").await.len() as u64, standings.need_attention(), "{change}");
        let page = partner.get("/").await.text();
        assert!(page.contains(&format!("/projects?state={expected}")), "{change}");
    }
    assert_eq!(partner.standing_so("off").await, ["plain"]);
    assert_eq!(partner.standing_so("nonsense").await.len(), 2, "what is not understood filters nothing");
    app.execute("UPDATE backup SET phase = 'InProgress', lease_until = '2999-01-01T00:00:00Z', lease_owner = 'x', finished_at = NULL").await;
    assert_eq!(partner.standing_so("running").await, ["web-shop"]);
}

/// From the empty installation to the kit.
async fn the_guide_leads_to_the_end(app: &TestApp) {
    let partner = app.set_up().await;
    let left = |guide: Option<Guide>| {
        let Guide { credential, enabled, policy, backup, channel, recovery_kit, .. } = guide.unwrap();
        [credential, enabled, policy, backup, channel, recovery_kit].into_iter().filter(|done| !done).count()
    };
    assert_eq!(left(partner.dashboard().await.guide), 6);
    let s3 = app.s3().await;
    let credential = partner.add_credential(&s3).await;
    assert_eq!(left(partner.dashboard().await.guide), 5);
    let project = partner.add_project("web-shop", &app.files(), Some(&credential)).await;
    assert_eq!(left(partner.dashboard().await.guide), 4);
    partner.add_project("later", &app.files(), None).await;
    let guide = partner.dashboard().await.guide.unwrap();
    assert_eq!(guide.project.map(|(_, name)| name).as_deref(), Some("later"), "what waits for its backup comes first");
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    partner.backup_now(project, policy).await;
    partner.recovery_kit(project).await;
    partner.add_channel(&webhook_form("hook", "https://hooks.example.com/x")).await;
    app.execute("DELETE FROM project WHERE name = 'later'").await;
    assert!(partner.dashboard().await.guide.unwrap().is_done());
    assert!(!partner.get("/").await.text().contains("to a backup that you can always restore"));
    let user = app.person(Role::User, ORGANIZATION).await;
    assert_eq!(user.dashboard().await.guide, None);
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
    assert_eq!((dashboard.standings.of(Standing::Protected), dashboard.standings.total()), (1, 1));
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
    assert_eq!(user.dashboard().await.standings.of(Standing::Waiting), 1);
}
