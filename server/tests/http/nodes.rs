//! Several nodes on one PostgreSQL: real processes, which are killed and paused.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use model::{
    backup::{BackupPhase, BackupRow, RestorePhase},
    ids::ProjectId,
    node::{NodePhase, NodeRow},
    people::Role,
};
use serde_json::json;

use crate::support::{
    Browser, TestApp,
    app::{ORGANIZATION, PARTNER, PASSWORD, setup_form},
    deeds::until,
    files, form, on_both_databases,
    program::{Program, Running},
    tell,
};

on_both_databases!(the_nodes_are_listed_for_partners);

/// Leases last 30 seconds, and the issue allows twice as long.
const TAKEOVER: Duration = Duration::from_mins(1);

const A_MOMENT: Duration = Duration::from_secs(30);

impl Browser {
    async fn nodes(&self) -> Vec<NodeRow> {
        self.read("nodes/list", &json!({})).await
    }

    async fn signed_in_again(self) -> Self {
        self.done("session/sign_in", &form(&[("email", PARTNER), ("password", PASSWORD)])).await;
        self
    }
}

async fn the_nodes_are_listed_for_partners(app: &TestApp) {
    let partner = app.set_up().await;
    let nodes = until(A_MOMENT, async || partner.nodes().await, |nodes| !nodes.is_empty()).await;
    let [node] = nodes.as_slice() else { panic!("{nodes:?}") };
    assert_eq!((node.phase, node.serves_pages, node.workers), (NodePhase::Working, true, 2));
    assert_eq!(node.name, app.config.node);
    assert!(partner.get("/nodes").await.text().contains(&node.name));
    let manager = app.person(Role::Manager, ORGANIZATION).await;
    assert_eq!(manager.ask("nodes/list", &json!({})).await.status, 403);
    assert!(!manager.get("/").await.text().contains("href=\"/nodes\""));
}

/// A Partner's browser at a new node, and a project of a directory with the sample in it.
async fn project_on(program: &Program, partner: &Browser, s3: &embedded_s3::EmbeddedS3) -> ProjectId {
    let source = program.files().join("web-shop");
    files::write_sample(&source);
    partner.done("session/set_up", &setup_form()).await;
    let credential = partner.add_credential(s3).await;
    partner.add_project("web-shop", &source, Some(&credential)).await
}

/// A file that takes so many seconds, more or less.
fn write_large(folder: &Path, gigabytes: usize) {
    files::write_large(&folder.join("large.bin"), gigabytes * 96);
}

async fn run_now(partner: &Browser, project: ProjectId, policy: &str) {
    let policy = partner.add_policy(project, policy, "0 0 1 1 *").await;
    partner.done("policies/run_now", &form(&[("policy", &policy.to_string())])).await;
}

/// A node that works on a backup of so many gigabytes, and a Partner's browser there.
async fn in_the_middle_of_a_backup(
    program: &Program,
    s3: &embedded_s3::EmbeddedS3,
    gigabytes: usize,
) -> (Running, Browser, ProjectId) {
    let node = program.serve();
    let partner = node.browser();
    let project = project_on(program, &partner, s3).await;
    write_large(&program.files().join("web-shop"), gigabytes);
    run_now(&partner, project, "yearly").await;
    let working = |run: &BackupRow| run.phase == BackupPhase::InProgress && run.progress.bytes > 0;
    partner.newest_backup(project, A_MOMENT, working).await;
    (node, partner, project)
}

#[test]
fn any_node_serves_the_pages_and_knows_the_sessions() {
    tell(async {
        let first = Program::on_postgres();
        let one = first.serve();
        let partner = one.browser();
        partner.done("session/set_up", &setup_form()).await;
        let two = first.another("two").serve();
        let elsewhere = partner.moved_to(two.address);
        assert_eq!(elsewhere.get("/").await.status, 200, "the session of one node is known to the other");
        let both = |nodes: &Vec<NodeRow>| nodes.len() == 2;
        let nodes = until(A_MOMENT, async || elsewhere.nodes().await, both).await;
        assert!(
            nodes.iter().any(|node| node.name == "two") && nodes.iter().all(|node| node.phase == NodePhase::Working)
        );
        partner.done("session/sign_out", &[]).await;
        assert_eq!(elsewhere.get("/").await.location(), "/login", "and gone on both");
        assert_eq!(two.terminate(), Some(0));
        let partner = one.browser().signed_in_again().await;
        assert_eq!(partner.nodes().await.len(), 1, "a node that ends signs off");
    });
}

