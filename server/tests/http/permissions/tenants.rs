//! Another account's or organization's things inside one's own: ids in forms, filters, addresses.

use model::{
    audit::{AuditLog, AuditQuery},
    credential::CredentialList,
    ids::{OrganizationId, ProjectId},
    list::ListQuery,
    notification::{ChannelList, DeliveryList},
    people::Role,
    project::ProjectList,
    user::UserList,
};
use serde_json::json;

use super::{NEIGHBOUR, Things};
use crate::support::{
    Browser, TestApp,
    app::{ELSEWHERE, PARTNER, SECRET_KEY},
    deeds::credential_form,
    files, form, on_both_databases,
};

on_both_databases!(
    an_id_of_another_account_is_as_one_that_does_not_exist,
    a_list_filtered_by_another_account_is_empty,
    an_address_that_pairs_two_accounts_leads_nowhere,
    an_id_of_another_organization_is_as_one_that_does_not_exist,
    anothers_credential_is_as_one_that_does_not_exist,
);

/// An id that nothing has.
pub const NOTHING: i64 = 999_999;

async fn an_id_of_another_account_is_as_one_that_does_not_exist(app: &TestApp) {
    let (partner, things) = Things::of(app).await;
    let stranger = app.another_account().await;
    let own = stranger.own_project(app, ELSEWHERE).await;
    let theirs = partner.credentials().await.remove(0).id.0;

    let directory = app.files_of(ELSEWHERE).display().to_string();
    let with_credential = |credential: i64| {
        let credential = credential.to_string();
        let mut fields = form(&[("project", &own.to_string()), ("project_name", "another"), ("directory", &directory)]);
        fields.extend(form(&[("backup.enable_backup", "on"), ("backup.credential", &credential)]));
        fields
    };
    for function in ["projects/save_backup_settings", "projects/create"] {
        let (theirs, nothing) = (with_credential(theirs), with_credential(NOTHING));
        let (theirs, nothing) = (stranger.call(function, &theirs).await, stranger.call(function, &nothing).await);
        assert_eq!((theirs.status, theirs.text()), (422, nothing.text()), "{function}");
        assert!(theirs.form_errors().message_for("backup.credential").is_some(), "{function}");
    }
    for (function, fields) in [
        ("projects/create", [("organization", "1"), ("project_name", "another"), ("directory", &directory)]),
        ("restores/add", [("backup", &things.backup.id.to_string()), ("restore_name", "x"), ("target", "original")]),
        ("notifications/add_channel", [("organization", "1"), ("name", "theirs"), ("kind", "slack")]),
        ("users/invite", [("organization", "1"), ("email", "new@elsewhere.test"), ("role", "User")]),
        ("policies/add", [("project", &things.project.to_string()), ("name", "theirs"), ("retention", "30d")]),
    ] {
        let refused = stranger.call(function, &form(&fields)).await;
        assert_eq!(refused.status, 404, "{function}: {}", refused.text());
    }
}

