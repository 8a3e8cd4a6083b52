//! On a directory and on a database of PostgreSQL.

use std::{fs, time::Instant};

use model::{
    ids::{AccountId, UserId},
    people::{Actor, Role},
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};
use tempfile::TempDir;
use test_postgres::cluster;

use super::*;
use crate::{
    clock::Clock,
    context::{ServicesConfig, SourceRoot},
    entity::{account, organization},
    vault::Purpose,
};

struct Bench {
    services: Services,
    folder: TempDir,
    account: i64,
    organization: i64,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().canonicalize().unwrap();
        fs::create_dir(place.join("files")).unwrap();
        let config = ServicesConfig {
            database_url: format!("sqlite://{}", place.join("holdfast.db").display()),
            master_key_file: place.join("master.key"),
            create_master_key: true,
            data_dir: place.clone(),
            source_roots: vec![SourceRoot { organization: None, directory: place.join("files") }],
            protected: Vec::new(),
            allow_networks: Vec::new(),
            postgres_networks: vec!["127.0.0.0/8".parse().unwrap()],
            notify_networks: Vec::new(),
            mail_server: None,
            provider: None,
            public_url: None,
            workers: 1,
            run_limit: Duration::from_hours(1),
            s3_outage_limit: Duration::ZERO,
            verification_weeks: 4,
            deletion_delay: Duration::ZERO,
            node: "here".to_owned(),
            serves_pages: false,
            behind_proxy: false,
            clock: Clock::system(),
        };
        let services = Services::open(config).await.unwrap();
        let now = services.clock().now();
        let account = account::ActiveModel {
            origin: Set("tests".to_owned()),
            name: Set("tests".to_owned()),
            partners_need_second_factor: Set(false),
            created_at: Set(now),
            ..Default::default()
        };
        let account = account.insert(services.db()).await.unwrap().id;
        let organization = organization::ActiveModel {
            account_id: Set(account),
            name: Set("acme".to_owned()),
            name_key: Set("acme".to_owned()),
            time_zone: Set("UTC".to_owned()),
            created_at: Set(now),
            ..Default::default()
        };
        let organization = organization.insert(services.db()).await.unwrap().id;
        Self { services, folder, account, organization }
    }

    fn acting(&self, role: Role, organization: i64) -> Acting {
        let actor = Actor {
            user: UserId(1),
            account: AccountId(self.account),
            organization: OrganizationId(organization),
            organization_name: "acme".to_owned(),
            email: "manager@example.com".to_owned(),
            role,
        };
        Acting { actor, address: "tests".to_owned() }
    }

    async fn project(&self, name: &str, kind: &str, location: String) -> project::Model {
        let row = project::ActiveModel {
            organization_id: Set(self.organization),
            name: Set(name.to_owned()),
            source_kind: Set(kind.to_owned()),
            source_location: Set(location),
            // Sealed to the row's id, which is not known yet.
            source_url_sealed: Set((kind == sources::POSTGRES).then(Vec::new)),
            source_had_files: Set(false),
            locked: Set(false),
            created_by: Set("tests".to_owned()),
            created_at: Set(self.services.clock().now()),
            ..Default::default()
        };
        row.insert(self.services.db()).await.unwrap()
    }

    /// A directory with four files of ten bytes.
    async fn of_files(&self) -> project::Model {
        let source = self.folder.path().join("files/shop");
        for path in ["Documents/a.txt", "Documents/b.log", "cache/x", "README.md"] {
            let path = source.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "ten bytes.").unwrap();
        }
        let location = source.canonicalize().unwrap().display().to_string();
        self.project("shop", "directory", location).await
    }

    async fn tried(
        &self,
        project: &project::Model,
        include: &str,
        exclude: &str,
    ) -> Result<PatternTrial, ServiceError> {
        let acting = self.acting(Role::Manager, self.organization);
        try_patterns(&acting, &self.services, ProjectId(project.id), include, exclude).await
    }
}

fn pattern(pattern: &str, matches: impl Into<Option<bool>>) -> TriedPattern {
    TriedPattern { pattern: pattern.to_owned(), matches: matches.into() }
}