#[test]
fn a_killed_nodes_runs_are_taken_over_within_a_minute() {
    tell(async {
        let first = Program::on_postgres().with("HOLDFAST_NODE", "shared");
        let s3 = first.s3().await;
        let (one, partner, project) = in_the_middle_of_a_backup(&first, &s3, 6).await;

        let two = first.another("shared").serve();
        let elsewhere = partner.moved_to(two.address);
        let (killed, marks) = (Instant::now(), owners(&elsewhere).await);
        one.kill();
        let taken_over = |run: &BackupRow| run.attempt == 2 && run.phase == BackupPhase::InProgress;
        elsewhere.newest_backup(project, TAKEOVER, taken_over).await;
        println!("taken over {:.1} s after the kill", killed.elapsed().as_secs_f64());
        assert_ne!(owners(&elsewhere).await, marks);
        let ended = elsewhere.newest_backup(project, TAKEOVER, |run| !run.phase.is_active()).await;
        assert_eq!(
            (ended.phase, elsewhere.backups(project).await.len()),
            (BackupPhase::Completed, 1),
            "{:?}",
            ended.cause
        );
    });
}

/// The marks of the nodes that have a run.
async fn owners(partner: &Browser) -> Vec<String> {
    partner.nodes().await.into_iter().filter(|node| !node.runs.is_empty()).map(|node| node.id).collect()
}

#[test]
fn a_node_that_comes_back_from_a_pause_finds_that_it_lost_its_run() {
    tell(async {
        let first = Program::on_postgres().with("HOLDFAST_NODE", "shared");
        let s3 = first.s3().await;
        let (one, partner, project) = in_the_middle_of_a_backup(&first, &s3, 4).await;
        one.pause();

        let two = first.another("shared").serve();
        let elsewhere = partner.moved_to(two.address);
        let ended = elsewhere.newest_backup(project, TAKEOVER * 2, |run| !run.phase.is_active()).await;
        assert_eq!((ended.phase, ended.attempt), (BackupPhase::Completed, 2), "{:?}", ended.cause);
        one.go_on();
        // It has let go of the run as soon as it does something else.
        let target = first.files().join("restored");
        assert_eq!(two.terminate(), Some(0));
        let partner = one.browser().signed_in_again().await;
        let restore = partner.restore(project, ended.id, "README.md", &target).await;
        assert_eq!(restore.phase, RestorePhase::Completed, "{:?}", restore.cause);
        let backups = partner.backups(project).await;
        assert_eq!((backups.len(), backups[0].attempt), (1, 2), "what the paused node did counts for nothing");
        assert_eq!(snapshots(&first.folder().join("s3")), 1, "and it has written no snapshot");
    });
}

/// Counts the snapshots in all buckets of the embedded server's folder.
fn snapshots(buckets: &Path) -> usize {
    let found = Command::new("find").arg(buckets).args(["-path", "*/snapshots/*", "-type", "f"]).output().unwrap();
    let paths = String::from_utf8(found.stdout).unwrap();
    paths.lines().filter(|path| path.rsplit('/').next().is_some_and(|name| name.len() == 64)).count()
}

