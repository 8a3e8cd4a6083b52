//! Clocks that jump: what stops, what goes on, and what is not done twice. On both databases.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    backup::BackupPhase,
    dashboard::Trouble,
    ids::{AccountId, OrganizationId, UserId},
    node::NodeRef,
    people::{Actor, Role},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder,
};

use super::{Backup, Bench, Home, IDLE};
use crate::{
    acting::Acting,
    context::Services,
    entity::{
        TextList, account, audit_entry, backup, clock_watch as row, delivery, notification_channel, policy, session,
    },
    error::ServiceError,
    notifications::overdue,
    runs::{clock_watch, dispatcher},
    schedule,
};

/// Each story on SQLite and on PostgreSQL.
macro_rules! on_both_databases {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $story() { super::$story(super::Bench::new(4).await).await; })+
        }
        mod postgres {
            $(#[tokio::test] async fn $story() { super::$story(super::Bench::on_postgres().await).await; })+
        }
    };
}

on_both_databases!(
    ten_years_ahead_for_two_minutes_deletes_nothing_and_schedules_go_on,
    two_hours_back_runs_no_time_twice_and_one_in_place_of_all,
    a_witness_and_an_hour_of_steady_time_end_the_doubt,
    a_person_ends_the_doubt,
    a_start_of_the_machine_does_not_take_days,
    what_is_old_by_a_wrong_clock_alone_stays,
    a_lease_that_is_held_outlives_a_jump_ahead,
);

const YEARS: TimeDelta = TimeDelta::days(3652);
const DAYS: TimeDelta = TimeDelta::days(3);

impl Bench {
    async fn on_postgres() -> Self {
        Self::on(test_postgres::new_database(), tempfile::tempdir().unwrap(), 4).await
    }

    /// The process is started anew, and signs on.
    async fn restart(&mut self) {
        self.services = Services::open(self.services.config().clone()).await.unwrap();
        clock_watch::beat(&self.services).await.unwrap();
    }

    async fn dispatch(&self) {
        dispatcher::dispatch(&self.services).await.unwrap();
    }

    /// Time passes with a beat in every minute.
    async fn live(&self, minutes: u32) {
        for _ in 0..minutes {
            self.pass(TimeDelta::minutes(1));
            clock_watch::beat(&self.services).await.unwrap();
        }
    }

    async fn may_delete(&self) -> bool {
        clock_watch::deletions_allowed(&self.services, self.now()).await.unwrap()
    }

    async fn doubt(&self) -> Option<(DateTime<Utc>, i64)> {
        let row = row::Entity::find_by_id("here").one(self.services.db()).await.unwrap().unwrap();
        row.doubtful_since.zip(row.jump_ms)
    }

    async fn policy(&self, home: Home, name: &str, cron: &str) -> i64 {
        let row = policy::ActiveModel {
            project_id: Set(home.project),
            name: Set(name.to_owned()),
            cron: Set(cron.to_owned()),
            time_zone: Set("UTC".to_owned()),
            retention_seconds: Set(86_400),
            include: Set(TextList::default()),
            exclude: Set(TextList::default()),
            paused: Set(false),
            created_by: Set("tests".to_owned()),
            created_at: Set(self.now()),
            version: Set(1),
            keep_last: Set(0),
            keep_hourly: Set(0),
            keep_daily: Set(0),
            keep_weekly: Set(0),
            keep_monthly: Set(0),
            keep_yearly: Set(0),
            ..Default::default()
        };
        let row = row.insert(self.services.db()).await.unwrap();
        let (next, promised) = (schedule::next_run(&row, self.now()), overdue::promised(&row, self.now()));
        let mut change = row.into_active_model();
        change.next_run_at = Set(next);
        change.overdue_at = Set(promised);
        change.update(self.services.db()).await.unwrap().id
    }

    async fn schedule(&self, policy: i64) -> policy::Model {
        policy::Entity::find_by_id(policy).one(self.services.db()).await.unwrap().unwrap()
    }

