//! The real server, in the test's process, with a database and a folder of its own.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use embedded_s3::{EmbeddedS3, EmbeddedS3Config};
use model::{
    ids::ProjectId,
    names::{Hidden, OrganizationName},
    organization::OrganizationForm,
    people::{Email, Password, Role, SignInForm},
};
use reqwest::Method;
use sea_orm::{ConnectionTrait, sea_query::Query};
use server::{
    config::{Config, Key, Settings},
    startup::Application,
    telemetry,
};
use services::{Clock, Services, sessions::Store};
use tempfile::TempDir;
use test_openid::{Person, Provider};
use test_postgres as postgres;
use tokio::sync::OnceCell;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_sessions::Session;

use super::{Answer, Browser, files, form, receivers::TestMailServer};

pub const PARTNER: &str = "partner@example.com";
pub const PASSWORD: &str = "correct horse battery";
pub const ORGANIZATION: &str = "acme";

/// Whose directories are where in the test's folder.
const ROOTS: [(&str, &str); 3] = [(ORGANIZATION, "files"), ("globex", "globex"), (ELSEWHERE, "elsewhere")];
/// The organization of the other account.
pub const ELSEWHERE: &str = "elsewhere";

/// What people call the sign-in provider.
pub const PROVIDER: &str = "Example & Sons";
/// What the groups that it tells of may do.
pub const ROLES: &str = "admins=Partner@acme; team=Manager@acme; staff=User@acme; neighbours=Manager@globex; \
                         strangers=Partner@elsewhere; nowhere=Partner@no-such-organization";

/// What programs show that read the metrics.
const METRICS_TOKEN: &str = "a-token-of-the-tests";

pub const ACCESS_KEY: &str = "TESTKEY";
pub const SECRET_KEY: &str = "test-secret-0123456789";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

pub struct TestApp {
    pub address: SocketAddr,
    pub config: Config,
    pub services: Services,
    folder: TempDir,
    stop: CancellationToken,
    running: TaskTracker,
    ahead: Arc<AtomicI64>,
    s3: OnceCell<EmbeddedS3>,
    /// The operator's mail server.
    pub mail: TestMailServer,
    /// Whom people may sign in with.
    pub provider: Arc<Provider>,
}

impl TestApp {
    /// Starts the server on a free port with an empty database.
    pub async fn spawn(database: Database) -> Self {
        Self::spawn_with(database, &[]).await
    }

    /// The same with some settings otherwise.
    pub async fn spawn_with(database: Database, otherwise: &[(Key, &str)]) -> Self {
        Prepared::new(database, otherwise).await.start(TimeDelta::zero()).await
    }

