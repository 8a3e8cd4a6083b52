//! Restores: what they ask for before anything is overwritten.

use std::fs;

use model::backup::RestorePhase;

use crate::support::{TestApp, form, on_both_databases};

on_both_databases!(overwriting_the_projects_own_files_asks_for_its_name);

async fn overwriting_the_projects_own_files_asks_for_its_name(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let file = app.source().join("run.sh");
    let before = fs::read(&file).unwrap();
    let backup = partner.backup_now(project, policy).await.id.to_string();
    fs::write(&file, "changed").unwrap();
    let over = |name: &str, conflict: &str, confirmed: &str| {
        form(&[
            ("backup", &backup),
            ("restore_name", name),
            ("target", "original"),
            ("on_conflict", conflict),
            ("confirm_project", confirmed),
        ])
    };
    for wrong in ["", "web", "WEB-SHOP"] {
        let refused = partner.call("restores/add", &over("over", "overwrite", wrong)).await;
        assert_eq!(refused.status, 422, "{wrong}");
        let told = refused.form_errors();
        assert!(told.message_for("confirm_project").is_some_and(|told| told.contains("web-shop")), "{told:?}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"changed");
    partner.done("restores/add", &over("beside", "skip", "")).await;
    assert_eq!(partner.newest_restore(project).await.phase, RestorePhase::Completed);
    assert_eq!(fs::read(&file).unwrap(), b"changed", "what is skipped stays");
    partner.done("restores/add", &over("over", "overwrite", " web-shop ")).await;
    assert_eq!(partner.newest_restore(project).await.phase, RestorePhase::Completed);
    assert_eq!(fs::read(&file).unwrap(), before);
}
