//! The rules of claiming and releasing, on a database in a temporary folder, without HTTP and S3.

mod clock;
mod time;

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    backup::{BackupPhase, RestorePhase},
    maintenance::{MaintenanceKind, MaintenancePhase},
    restore::OnConflict,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder,
};
use tempfile::TempDir;

use self::time::TestTime;
use super::{
    Backup, Deletion, KINDS, Maintenance, Removal, Restore,
    capacity::{self, Room},
    claim,
    kind::{Hold, RunKind},
    lease::{Lease, Renewal},
    release, retention,
    supervisor::Counters,
};
use crate::{
    clock::Clock,
    context::{Services, ServicesConfig},
    entity::{
        DamageList, StoredOptions, TextList, UnreadableList, account, backup, backup_credential, maintenance,
        organization, policy, project, removal, repository, restore,
    },
};

/// Services of one node on a database of its own, and a clock that stands still.
struct Bench {
    services: Services,
    time: TestTime,
    _folder: TempDir,
}

/// An organization's project whose backup is on.
#[derive(Clone, Copy)]
struct Home {
    organization: i64,
    credential: i64,
    project: i64,
    repository: i64,
}

const IDLE: Room = Room { without: Vec::new(), idle: true };
const BUSY: Room = Room { without: Vec::new(), idle: false };