/// Asked by a Manager and a User of another organization of the same account.
async fn an_id_of_another_organization_is_as_one_that_does_not_exist(app: &TestApp) {
    let (partner, things) = Things::of(app).await;
    app.organization(NEIGHBOUR).await;
    let askers = [app.person(Role::Manager, NEIGHBOUR).await, app.person(Role::User, NEIGHBOUR).await];
    let theirs = partner.credentials().await.remove(0).id.0;
    let (project, policy, backup) = (things.project.0, things.policy.0, things.backup.id.0);
    for (function, field, id) in [
        ("users/reset_password", "user", 1),
        ("users/change_role", "user", 1),
        ("users/reset_second_factor", "user", 1),
        ("users/remove", "user", 1),
        ("organizations/update", "organization", 1),
        ("organizations/remove", "organization", 1),
        ("credentials/update", "credential", theirs),
        ("credentials/move_endpoint", "credential", theirs),
        ("credentials/set_default", "credential", theirs),
        ("credentials/lock", "credential", theirs),
        ("credentials/unlock", "credential", theirs),
        ("credentials/delete", "credential", theirs),
        ("projects/create", "organization", 1),
        ("projects/save_backup_settings", "project", project),
        ("projects/disable_backup", "project", project),
        ("projects/lock", "project", project),
        ("projects/unlock", "project", project),
        ("projects/delete", "project", project),
        ("projects/undo_deletion", "project", project),
        ("projects/move_to_node", "project", project),
        ("projects/recovery_kit", "project", project),
        ("policies/add", "project", project),
        ("policies/update", "policy", policy),
        ("policies/pause", "policy", policy),
        ("policies/resume", "policy", policy),
        ("policies/delete", "policy", policy),
        ("policies/run_now", "policy", policy),
        ("backups/cancel", "backup", backup),
        ("backups/delete", "backup", backup),
        ("backups/undo_deletion", "backup", backup),
        ("backups/remove_now", "backup", backup),
        ("backups/keep", "backup", backup),
        ("backups/let_go", "backup", backup),
        ("backups/acknowledge", "backup", backup),
        ("restores/add", "backup", backup),
        ("restores/cancel", "restore", things.restore.id.0),
        ("restores/delete", "restore", things.restore.id.0),
        ("maintenance/verify", "project", project),
        ("maintenance/prune", "project", project),
        ("maintenance/repair", "project", project),
        ("maintenance/cancel", "maintenance", 1),
        ("notifications/add_channel", "organization", 1),
        ("notifications/update_channel", "channel", things.channel.0),
        ("notifications/send_test", "channel", things.channel.0),
        ("notifications/pause_channel", "channel", things.channel.0),
        ("notifications/resume_channel", "channel", things.channel.0),
        ("notifications/delete_channel", "channel", things.channel.0),
    ] {
        for asker in &askers {
            let ask = async |id: i64| asker.call(function, &named(field, id)).await;
            let (theirs, nothing) = (ask(id).await, ask(NOTHING).await);
            assert_eq!((theirs.status, theirs.text()), (nothing.status, nothing.text()), "{function}");
            assert!((400..500).contains(&theirs.status), "{function}: {}", theirs.status);
        }
    }
    for (function, arguments) in [
        ("credentials/get", json!({ "credential": theirs })),
        ("projects/get", json!({ "project": project })),
        ("projects/choices", json!({ "project": project })),
        ("policies/list", json!({ "project": project })),
        ("policies/outlook", json!({ "policy": policy })),
        ("policies/draft", json!({ "project": project, "policy": policy })),
        ("maintenance/get", json!({ "project": project })),
        ("backups/list", json!({ "project": project, "query": ListQuery::default() })),
        ("restores/list", json!({ "project": project, "query": ListQuery::default() })),
        ("backups/browsed", json!({ "project": project, "backup": backup })),
        ("runs/get", json!({ "project": project, "run": format!("backup-{backup}"), "compare": true })),
        ("runs/growth", json!({ "project": project, "run": format!("backup-{backup}"), "compare": true })),
        ("backups/browse", json!({ "query": { "project": project, "backup": backup, "path": "", "search": "" } })),
    ] {
        for asker in &askers {
            assert_eq!(asker.ask(function, &arguments).await.status, 404, "{function}");
        }
    }
}

/// A credential that another organization of the same account has, in the forms of an own project.
async fn anothers_credential_is_as_one_that_does_not_exist(app: &TestApp) {
    let (partner, _) = app.backed_up_project().await;
    app.organization(NEIGHBOUR).await;
    let manager = app.person(Role::Manager, NEIGHBOUR).await;
    let theirs = partner.credentials().await.remove(0).id.0;
    let own = manager.own_project(app, NEIGHBOUR).await;
    let directory = app.files_of(NEIGHBOUR).display().to_string();
    for function in ["projects/save_backup_settings", "projects/create"] {
        let ask = async |credential: i64| {
            let (project, credential) = (own.to_string(), credential.to_string());
            let mut fields = form(&[("project", &project), ("project_name", "another"), ("directory", &directory)]);
            fields.extend(form(&[("backup.enable_backup", "on"), ("backup.credential", &credential)]));
            manager.call(function, &fields).await
        };
        let (theirs, nothing) = (ask(theirs).await, ask(NOTHING).await);
        assert_eq!((theirs.status, theirs.text()), (422, nothing.text()), "{function}");
        assert!(theirs.form_errors().message_for("backup.credential").is_some(), "{function}");
    }
    assert_eq!(manager.projects().await.page.total, 1, "nothing was made of it");
}