    /// When the runs of the policy were due, and which are in place of others.
    async fn runs(&self, policy: i64) -> Vec<(String, bool)> {
        let rows = backup::Entity::find()
            .filter(backup::Column::PolicyId.eq(policy))
            .order_by_asc(backup::Column::Id)
            .all(self.services.db())
            .await
            .unwrap();
        rows.into_iter().map(|row| (hour(row.scheduled_for.unwrap()), row.made_good)).collect()
    }

    /// Works on what waits, until it is complete.
    async fn complete(&self) {
        while let Some(id) = self.claim::<Backup>(&IDLE).await {
            let mut change = self.row::<Backup>(id).await.into_active_model();
            change.phase = Set(BackupPhase::Completed);
            change.snapshot = Set(Some(format!("{id:064x}")));
            change.finished_at = Set(Some(self.now()));
            change.lease_owner = Set(None);
            change.lease_until = Set(None);
            change.update(self.services.db()).await.unwrap();
        }
    }

    async fn channel(&self, organization: i64) {
        let row = notification_channel::ActiveModel {
            organization_id: Set(organization),
            name: Set("ops".to_owned()),
            name_key: Set("ops".to_owned()),
            kind: Set("email".to_owned()),
            target: Set("ops@example.com".to_owned()),
            on_failure: Set(true),
            on_recovery: Set(true),
            on_overdue: Set(true),
            on_damage: Set(false),
            on_digest: Set(false),
            paused: Set(false),
            version: Set(1),
            created_by: Set("tests".to_owned()),
            created_at: Set(self.now()),
            modified_by: Set("tests".to_owned()),
            modified_at: Set(self.now()),
            ..Default::default()
        };
        row.insert(self.services.db()).await.unwrap();
    }

    async fn told(&self) -> Vec<String> {
        let rows = delivery::Entity::find().order_by_asc(delivery::Column::Id).all(self.services.db()).await.unwrap();
        rows.into_iter().map(|row| row.subject).collect()
    }

    async fn acting(&self, organization: i64, role: Role) -> Acting {
        let account = account::Entity::find().one(self.services.db()).await.unwrap().unwrap().id;
        let actor = Actor {
            user: UserId(1),
            account: AccountId(account),
            organization: OrganizationId(organization),
            organization_name: "acme".to_owned(),
            email: "ann@example.com".to_owned(),
            role,
        };
        Acting { actor, address: "terminal".to_owned() }
    }

    async fn confirm(&self, organization: i64, role: Role) -> Result<(), ServiceError> {
        let acting = self.acting(organization, role).await;
        clock_watch::confirm(&acting, &self.services, &NodeRef { node: "here".to_owned() }).await.map(drop)
    }
}

fn hour(at: DateTime<Utc>) -> String {
    at.format("%H:%M").to_string()
}

fn due(times: &[(&str, bool)]) -> Vec<(String, bool)> {
    times.iter().map(|(time, made_good)| ((*time).to_owned(), *made_good)).collect()
}