impl Bench {
    async fn new(workers: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("holdfast.db").display());
        Self::on(url, folder, workers).await
    }

    async fn on(database_url: String, folder: TempDir, workers: usize) -> Self {
        let time = TestTime::new("2026-11-29T12:00:00Z".parse().unwrap());
        let config = ServicesConfig {
            database_url,
            master_key_file: folder.path().join("master.key"),
            create_master_key: true,
            data_dir: folder.path().to_owned(),
            source_roots: Vec::new(),
            protected: Vec::new(),
            allow_networks: Vec::new(),
            postgres_networks: Vec::new(),
            notify_networks: Vec::new(),
            mail_server: None,
            provider: None,
            public_url: None,
            workers,
            run_limit: std::time::Duration::from_hours(1),
            s3_outage_limit: std::time::Duration::ZERO,
            verification_weeks: 4,
            deletion_delay: std::time::Duration::from_hours(7 * 24),
            node: "here".to_owned(),
            serves_pages: false,
            behind_proxy: false,
            clock: Clock::of(time.clone()),
        };
        let services = Services::open(config).await.unwrap();
        let account = account::ActiveModel {
            origin: Set("tests".to_owned()),
            name: Set("tests".to_owned()),
            partners_need_second_factor: Set(false),
            created_at: Set(services.clock().now()),
            ..Default::default()
        };
        account.insert(services.db()).await.unwrap();
        Self { services, time, _folder: folder }
    }

    fn now(&self) -> DateTime<Utc> {
        self.services.clock().now()
    }

    fn pass(&self, time: TimeDelta) {
        self.time.pass(time);
    }

    async fn organization(&self, name: &str) -> i64 {
        let row = organization::ActiveModel {
            account_id: Set(account::Entity::find().one(self.services.db()).await.unwrap().unwrap().id),
            name: Set(name.to_owned()),
            name_key: Set(name.to_owned()),
            time_zone: Set("UTC".to_owned()),
            created_at: Set(self.now()),
            ..Default::default()
        };
        row.insert(self.services.db()).await.unwrap().id
    }

    async fn home(&self, name: &str) -> Home {
        let organization = self.organization(name).await;
        self.project(organization, name, None).await
    }

    async fn project(&self, organization: i64, name: &str, node: Option<&str>) -> Home {
        let db = self.services.db();
        let credential = backup_credential::ActiveModel {
            organization_id: Set(organization),
            s3_name: Set(name.to_owned()),
            s3_name_key: Set(name.to_owned()),
            access_key_id: Set("key".to_owned()),
            secret_key_sealed: Set(Vec::new()),
            endpoint: Set("https://s3.example.com".to_owned()),
            region: Set("eu".to_owned()),
            is_default: Set(false),
            locked: Set(false),
            version: Set(1),
            created_by: Set("tests".to_owned()),
            created_at: Set(self.now()),
            modified_by: Set("tests".to_owned()),
            modified_at: Set(self.now()),
            ..Default::default()
        };
        let credential = credential.insert(db).await.unwrap().id;
        let project = project::ActiveModel {
            organization_id: Set(organization),
            name: Set(name.to_owned()),
            source_kind: Set("directory".to_owned()),
            source_location: Set("/srv".to_owned()),
            source_had_files: Set(false),
            locked: Set(false),
            node: Set(node.map(str::to_owned)),
            created_by: Set("tests".to_owned()),
            created_at: Set(self.now()),
            ..Default::default()
        };
        let project = project.insert(db).await.unwrap().id;
        let repository = repository::ActiveModel {
            project_id: Set(project),
            organization_id: Set(organization),
            backup_credential_id: Set(Some(credential)),
            endpoint: Set("https://s3.example.com".to_owned()),
            region: Set("eu".to_owned()),
            bucket: Set(name.to_owned()),
            prefix: Set(String::new()),
            password_sealed: Set(Vec::new()),
            created_at: Set(self.now()),
            verify_part: Set(0),
            damage: Set(DamageList::default()),
            ..Default::default()
        };
        let repository = repository.insert(db).await.unwrap().id;
        Home { organization, credential, project, repository }
    }

    async fn backup(&self, home: Home, name: &str, phase: BackupPhase) -> i64 {
        self.backup_row(home, name, phase).insert(self.services.db()).await.unwrap().id
    }

    fn backup_row(&self, home: Home, name: &str, phase: BackupPhase) -> backup::ActiveModel {
        backup::ActiveModel {
            project_id: Set(home.project),
            organization_id: Set(home.organization),
            repository_id: Set(home.repository),
            name: Set(name.to_owned()),
            phase: Set(phase),
            queued_at: Set(self.now()),
            not_before: Set(self.now()),
            include: Set(TextList::default()),
            exclude: Set(TextList::default()),
            unreadable: Set(UnreadableList::default()),
            changed: Set(TextList::default()),
            unmatched: Set(TextList::default()),
            source_options: Set(StoredOptions::default()),
            retention_seconds: Set(86_400),
            attempt: Set(1),
            snapshot: Set(phase.has_snapshot().then(|| format!("{:064x}", 1))),
            ..Default::default()
        }
    }

    /// So many policies that keep as many backups beyond an hour. Returns the first one's id.
    async fn policies(&self, home: Home, count: i64, keep_last: i32) -> i64 {
        let row = |number: i64| policy::ActiveModel {
            project_id: Set(home.project),
            name: Set(format!("policy-{number}")),
            cron: Set("0 * * * *".to_owned()),
            time_zone: Set("UTC".to_owned()),
            retention_seconds: Set(3600),
            include: Set(TextList::default()),
            exclude: Set(TextList::default()),
            paused: Set(false),
            created_by: Set("tests".to_owned()),
            created_at: Set(self.now()),
            version: Set(1),
            keep_last: Set(keep_last),
            keep_hourly: Set(0),
            keep_daily: Set(0),
            keep_weekly: Set(0),
            keep_monthly: Set(0),
            keep_yearly: Set(0),
            unusual_below: Set(50),
            source_options: Set(StoredOptions::default()),
            ..Default::default()
        };
        let rows: Vec<_> = (0..count).map(row).collect();
        policy::Entity::insert_many(rows).exec(self.services.db()).await.unwrap();
        let first = policy::Entity::find().order_by_asc(policy::Column::Id).one(self.services.db()).await.unwrap();
        first.unwrap().id
    }

    /// So many completed backups of a policy, each past its end within the hour.
    async fn ended_backups(&self, home: Home, policy: i64, count: i64) {
        let row = |number: i64| backup::ActiveModel {
            policy_id: Set(Some(policy)),
            policy_name: Set(Some(format!("policy-{policy}"))),
            started_at: Set(Some(self.now())),
            finished_at: Set(Some(self.now())),
            expires_at: Set(Some(self.now() + TimeDelta::hours(1))),
            snapshot: Set(Some(format!("{number:064x}"))),
            ..self.backup_row(home, &format!("{policy}-{number}"), BackupPhase::Completed)
        };
        let rows: Vec<_> = (0..count).map(row).collect();
        backup::Entity::insert_many(rows).exec_without_returning(self.services.db()).await.unwrap();
    }

    async fn restore(&self, home: Home, backup: i64, on_conflict: OnConflict) -> i64 {
        let row = restore::ActiveModel {
            project_id: Set(home.project),
            backup_id: Set(backup),
            name: Set(format!("restore-{}", on_conflict.as_str())),
            phase: Set(RestorePhase::Queued),
            queued_at: Set(self.now()),
            paths: Set(TextList::default()),
            warnings: Set(TextList::default()),
            target: Set("/srv".to_owned()),
            target_kind: Set("directory".to_owned()),
            on_conflict: Set(on_conflict.as_str().to_owned()),
            ..Default::default()
        };
        row.insert(self.services.db()).await.unwrap().id
    }

    async fn maintenance(&self, home: Home, kind: MaintenanceKind) -> i64 {
        let row = maintenance::ActiveModel {
            project_id: Set(home.project),
            repository_id: Set(home.repository),
            kind: Set(kind),
            phase: Set(MaintenancePhase::Queued),
            queued_at: Set(self.now()),
            not_before: Set(self.now()),
            whole: Set(false),
            ..Default::default()
        };
        row.insert(self.services.db()).await.unwrap().id
    }

    async fn removal(&self, home: Home) -> i64 {
        let row = removal::ActiveModel {
            organization_id: Set(home.organization),
            backup_credential_id: Set(home.credential),
            project_name: Set("gone".to_owned()),
            bucket: Set("gone".to_owned()),
            prefix: Set(String::new()),
            not_before: Set(self.now()),
            ..Default::default()
        };
        row.insert(self.services.db()).await.unwrap().id
    }

    /// The id of the run that is claimed next.
    async fn claim<K: RunKind>(&self, room: &Room) -> Option<i64> {
        claim::next::<K>(&self.services, room).await.unwrap().map(|row| K::id(&row))
    }

    /// As if the process had died: half a minute later its leases have run out.
    async fn die(&self) -> u64 {
        self.pass(TimeDelta::seconds(31));
        release::expired(&self.services, self.now()).await.unwrap()
    }

    async fn row<K: RunKind<Entity = backup::Entity>>(&self, id: i64) -> backup::Model {
        K::Entity::find_by_id(id).one(self.services.db()).await.unwrap().unwrap()
    }
}