    /// Stops as SIGTERM does, and returns when all has ended.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.running.wait().await;
    }

    /// Starts again, after a stop, on the same folder, database and buckets.
    pub async fn restart(self) -> Self {
        let prepared = Prepared {
            config: self.config,
            folder: self.folder,
            mail: self.mail,
            provider: self.provider,
            s3: self.s3,
        };
        prepared.start(TimeDelta::zero()).await
    }

    /// Sets the server's clock ahead, by so many seconds more.
    pub fn pass(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Sets the server's clock to a time: however long a loaded machine has taken to come here.
    pub fn set_clock(&self, to: DateTime<Utc>) {
        self.ahead.store((to - Utc::now()).num_seconds(), Ordering::Relaxed);
    }

    /// Sets the server's clock ahead to the next half past, so that no hour begins while a test works.
    pub fn to_half_past(&self) {
        let past = self.now().timestamp().rem_euclid(3600);
        self.pass((1800 - past).rem_euclid(3600));
    }

    /// What the server's clock shows.
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::seconds(self.ahead.load(Ordering::Relaxed))
    }

    /// A browser that has never been here.
    pub fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// Makes the first account; the browser is signed in as its Partner.
    pub async fn set_up(&self) -> Browser {
        let browser = self.browser();
        browser.done("session/set_up", &self.setup_form()).await;
        browser
    }

    /// The first account's form, with the code: requests could come through the proxies of the settings.
    pub fn setup_form(&self) -> Vec<(String, String)> {
        let mut fields = setup_form();
        fields.extend(form(&[("setup_code", &services::setup::code(&self.services).unwrap_or_default())]));
        fields
    }

    /// What Prometheus reads.
    pub async fn metrics(&self) -> Answer {
        let request = self.browser().request(Method::GET, "/metrics").bearer_auth(METRICS_TOKEN);
        Answer::of(request).await
    }

    /// A browser in which somebody is signed in.
    pub async fn signed_in(&self, email: &str) -> Browser {
        let browser = self.browser();
        browser.done("session/sign_in", &form(&[("email", email), ("password", PASSWORD)])).await;
        browser
    }

    /// Adds an organization to the account.
    pub async fn organization(&self, name: &str) {
        let session = Session::new(None, Arc::new(Store::new(self.services.clone())), None);
        let form = SignInForm { email: PARTNER.to_owned(), password: Hidden::new(PASSWORD), ..SignInForm::default() };
        services::sessions::sign_in(&self.services, &session, "test".to_owned(), &form).await.unwrap();
        let visitor = services::sessions::visitor(&self.services, &session, "test".to_owned()).await.unwrap();
        let acting = visitor.signed_in().unwrap();
        let form = OrganizationForm { name: name.to_owned(), ..OrganizationForm::default() };
        services::organizations::add(&acting, &self.services, &form).await.unwrap();
    }

    /// Adds a person to an organization, and signs them in. All have the same password.
    pub async fn person(&self, role: Role, organization: &str) -> Browser {
        let address = format!("{role}@{organization}.example.com").to_lowercase();
        let (organization, email) = (OrganizationName::parse(organization).unwrap(), Email::parse(&address).unwrap());
        let password = Password::parse(&Hidden::new(PASSWORD)).unwrap();
        services::users::add(&self.services, &organization, &email, role, &password).await.unwrap();
        self.signed_in(&address).await
    }

    /// A Partner of another account. The schema keeps a second one out on purpose, so it is put in behind its back.
    pub async fn another_account(&self) -> Browser {
        let db = sea_orm::Database::connect(self.config.database.expose()).await.unwrap();
        let (now, elsewhere) = (Utc::now(), ELSEWHERE);
        let account = Query::insert()
            .into_table("account")
            .columns(["origin", "name", "created_at"])
            .values_panic([elsewhere.into(), "Elsewhere Ltd".into(), now.into()])
            .returning_col("id")
            .to_owned();
        let account: i64 = db.query_one(&account).await.unwrap().unwrap().try_get("", "id").unwrap();
        let organization = Query::insert()
            .into_table("organization")
            .columns(["account_id", "name", "name_key", "created_at"])
            .values_panic([account.into(), elsewhere.into(), elsewhere.into(), now.into()])
            .to_owned();
        db.execute(&organization).await.unwrap();
        db.close().await.unwrap();
        self.person(Role::Partner, elsewhere).await
    }

    /// The first organization's root.
    pub fn files(&self) -> PathBuf {
        self.files_of(ORGANIZATION)
    }

    /// The root of an organization.
    pub fn files_of(&self, organization: &str) -> PathBuf {
        let (_, root) = ROOTS.into_iter().find(|(owner, _)| *owner == organization).unwrap();
        self.folder.path().join(root)
    }

    /// The test's own folder, which holds everything.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// An S3 server that lives as long as the test.
    pub async fn own_s3(&self) -> &EmbeddedS3 {
        self.s3.get_or_init(|| self.s3()).await
    }

    /// A Partner's browser, and a project with a few files whose backup is enabled.
    pub async fn backed_up_project(&self) -> (Browser, ProjectId) {
        let partner = self.set_up().await;
        let credential = partner.add_credential(self.own_s3().await).await;
        files::write_sample(&self.source());
        let project = partner.add_project("web-shop", &self.source(), Some(&credential)).await;
        (partner, project)
    }

    /// The directory of that project.
    pub fn source(&self) -> PathBuf {
        self.files().join("web-shop")
    }

    /// An S3 server with one pair of keys.
    pub async fn s3(&self) -> EmbeddedS3 {
        self.s3_with(SECRET_KEY, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// The same, at an address and with a secret of the test's choice, over the same buckets.
    pub async fn s3_with(&self, secret_key: &str, listen: SocketAddr) -> EmbeddedS3 {
        start_s3(self.folder.path(), secret_key, listen).await
    }

    /// The texts of a column, read behind the server's back.
    pub async fn column(&self, table: &'static str, column: &'static str) -> Vec<String> {
        let db = sea_orm::Database::connect(self.config.database.expose()).await.unwrap();
        let rows = db.query_all(Query::select().column(column).from(table)).await.unwrap();
        db.close().await.unwrap();
        rows.iter().map(|row| row.try_get("", column).unwrap()).collect()
    }

    /// How many rows a table has.
    pub async fn rows(&self, table: &'static str) -> usize {
        let db = sea_orm::Database::connect(self.config.database.expose()).await.unwrap();
        let rows = db.query_all(Query::select().column("id").from(table)).await.unwrap();
        db.close().await.unwrap();
        rows.len()
    }

    /// Whether a text stands anywhere in the data folder's files or the database.
    pub fn stores(&self, text: &str) -> bool {
        let holds = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
        if self.config.database.is_postgres() {
            let rows = postgres::dump(self.config.database.expose());
            // Binary values stand there in hexadecimal digits.
            let digits = text.bytes().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
            if holds(&rows, text.as_bytes()) || holds(&rows, digits.as_bytes()) {
                return true;
            }
        }
        let entries = fs::read_dir(&self.config.data_dir).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_file()).any(|path| holds(&fs::read(path).unwrap(), text.as_bytes()))
    }

    /// Runs a statement behind the server's back.
    pub async fn execute(&self, statement: &str) {
        let db = sea_orm::Database::connect(self.config.database.expose()).await.unwrap();
        db.execute_unprepared(statement).await.unwrap();
        db.close().await.unwrap();
    }

    /// Empties a table behind the server's back.
    pub async fn clear(&self, table: &'static str) {
        let db = sea_orm::Database::connect(self.config.database.expose()).await.unwrap();
        db.execute(Query::delete().from_table(table)).await.unwrap();
        db.close().await.unwrap();
    }
}

