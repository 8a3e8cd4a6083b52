//! What a success offers to take back, and what taking it back does.

use model::{
    follow::{Follow, Reversal},
    ids::{CredentialId, PolicyId},
    policy::SchedulePhase,
};

use crate::support::{TestApp, form, on_both_databases};

on_both_databases!(a_deleted_policy_is_taken_back, what_was_paused_or_locked_or_chosen_is_taken_back,);

async fn a_deleted_policy_is_taken_back(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 2 * * *").await;
    let named = form(&[("policy", &policy.to_string())]);
    let deleted = partner.done("policies/delete", &named).await;
    assert_eq!(deleted.follow, Some(Follow::Undo(Reversal::RestorePolicy(policy))));
    // A minute of the dispatcher's work takes it not away, though it has no backups.
    app.pass(60);
    partner.done("policies/undo_deletion", &named).await;
    let back = partner.policies(project).await.remove(0);
    assert_eq!((back.id, back.name.as_str(), back.phase), (policy, "nightly", SchedulePhase::Enabled));
    assert!(back.next_run.is_some_and(|next| next > app.now()), "its schedule goes on");

    partner.done("policies/pause", &named).await;
    partner.done("policies/delete", &named).await;
    let other = partner.add_policy(project, "nightly", "0 3 * * *").await;
    let taken = partner.call("policies/undo_deletion", &named).await;
    assert_eq!(taken.status, 409);
    assert!(taken.error().to_string().contains("another policy named nightly"), "{}", taken.error());
    partner.done("policies/delete", &form(&[("policy", &other.to_string())])).await;
    partner.done("policies/undo_deletion", &named).await;
    let back = partner.policies(project).await.remove(0);
    assert_eq!((back.phase, back.next_run), (SchedulePhase::Paused, None), "what was paused is paused");

    partner.done("projects/disable_backup", &form(&[("project", &project.to_string())])).await;
    let off = partner.call("policies/undo_deletion", &named).await;
    assert_eq!(off.status, 409, "nothing is scheduled while backup is off");
}

async fn what_was_paused_or_locked_or_chosen_is_taken_back(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 2 * * *").await;
    let (one, project) = (PolicyId(policy.0), project);
    let cases = [
        ("policies/pause", "policy", policy.0, Reversal::ResumePolicy(one), "policies/resume"),
        ("policies/resume", "policy", policy.0, Reversal::PausePolicy(one), "policies/pause"),
        ("projects/lock", "project", project.0, Reversal::UnlockProject(project), "projects/unlock"),
        ("projects/unlock", "project", project.0, Reversal::LockProject(project), "projects/lock"),
        ("credentials/lock", "credential", 1, Reversal::UnlockCredential(CredentialId(1)), "credentials/unlock"),
        ("credentials/unlock", "credential", 1, Reversal::LockCredential(CredentialId(1)), "credentials/lock"),
    ];
    for (function, field, id, reversal, back) in cases {
        let named = form(&[(field, &id.to_string())]);
        let done = partner.done(function, &named).await;
        assert_eq!(done.follow, Some(Follow::Undo(reversal)), "{function}");
        partner.done(back, &named).await;
        partner.done(function, &named).await;
    }
}