/// More policies and backups than a statement may have values.
#[tokio::test]
async fn a_thousand_policies_with_much_to_keep_are_tidied_in_one_pass() {
    let bench = Bench::new(1).await;
    let home = bench.home("acme").await;
    let (policies, each, kept) = (1000, 61, 60);
    let first = bench.policies(home, policies, kept).await;
    for policy in first..first + policies {
        bench.ended_backups(home, policy, each).await;
    }
    bench.pass(TimeDelta::hours(2));
    let begun = std::time::Instant::now();
    let marked = retention::expire(&bench.services, bench.now()).await.unwrap();
    println!("{policies} policies with {each} backups each: {:.1} s", begun.elapsed().as_secs_f64());
    assert_eq!(marked, 1000, "the oldest of each");
    assert_eq!(retention::expire(&bench.services, bench.now()).await.unwrap(), 0);
    let left = backup::Entity::find().filter(backup::Column::DeleteAfter.is_null()).count(bench.services.db()).await;
    assert_eq!(left.unwrap(), 60_000);
}

#[tokio::test]
async fn backups_of_a_policy_that_earlier_versions_forgot_keep_their_newest() {
    let bench = Bench::new(1).await;
    let home = bench.home("acme").await;
    let policy = bench.policies(home, 1, 0).await;
    bench.ended_backups(home, policy, 3).await;
    policy::Entity::delete_by_id(policy).exec(bench.services.db()).await.unwrap();
    bench.pass(TimeDelta::hours(2));
    assert_eq!(retention::expire(&bench.services, bench.now()).await.unwrap(), 2);
}

#[tokio::test]
async fn organizations_take_turns_and_a_project_has_one_backup_at_a_time() {
    let bench = Bench::new(4).await;
    let (acme, globex) = (bench.home("acme").await, bench.home("globex").await);
    let first = bench.backup(acme, "first", BackupPhase::Queued).await;
    bench.backup(acme, "second", BackupPhase::Queued).await;
    bench.pass(TimeDelta::seconds(1));
    let other = bench.backup(globex, "other", BackupPhase::Queued).await;
    assert_eq!(bench.claim::<Backup>(&IDLE).await, Some(first));
    assert_eq!(bench.claim::<Backup>(&IDLE).await, Some(other), "who has not had a turn goes first");
    assert_eq!(bench.claim::<Backup>(&IDLE).await, None, "the second one waits behind the first of its project");
}

