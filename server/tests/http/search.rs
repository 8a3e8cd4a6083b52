//! One search for everything that a person may see.

use model::{people::Role, search::SearchResults};
use serde_json::json;

use crate::support::{Browser, TestApp, app::ORGANIZATION, on_both_databases};

on_both_databases!(what_somebody_may_see_is_found, what_belongs_to_others_is_not_found);

impl Browser {
    async fn search(&self, text: &str) -> SearchResults {
        self.read("projects/search", &json!({ "text": text })).await
    }
}

async fn what_somebody_may_see_is_found(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    let found = partner.search("WEB-").await;
    assert_eq!((found.projects.len(), found.projects[0].id), (1, project));
    let found = partner.search(&backup.name).await;
    assert_eq!((found.backups.len(), found.backups[0].id), (1, backup.id));
    let found = partner.search("Numbers").await;
    let paths: Vec<_> = found.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["letters/2026/numbers.bin"]);
    assert_eq!((found.searched, found.searchable), (1, 1));
    assert_eq!(partner.search("n").await, SearchResults::default(), "one letter finds everything");

    // A User sees projects and the state of their backups, and no files.
    let user = app.person(Role::User, ORGANIZATION).await;
    assert_eq!(user.search("web-").await.projects.len(), 1);
    let found = user.search("numbers").await;
    assert_eq!((found.files.len(), found.searchable), (0, 0));
}

async fn what_belongs_to_others_is_not_found(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    app.organization("globex").await;
    let neighbour = app.person(Role::Manager, "globex").await;
    for text in ["web-", &backup.name, "numbers"] {
        let found = neighbour.search(text).await;
        assert_eq!(found, SearchResults::default(), "{text}");
    }
}