/// Everything that a server needs, before it is started: its database can still be filled.
pub struct Prepared {
    pub config: Config,
    folder: TempDir,
    mail: TestMailServer,
    provider: Arc<Provider>,
    s3: OnceCell<EmbeddedS3>,
}

impl Prepared {
    /// An empty database, and a folder, with some settings otherwise than the tests usually have them.
    pub async fn new(database: Database, otherwise: &[(Key, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.set(Key::Listen, "127.0.0.1:0");
        settings.set(Key::DataDir, folder.path().join("data").display().to_string());
        let roots = ROOTS.map(|(organization, root)| format!("{organization}={}", folder.path().join(root).display()));
        settings.set(Key::SourceRoots, roots.join(":"));
        settings.set(Key::S3AllowNetworks, "127.0.0.0/8");
        settings.set(Key::PostgresAllowNetworks, "127.0.0.0/8");
        let mail = TestMailServer::start().await;
        settings.set(Key::SmtpUrl, mail.url());
        settings.set(Key::SmtpFrom, "Holdfast <backups@holdfast.example>");
        settings.set(Key::NotifyAllowNetworks, "127.0.0.0/8");
        let provider = Provider::start(SocketAddr::from(([127, 0, 0, 1], 0)), Person::new(PARTNER, &["admins"])).await;
        let secret_file = folder.path().join("client-secret");
        fs::write(&secret_file, test_openid::CLIENT_SECRET).unwrap();
        settings.set(Key::OidcIssuer, provider.issuer());
        settings.set(Key::OidcClientId, test_openid::CLIENT_ID);
        settings.set(Key::OidcClientSecretFile, secret_file.display().to_string());
        settings.set(Key::OidcName, PROVIDER);
        settings.set(Key::OidcRoles, ROLES);
        settings.set(Key::OidcAllowNetworks, "127.0.0.0/8");
        settings.set(Key::TrustedProxies, "127.0.0.0/8");
        let token_file = folder.path().join("metrics-token");
        fs::write(&token_file, METRICS_TOKEN).unwrap();
        settings.set(Key::MetricsTokenFile, token_file.display().to_string());
        settings.set(Key::BackupWorkers, "2");
        // Tests that stop the S3 server want to see the run fail.
        settings.set(Key::S3OutageLimit, "0");
        // What is deleted goes at once, except where a test is about the delay.
        settings.set(Key::DeletionDelay, "0");
        if database == Database::Postgres {
            settings.set(Key::DatabaseUrl, postgres::new_database());
            settings.set(Key::MasterKeyFile, folder.path().join("master.key").display().to_string());
        }
        for (key, value) in otherwise {
            settings.set(*key, *value);
        }
        let mut config = Config::from_settings(&settings).unwrap();
        config.create_master_key = true;
        for (_, root) in ROOTS {
            fs::create_dir(folder.path().join(root)).unwrap();
        }
        Self { config, folder, mail, provider: Arc::new(provider), s3: OnceCell::new() }
    }

    /// The test's own folder, which holds everything.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The S3 server that the started server will have as its own.
    pub async fn s3(&self) -> &EmbeddedS3 {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        self.s3.get_or_init(|| start_s3(self.folder.path(), SECRET_KEY, listen)).await
    }

    /// Starts the server with its clock so far ahead of the machine's, or behind it.
    pub async fn start(self, ahead: TimeDelta) -> TestApp {
        let Self { config, folder, mail, provider, s3 } = self;
        if let Ok(filter) = std::env::var("TEST_LOG") {
            telemetry::start(&Config { log: filter, ..config.clone() });
        }
        let ahead = Arc::new(AtomicI64::new(ahead.num_seconds()));
        let application = Application::build_with_clock(&config, clock(ahead.clone())).await.unwrap();
        let (address, services) = (application.address(), application.services().clone());
        let stop = CancellationToken::new();
        let running = TaskTracker::new();
        let serving = application.run_until(stop.clone().cancelled_owned());
        running.spawn(async { serving.await.unwrap() });
        running.close();
        TestApp { address, config, services, folder, stop, running, ahead, s3, mail, provider }
    }
}

async fn start_s3(folder: &std::path::Path, secret_key: &str, listen: SocketAddr) -> EmbeddedS3 {
    let config = EmbeddedS3Config {
        folder: folder.join("s3"),
        access_key_id: ACCESS_KEY.to_owned(),
        secret_key: secret_key.to_owned(),
        listen,
    };
    EmbeddedS3::start(config).await.unwrap()
}

/// The machine's clock, set ahead by so many seconds.
fn clock(ahead: Arc<AtomicI64>) -> Clock {
    Clock::new(move || Utc::now() + TimeDelta::seconds(ahead.load(Ordering::Relaxed)))
}

pub fn setup_form() -> Vec<(String, String)> {
    form(&[("account_name", "Tests"), ("organization", ORGANIZATION), ("email", PARTNER), ("password", PASSWORD)])
}