#[tokio::test]
async fn a_room_without_an_organization_gives_it_nothing_of_any_kind() {
    let bench = Bench::new(4).await;
    let acme = bench.home("acme").await;
    let done = bench.backup(acme, "done", BackupPhase::Completed).await;
    bench.restore(acme, done, OnConflict::Skip).await;
    bench.removal(acme).await;
    bench.backup(acme, "gone", BackupPhase::Deleting).await;
    let full = Room { without: vec![acme.organization], idle: true };
    for kind in KINDS {
        assert!(kind.claim(&bench.services, &full).await.unwrap().is_none());
    }
    assert!(bench.claim::<Restore>(&IDLE).await.is_some());
    assert!(bench.claim::<Removal>(&IDLE).await.is_some());
    assert!(bench.claim::<Deletion>(&IDLE).await.is_some());
    bench.backup(acme, "next", BackupPhase::Queued).await;
    assert!(bench.claim::<Backup>(&full).await.is_none());
    assert!(bench.claim::<Backup>(&IDLE).await.is_some());
}

#[tokio::test]
async fn a_project_of_another_node_waits_for_it() {
    let bench = Bench::new(4).await;
    let organization = bench.organization("acme").await;
    let there = bench.project(organization, "there", Some("elsewhere")).await;
    bench.backup(there, "there", BackupPhase::Queued).await;
    assert_eq!(bench.claim::<Backup>(&IDLE).await, None);
    let here = bench.project(organization, "here", Some("here")).await;
    let here = bench.backup(here, "here", BackupPhase::Queued).await;
    assert_eq!(bench.claim::<Backup>(&IDLE).await, Some(here));
}

#[tokio::test]
async fn a_clean_up_and_a_backup_of_a_repository_exclude_each_other() {
    let bench = Bench::new(4).await;
    let (acme, globex) = (bench.home("acme").await, bench.home("globex").await);
    let prune = bench.maintenance(acme, MaintenanceKind::Prune).await;
    assert_eq!(bench.claim::<Maintenance>(&IDLE).await, Some(prune));
    bench.backup(acme, "waits", BackupPhase::Queued).await;
    assert_eq!(bench.claim::<Backup>(&IDLE).await, None);
    let works = bench.backup(globex, "works", BackupPhase::Queued).await;
    assert_eq!(bench.claim::<Backup>(&IDLE).await, Some(works));
    bench.maintenance(globex, MaintenanceKind::Prune).await;
    assert_eq!(bench.claim::<Maintenance>(&IDLE).await, None);
}

#[tokio::test]
async fn what_a_process_has_not_survived_is_tried_once_more_alone_and_then_given_up() {
    let bench = Bench::new(4).await;
    let acme = bench.home("acme").await;
    let id = bench.backup(acme, "deadly", BackupPhase::Queued).await;
    assert_eq!(bench.claim::<Backup>(&BUSY).await, Some(id));
    assert_eq!(bench.die().await, 1);
    let row = bench.row::<Backup>(id).await;
    assert_eq!((row.phase.as_str(), row.crashes, row.attempt), ("Queued", 1, 2));
    assert_eq!((row.lease_owner, row.lease_until), (None, None));
    assert!(row.cause.unwrap().in_english().contains("once more"));
    assert_eq!(bench.claim::<Backup>(&BUSY).await, None, "something else runs here");
    assert_eq!(bench.claim::<Backup>(&IDLE).await, Some(id));
    assert_eq!(bench.die().await, 1);
    let row = bench.row::<Backup>(id).await;
    assert_eq!((row.phase.as_str(), row.finished_at), ("Failed", Some(bench.now())));
    assert_eq!(bench.claim::<Backup>(&IDLE).await, None);
}

#[tokio::test]
async fn what_finds_no_quiet_moment_for_hours_is_given_up() {
    let bench = Bench::new(4).await;
    let acme = bench.home("acme").await;
    let id = bench.backup(acme, "stranded", BackupPhase::Queued).await;
    bench.claim::<Backup>(&BUSY).await;
    bench.die().await;
    bench.pass(TimeDelta::hours(6));
    assert_eq!(release::expired(&bench.services, bench.now()).await.unwrap(), 0);
    bench.pass(TimeDelta::seconds(1));
    assert_eq!(release::expired(&bench.services, bench.now()).await.unwrap(), 1);
    let row = bench.row::<Backup>(id).await;
    assert_eq!(row.phase, BackupPhase::Failed);
    assert!(row.cause.unwrap().in_english().contains("found no time"));
}

