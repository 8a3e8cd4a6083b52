//! Who may ask what: tables of every server function and every address, for everybody who might ask.
//!
//! The functions and addresses are those that the server really has: one that is not in its table fails the test.

mod functions;
mod organizations;
mod pages;
mod tenants;

use model::{
    backup::BackupRow,
    ids::{ChannelId, PolicyId, ProjectId},
    people::Role,
    restore::RestoreRow,
};

use crate::support::{Answer, Browser, TestApp, app::ORGANIZATION, deeds::webhook_form};

/// Another organization of the same account.
const NEIGHBOUR: &str = "globex";

/// What stands in the answers of nobody else's account, and of no other organization.
const NAMES_OF_THE_THINGS: [&str; 5] = ["web-shop", "nightly", "Main S3", "test-restore", "secret-hook"];

/// What there is to ask about, all of it in the organization [`ORGANIZATION`].
struct Things {
    project: ProjectId,
    policy: PolicyId,
    backup: BackupRow,
    /// A backup in a bucket that its project no longer uses.
    left_behind: BackupRow,
    restore: RestoreRow,
    channel: ChannelId,
    directory: String,
}

impl Things {
    async fn of(app: &TestApp) -> (Browser, Self) {
        let (partner, project) = app.backed_up_project().await;
        let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
        let backup = partner.backup_now(project, policy).await;
        let restore = partner.restore(project, backup.id, "README.md", &app.files().join("restored")).await;
        let left_behind = partner.backup_left_behind(app).await;
        let channel = partner.add_channel(&webhook_form("secret-hook", "http://127.0.0.1:1/hook")).await.id;
        let directory = app.files().display().to_string();
        (partner, Self { project, policy, backup, left_behind, restore, channel, directory })
    }
}

impl Browser {
    /// A backup of a second project, whose backup was disabled afterwards.
    async fn backup_left_behind(&self, app: &TestApp) -> BackupRow {
        let credential = self.credentials().await.remove(0);
        let archive = self.add_project("archive", &app.source(), Some(&credential)).await;
        let policy = self.add_policy(archive, "weekly", "0 0 29 2 *").await;
        let backup = self.backup_now(archive, policy).await;
        self.done("projects/disable_backup", &crate::support::form(&[("project", &archive.to_string())])).await;
        backup
    }
}

/// Everybody who might ask, in the order of the tables' columns: who may least comes first.
struct Askers([(&'static str, Browser); 6]);

/// The statuses for nobody, a User, another organization's Manager, another account's Partner, a Manager, a Partner.
type Statuses = [u16; 6];

impl Askers {
    async fn of(app: &TestApp, partner: &Browser) -> Self {
        app.organization(NEIGHBOUR).await;
        Self([
            ("nobody", app.browser()),
            ("a User", app.person(Role::User, ORGANIZATION).await),
            ("another organization's Manager", app.person(Role::Manager, NEIGHBOUR).await),
            ("another account's Partner", app.another_account().await),
            ("a Manager", app.person(Role::Manager, ORGANIZATION).await),
            ("a Partner", partner.clone()),
        ])
    }

    /// Lets each of them ask, one after the other, and compares what they are told.
    async fn ask(&self, what: &str, expected: &Statuses, ask: impl AsyncFn(&Browser) -> Answer) {
        for ((who, browser), expected) in self.0.iter().zip(expected) {
            let answer = ask(browser).await;
            let text = answer.text();
            assert_eq!(answer.status, *expected, "{who} asks {what}: {text}");
            let strangers = ["nobody", "another organization's Manager", "another account's Partner"];
            let told = NAMES_OF_THE_THINGS.iter().find(|name| text.contains(**name));
            assert!(!strangers.contains(who) || told.is_none(), "{who} asks {what} and is told {told:?}: {text}");
        }
    }
}