async fn ten_years_ahead_for_two_minutes_deletes_nothing_and_schedules_go_on(mut bench: Bench) {
    let acme = bench.home("acme").await;
    bench.channel(acme.organization).await;
    let hourly = bench.policy(acme, "hourly", "0 * * * *").await;
    bench.dispatch().await;
    assert!(bench.may_delete().await);

    let right = bench.now();
    bench.time.jump(YEARS);
    assert!(!bench.may_delete().await, "whoever asks first notices it");
    bench.dispatch().await;
    dispatcher::watch(&bench.services).await.unwrap();
    assert_eq!(bench.doubt().await, Some((right, YEARS.num_milliseconds())));
    assert_eq!(bench.told().await, ["[acme] The clock of here is in doubt"], "and that nothing is overdue");
    let attention = clock_watch::attention(bench.services.db()).await.unwrap();
    assert_eq!((attention.len(), attention[0].trouble), (1, Trouble::ClockInDoubt));
    assert!(attention[0].detail.contains("3652 d ahead"), "{}", attention[0].detail);
    assert!(bench.schedule(hourly).await.next_run_at.unwrap() > right + TimeDelta::days(3651));
    bench.restart().await;
    bench.pass(TimeDelta::minutes(2));
    bench.dispatch().await;
    assert!(!bench.may_delete().await);

    bench.time.jump(-YEARS);
    bench.restart().await;
    bench.dispatch().await;
    assert!(!bench.may_delete().await, "it has returned just now");
    let next = bench.schedule(hourly).await;
    assert_eq!(next.next_run_at, Some(right + TimeDelta::hours(2)), "13:00 has had its run");
    assert!(next.overdue_at.unwrap() < right + TimeDelta::hours(4));
    assert_eq!(bench.runs(hourly).await, due(&[("13:00", true)]), "it waits still, so none is queued in its place");
    bench.complete().await;
    assert_eq!(bench.row::<Backup>(1).await.phase, BackupPhase::Completed, "it does not wait for ten years");

    bench.live(59).await;
    assert!(!bench.may_delete().await);
    bench.live(1).await;
    assert!(bench.may_delete().await, "an hour of steady time, as it was before");
    dispatcher::watch(&bench.services).await.unwrap();
    assert_eq!(bench.told().await[1..], ["[acme] The clock of here is trusted again".to_owned()]);
    bench.pass(TimeDelta::minutes(58));
    bench.dispatch().await;
    assert_eq!(bench.runs(hourly).await, due(&[("13:00", true), ("14:00", false)]));
}

async fn two_hours_back_runs_no_time_twice_and_one_in_place_of_all(mut bench: Bench) {
    let (acme, globex) = (bench.home("acme").await, bench.home("globex").await);
    let hourly = bench.policy(acme, "hourly", "0 * * * *").await;
    let daily = bench.policy(globex, "daily", "0 20 * * *").await;
    bench.dispatch().await;
    for _ in 0..2 {
        bench.pass(TimeDelta::hours(1));
        bench.dispatch().await;
        bench.complete().await;
    }
    bench.pass(TimeDelta::minutes(30));
    clock_watch::beat(&bench.services).await.unwrap();
    let before = bench.schedule(daily).await.next_run_at;
    let mut change = bench.schedule(hourly).await.into_active_model();
    change.overdue_at = Set(Some("2026-11-29T16:30:00Z".parse().unwrap()));
    change.update(bench.services.db()).await.unwrap();

    bench.time.jump(TimeDelta::hours(-2));
    bench.restart().await;
    for _ in 0..3 {
        bench.dispatch().await;
        clock_watch::beat(&bench.services).await.unwrap();
    }
    assert!(bench.may_delete().await, "that is less than a day");
    assert_eq!(bench.runs(hourly).await, due(&[("13:00", false), ("14:00", false), ("12:30", true)]));
    let schedule = bench.schedule(hourly).await;
    assert_eq!(hour(schedule.next_run_at.unwrap()), "15:00");
    assert_eq!(hour(schedule.overdue_at.unwrap()), "14:30");
    assert_eq!((bench.schedule(daily).await.next_run_at, bench.runs(daily).await), (before, Vec::new()));
    bench.complete().await;

    for _ in 0..5 {
        bench.pass(TimeDelta::minutes(30));
        bench.dispatch().await;
        bench.complete().await;
    }
    let all = due(&[("13:00", false), ("14:00", false), ("12:30", true), ("15:00", false)]);
    assert_eq!(bench.runs(hourly).await, all);

    // As if a schedule had been computed by nobody.
    let mut change = bench.schedule(hourly).await.into_active_model();
    change.next_run_at = Set(Some("2026-11-29T14:00:00Z".parse().unwrap()));
    change.update(bench.services.db()).await.unwrap();
    bench.dispatch().await;
    assert_eq!(bench.runs(hourly).await, all, "what has had its run is passed over");
    assert_eq!(hour(bench.schedule(hourly).await.next_run_at.unwrap()), "16:00");
}