#[tokio::test]
async fn a_cancelled_run_of_a_dead_process_ends_as_its_kind_has_it() {
    let bench = Bench::new(4).await;
    let (acme, globex) = (bench.home("acme").await, bench.home("globex").await);
    let cancelled = bench.backup(acme, "cancelled", BackupPhase::Queued).await;
    bench.claim::<Backup>(&IDLE).await;
    let mut change = bench.row::<Backup>(cancelled).await.into_active_model();
    change.cancel_requested = Set(true);
    change.update(bench.services.db()).await.unwrap();
    let done = bench.backup(globex, "done", BackupPhase::Completed).await;
    let keeps_both = bench.restore(globex, done, OnConflict::KeepBoth).await;
    let skips = bench.restore(globex, done, OnConflict::Skip).await;
    assert_eq!(bench.claim::<Restore>(&IDLE).await, Some(keeps_both));
    assert_eq!(bench.claim::<Restore>(&IDLE).await, Some(skips));
    assert_eq!(bench.die().await, 3);
    assert_eq!(bench.row::<Backup>(cancelled).await.phase, BackupPhase::Cancelled);
    let phase = async |id| restore::Entity::find_by_id(id).one(bench.services.db()).await.unwrap().unwrap().phase;
    assert_eq!(phase(keeps_both).await, RestorePhase::Failed, "it would keep its own files twice");
    assert_eq!(phase(skips).await, RestorePhase::Queued);
}

#[tokio::test]
async fn a_turn_that_a_process_did_not_survive_is_claimed_anew_when_its_time_is_over() {
    let bench = Bench::new(4).await;
    let acme = bench.home("acme").await;
    let id = bench.removal(acme).await;
    assert_eq!(bench.claim::<Removal>(&IDLE).await, Some(id));
    assert_eq!(bench.die().await, 0);
    assert_eq!(bench.claim::<Removal>(&IDLE).await, None, "the turn is not over");
    bench.pass(TimeDelta::minutes(4));
    assert_eq!(bench.claim::<Removal>(&IDLE).await, Some(id));
}

#[tokio::test]
async fn a_renewal_tells_of_a_cancellation_and_of_a_lost_lease() {
    let bench = Bench::new(4).await;
    let acme = bench.home("acme").await;
    let id = bench.backup(acme, "watched", BackupPhase::Queued).await;
    bench.claim::<Backup>(&IDLE).await;
    let Hold::Renewed(watched) = Backup::HOLD else { panic!("a backup is renewed") };
    let lease = Lease::new(id, &bench.services.node().id);
    let counters = Counters::default();
    engine::Progress::advance(&counters, 3, 700);
    let renewed = async || lease.renew::<Backup>(bench.services.db(), &watched, &counters, bench.now()).await.unwrap();
    bench.pass(TimeDelta::seconds(10));
    assert_eq!(renewed().await, Renewal::Held);
    let row = bench.row::<Backup>(id).await;
    assert_eq!((row.done_files, row.done_bytes), (3, 700));
    assert_eq!(row.lease_until, Some(bench.now() + TimeDelta::seconds(30)));
    let mut change = row.into_active_model();
    change.cancel_requested = Set(true);
    let row = change.update(bench.services.db()).await.unwrap();
    assert_eq!(renewed().await, Renewal::CancelRequested);
    let mut change = row.into_active_model();
    change.lease_owner = Set(Some("another process".to_owned()));
    change.update(bench.services.db()).await.unwrap();
    assert_eq!(renewed().await, Renewal::Lost);
}

#[tokio::test]
async fn the_last_worker_is_kept_free_while_another_organization_could_run_something() {
    let bench = Bench::new(2).await;
    let (acme, _globex) = (bench.home("acme").await, bench.home("globex").await);
    let rooms = async || capacity::rooms(&bench.services, bench.now()).await.unwrap();
    let one = bench.services.capacity().take(Some(acme.organization), false);
    assert_eq!(rooms().await, [Room { without: vec![acme.organization], idle: false }]);
    drop(one);
    assert_eq!(rooms().await, [IDLE]);
    let alone = bench.services.capacity().take(Some(acme.organization), true);
    assert!(rooms().await.is_empty(), "nothing is claimed beside a run that has to be alone");
    drop(alone);
}