#[tokio::test]
async fn patterns_are_tried_on_a_directory() {
    let bench = Bench::new().await;
    let project = bench.of_files().await;
    let everything = bench.tried(&project, "", "").await.unwrap();
    let amount = TrialAmount::Files { files: 4, bytes: 40 };
    assert_eq!(
        everything,
        PatternTrial { include: Vec::new(), exclude: Vec::new(), amount, extent: TrialExtent::Whole }
    );

    let tried = bench.tried(&project, "documents\nDocuments\n*.md", "*.log\n*.tmp").await.unwrap();
    assert_eq!(tried.include, [pattern("documents", false), pattern("Documents", true), pattern("*.md", true)]);
    assert_eq!(tried.exclude, [pattern("*.log", true), pattern("*.tmp", false)]);
    assert_eq!(tried.amount, TrialAmount::Files { files: 2, bytes: 20 });

    let error = bench.tried(&project, "**", "../x").await.unwrap_err();
    assert!(matches!(&error, ServiceError::Invalid(errors) if errors.message_for("exclude").is_some()), "{error:?}");
    fs::remove_dir_all(bench.folder.path().join("files/shop")).unwrap();
    let error = bench.tried(&project, "", "").await.unwrap_err();
    assert!(matches!(error, ServiceError::Source(_)), "{error:?}");

    let mut moved = project.clone().into_active_model();
    moved.node = Set(Some("another".to_owned()));
    let moved = moved.update(bench.services.db()).await.unwrap();
    let tried = bench.tried(&moved, "docs", "").await.unwrap();
    assert_eq!((tried.include, tried.extent), (vec![pattern("docs", None)], TrialExtent::Elsewhere));
}

#[test]
fn a_directory_that_is_too_large_for_a_form_is_looked_at_in_part() {
    let patterns = Tried { include: vec!["met".to_owned(), "not yet".to_owned()].into(), exclude: Patterns::default() };
    let unmatched_include = vec!["not yet".to_owned()];
    let matches = DirectoryMatches { unmatched_include, files: 7, stopped_early: true, ..DirectoryMatches::default() };
    let trial = patterns.of_directory(&matches);
    assert_eq!(trial.include, [pattern("met", true), pattern("not yet", None)]);
    assert_eq!((trial.amount, trial.extent), (TrialAmount::Files { files: 7, bytes: 0 }, TrialExtent::Part));
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_are_tried_on_a_database() {
    let bench = Bench::new().await;
    let database = cluster().new_database();
    database.sql("CREATE SCHEMA shop; CREATE TABLE shop.orders (id integer); CREATE TABLE notes (id integer)");
    let row = bench.project("books", sources::POSTGRES, database.url()).await;
    let sealed = bench.services.vault().seal(Purpose::SourceUrl, row.id, &database.url()).unwrap();
    let mut row = row.into_active_model();
    row.source_url_sealed = Set(Some(sealed));
    let project = row.update(bench.services.db()).await.unwrap();

    let tried = bench.tried(&project, "orders\ncustmers", "log_*").await.unwrap();
    assert_eq!(
        tried,
        PatternTrial {
            include: vec![pattern("orders", true), pattern("custmers", false)],
            exclude: vec![pattern("log_*", false)],
            amount: TrialAmount::Tables { tables: 1 },
            extent: TrialExtent::Whole,
        }
    );
    let everything = bench.tried(&project, "", "").await.unwrap();
    assert_eq!((everything.include, everything.amount), (vec![], TrialAmount::Tables { tables: 2 }));

    // Nobody listens there any more.
    let gone = database.url().replace(&cluster().port().to_string(), "1");
    let sealed = bench.services.vault().seal(Purpose::SourceUrl, project.id, &gone).unwrap();
    let mut row = project.into_active_model();
    row.source_url_sealed = Set(Some(sealed));
    let project = row.update(bench.services.db()).await.unwrap();
    let began = Instant::now();
    let error = bench.tried(&project, "", "").await.unwrap_err();
    assert!(matches!(error, ServiceError::Repository(_)), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(11));
}

#[tokio::test]
async fn patterns_are_tried_by_those_who_may_add_policies() {
    let bench = Bench::new().await;
    let id = ProjectId(bench.of_files().await.id);
    let tried =
        async |role, organization| try_patterns(&bench.acting(role, organization), &bench.services, id, "", "").await;
    for role in [Role::Manager, Role::Partner] {
        tried(role, bench.organization).await.unwrap();
    }
    let user = tried(Role::User, bench.organization).await.unwrap_err();
    assert!(matches!(user, ServiceError::Denied(model::permission::Denied::Forbidden { .. })), "{user:?}");
    let other = tried(Role::Manager, bench.organization + 1).await.unwrap_err();
    assert!(matches!(other, ServiceError::Denied(model::permission::Denied::DoesNotExist)), "{other:?}");
}