fn named(field: &str, id: i64) -> Vec<(String, String)> {
    form(&[(field, &id.to_string())])
}

async fn a_list_filtered_by_another_account_is_empty(app: &TestApp) {
    let (partner, things) = Things::of(app).await;
    partner.call("notifications/send_test", &form(&[("channel", &things.channel.to_string())])).await;
    let stranger = app.another_account().await;
    let of_theirs = ListQuery { organization: Some(OrganizationId(1)), ..ListQuery::default() };
    let query = json!({ "query": of_theirs });
    assert_eq!(stranger.read::<UserList>("users/list", &query).await.page.total, 0);
    assert_eq!(stranger.read::<ProjectList>("projects/list", &query).await.page.total, 0);
    assert_eq!(stranger.read::<CredentialList>("credentials/list", &query).await.page.total, 0);
    assert_eq!(stranger.read::<DeliveryList>("notifications/list_deliveries", &query).await.total, 0);
    let channels: ChannelList = stranger.read("notifications/list_channels", &json!({ "organization": 1 })).await;
    assert!(channels.rows.is_empty());
    assert_eq!(partner.deliveries().await.len(), 1, "there is one");
    let log = AuditQuery { list: of_theirs, ..AuditQuery::default() };
    assert_eq!(stranger.read::<AuditLog>("audit/list", &json!({ "query": log })).await.page.total, 0);
    for filter in ["?organization=1".to_owned(), format!("?person={PARTNER}"), "?search=web-shop".to_owned()] {
        let csv = stranger.get(&format!("/audit-log/export{filter}")).await.text();
        assert!(!csv.contains(PARTNER) && !csv.contains("web-shop\""), "{filter}: {csv}");
    }
}

async fn an_address_that_pairs_two_accounts_leads_nowhere(app: &TestApp) {
    let (partner, things) = Things::of(app).await;
    let stranger = app.another_account().await;
    let own = stranger.own_project(app, ELSEWHERE).await;
    let policy = stranger.add_policy(own, "own-policy", "0 0 29 2 *").await;
    let own_backup = stranger.backup_now(own, policy).await;
    assert_eq!(stranger.get(&download(own, own_backup.id.0)).await.status, 200, "the own one is there");

    for (who, project, backup) in [
        (&stranger, own, things.backup.id),
        (&stranger, things.project, own_backup.id),
        (&stranger, things.project, things.backup.id),
        (&partner, things.project, own_backup.id),
        (&partner, own, things.backup.id),
    ] {
        let address = download(project, backup.0);
        assert_eq!(who.get(&address).await.status, 404, "{address}");
        let query = json!({ "query": { "project": project, "backup": backup, "path": "", "search": "" } });
        assert_eq!(who.ask("backups/browse", &query).await.status, 404, "{address}");
        let heading = json!({ "project": project, "backup": backup });
        assert_eq!(who.ask("backups/browsed", &heading).await.status, 404, "{address}");
        let run = json!({ "project": project, "run": format!("backup-{backup}"), "compare": true });
        for function in ["runs/get", "runs/growth"] {
            assert_eq!(who.ask(function, &run).await.status, 404, "{address}");
        }
    }
    for (project, policy) in [(own, things.policy), (things.project, policy), (things.project, things.policy)] {
        let draft = json!({ "project": project, "policy": policy });
        assert_eq!(stranger.ask("policies/draft", &draft).await.status, 404, "{draft}");
    }
}

fn download(project: ProjectId, backup: i64) -> String {
    format!("/projects/{project}/backups/{backup}/download?path=README.md")
}

impl Browser {
    /// A project of the asking person's own account, backed up with credentials of its own.
    async fn own_project(&self, app: &TestApp, organization: &str) -> ProjectId {
        let endpoint = app.own_s3().await.endpoint();
        self.done("credentials/add", &form(&credential_form(endpoint.as_str(), SECRET_KEY))).await;
        let credential = self.credentials().await.remove(0);
        let source = app.files_of(organization);
        files::write_sample(&source);
        self.add_project("own-shop", &source, Some(&credential)).await
    }
}