/// Two nodes, one of them killed half-way: every due run is done exactly once.
#[test]
fn each_due_run_is_done_once_though_a_node_is_killed() {
    const PROJECTS: usize = 6;
    const POLICIES: usize = 10;
    tell(async {
        let first = Program::on_postgres().with("HOLDFAST_NODE", "shared");
        let s3 = first.s3().await;
        let one = first.serve();
        let partner = one.browser();
        let source = first.files().join("web-shop");
        files::write_sample(&source);
        partner.done("session/set_up", &setup_form()).await;
        let credential = partner.add_credential(&s3).await;
        let mut projects = Vec::new();
        for number in 0..PROJECTS {
            let project = partner.add_project(&format!("shop-{number}"), &source, Some(&credential)).await;
            for number in 0..POLICIES {
                partner.add_policy(project, &format!("policy-{number}"), "0 0 1 1 *").await;
            }
            projects.push(project);
        }
        let two = first.another("shared").serve();
        let elsewhere = partner.moved_to(two.address);
        let database = sea_orm::Database::connect(first.setting("HOLDFAST_DATABASE_URL")).await.unwrap();
        sea_orm::ConnectionTrait::execute_unprepared(&database, "UPDATE policy SET next_run_at = created_at")
            .await
            .unwrap();

        let ended = async || {
            let mut ended = Vec::new();
            for project in &projects {
                let rows = elsewhere.backups(*project).await;
                ended.extend(rows.into_iter().filter(|row| !row.phase.is_active()));
            }
            ended
        };
        until(TAKEOVER, ended, |ended| ended.len() >= PROJECTS * POLICIES / 2).await;
        one.kill();
        let all = until(TAKEOVER * 3, ended, |ended| ended.len() >= PROJECTS * POLICIES).await;
        assert_eq!(all.len(), PROJECTS * POLICIES, "each due time once");
        let completed = all.iter().filter(|row| row.phase == BackupPhase::Completed).count();
        let again = all.iter().filter(|row| row.attempt > 1).count();
        println!("{} runs, {completed} completed, {again} of them taken over", all.len());
        assert_eq!(completed, PROJECTS * POLICIES);
        assert_eq!(snapshots(&first.folder().join("s3")), PROJECTS * POLICIES, "and one snapshot for each");
    });
}

#[test]
fn a_directory_belongs_to_its_node() {
    tell(async {
        let first = Program::on_postgres().with("HOLDFAST_NODE", "one");
        let s3 = first.s3().await;
        let one = first.serve();
        let partner = one.browser();
        let project = project_on(&first, &partner, &s3).await;
        assert_eq!(partner.project(project).await.node.as_deref(), Some("one"));
        let second = first.another("two").with("HOLDFAST_SOURCE_ROOTS", "/nonexistent");
        let two = second.serve();
        let elsewhere = partner.moved_to(two.address);
        assert_eq!(one.terminate(), Some(0));
        run_now(&elsewhere, project, "yearly").await;
        let told = |run: &BackupRow| run.cause.as_deref().is_some_and(|cause| cause.starts_with("Waits for node one"));
        let waiting = elsewhere.newest_backup(project, A_MOMENT, told).await;
        assert_eq!(waiting.phase, BackupPhase::Queued);

        let unknown = form(&[("project", &project.to_string()), ("node", "three")]);
        let errors = elsewhere.call("projects/move_to_node", &unknown).await.form_errors();
        assert!(errors.message_for("node").is_some_and(|message| message.contains("three")), "{errors:?}");

        let third = first.another("three").work();
        let known = |nodes: &Vec<NodeRow>| nodes.iter().any(|node| node.name == "three" && !node.serves_pages);
        until(A_MOMENT, async || elsewhere.nodes().await, known).await;
        elsewhere.done("projects/move_to_node", &unknown).await;
        let ended = elsewhere.newest_backup(project, A_MOMENT, |run| !run.phase.is_active()).await;
        assert_eq!(ended.phase, BackupPhase::Completed, "a worker that serves no pages has done it: {:?}", ended.cause);
        let target = first.files().join("restored");
        let restore = elsewhere.restore(project, ended.id, "", &target).await;
        assert_eq!(restore.phase, RestorePhase::Completed, "{:?}", restore.cause);
        assert!(fs::read(target.join("README.md")).is_ok(), "restored where the worker is");
        for (name, node, status) in [("chosen", "three", 200), ("unknown", "four", 422)] {
            // Under no root of the node that serves the page, which does not look at another one's directories.
            let directory = first.files().join("web-shop").display().to_string();
            let new = form(&[("project_name", name), ("directory", &directory), ("node", node)]);
            assert_eq!(elsewhere.call("projects/create", &new).await.status, status, "{node}");
        }
        assert_eq!(third.terminate(), Some(0));
    });
}

#[test]
fn nodes_that_start_at_once_migrate_once() {
    tell(async {
        for program in [Program::on_postgres(), Program::new()] {
            let statuses = std::thread::scope(|scope| {
                let starts: Vec<_> = (0..3).map(|_| scope.spawn(|| program.run(&["migrate"], ""))).collect();
                starts.into_iter().map(|start| start.join().unwrap()).collect::<Vec<_>>()
            });
            for output in statuses {
                assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            }
        }
    });
}