async fn a_witness_and_an_hour_of_steady_time_end_the_doubt(bench: Bench) {
    clock_watch::beat(&bench.services).await.unwrap();
    bench.time.jump(DAYS);
    bench.time.hear(-DAYS);
    bench.live(120).await;
    assert!(!bench.may_delete().await, "it contradicts");
    bench.time.jump(TimeDelta::minutes(5));
    bench.time.hear(TimeDelta::seconds(20));
    bench.live(60).await;
    assert!(!bench.may_delete().await, "steady since the last jump, which was noticed a minute later");
    bench.live(1).await;
    assert!(bench.may_delete().await);
}

async fn a_person_ends_the_doubt(bench: Bench) {
    let acme = bench.organization("acme").await;
    clock_watch::beat(&bench.services).await.unwrap();
    assert!(bench.confirm(acme, Role::Partner).await.is_err(), "it is not in doubt");
    bench.time.jump(-DAYS);
    assert!(!bench.may_delete().await);
    bench.live(120).await;
    assert!(!bench.may_delete().await, "there is no witness");
    for role in [Role::User, Role::Manager] {
        assert!(matches!(bench.confirm(acme, role).await, Err(ServiceError::Denied(_))));
    }
    bench.confirm(acme, Role::Partner).await.unwrap();
    assert!(bench.may_delete().await);
    let entry = audit_entry::Entity::find().one(bench.services.db()).await.unwrap().unwrap();
    assert_eq!((entry.action.as_str(), entry.subject_name.as_deref()), ("clock confirmed", Some("here")));
    bench.time.jump(DAYS);
    assert!(!bench.may_delete().await, "it was confirmed as it was");
}

async fn a_start_of_the_machine_does_not_take_days(mut bench: Bench) {
    clock_watch::beat(&bench.services).await.unwrap();
    bench.pass(TimeDelta::hours(5));
    bench.time.reboot("second");
    bench.restart().await;
    assert!(bench.may_delete().await);
    bench.time.jump(TimeDelta::minutes(-10));
    bench.restart().await;
    assert!(bench.may_delete().await, "ten minutes back are a correction");
    bench.time.reboot("third");
    bench.time.jump(TimeDelta::minutes(-10));
    bench.restart().await;
    assert!(!bench.may_delete().await, "no time goes back while a machine starts");
}

async fn what_is_old_by_a_wrong_clock_alone_stays(bench: Bench) {
    let id = |name: &str| format!("{name:0>64}");
    let session = async |name: &str, created: DateTime<Utc>, expires: DateTime<Utc>| {
        let row = session::ActiveModel {
            id: Set(id(name)),
            data: Set(String::new()),
            created_at: Set(created),
            expires_at: Set(expires),
            ..Default::default()
        };
        session::Entity::insert(row).exec_without_returning(bench.services.db()).await.unwrap();
    };
    let sessions = async || session::Entity::find().count(bench.services.db()).await.unwrap();
    clock_watch::beat(&bench.services).await.unwrap();
    session("before", bench.now(), bench.now() + TimeDelta::hours(5)).await;
    bench.time.jump(YEARS);
    dispatcher::tidy(&bench.services).await.unwrap();
    session("meanwhile", bench.now(), bench.now() + TimeDelta::hours(5)).await;
    bench.time.jump(-YEARS);
    bench.live(61).await;
    assert_eq!(sessions().await, 2);
    dispatcher::tidy(&bench.services).await.unwrap();
    let left = session::Entity::find().one(bench.services.db()).await.unwrap().unwrap();
    assert_eq!((sessions().await, left.id), (1, id("before")), "what was begun ten years ahead has ended");
}

async fn a_lease_that_is_held_outlives_a_jump_ahead(bench: Bench) {
    let acme = bench.home("acme").await;
    let held = bench.backup(acme, "held", BackupPhase::Queued).await;
    bench.dispatch().await;
    assert_eq!(bench.claim::<Backup>(&IDLE).await, Some(held));
    bench.pass(TimeDelta::seconds(5));
    bench.time.jump(TimeDelta::hours(3));
    bench.dispatch().await;
    assert_eq!(bench.row::<Backup>(held).await.phase, BackupPhase::InProgress);
    bench.pass(TimeDelta::minutes(5));
    bench.dispatch().await;
    assert_eq!(bench.row::<Backup>(held).await.phase, BackupPhase::Queued, "its owner is dead");
}
