//! One helper starts the real server; a method stands for each thing that a test asks of it.

pub mod app;
pub mod authenticator;
pub mod browser;
pub mod deeds;
pub mod files;
pub mod form;
pub mod payloads;
pub mod program;
pub mod proxy;
pub mod receivers;
pub mod stall;

pub use self::{
    app::{Database, TestApp},
    browser::{Answer, Browser},
    form::form,
};

/// Makes each story a test on SQLite and a test on PostgreSQL.
macro_rules! on_both_databases {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $story() {
                $crate::support::on($crate::support::Database::Sqlite, async |app| super::$story(app).await);
            })+
        }
        mod postgres {
            $(#[test]
            fn $story() {
                $crate::support::on($crate::support::Database::Postgres, async |app| super::$story(app).await);
            })+
        }
    };
}
pub(crate) use on_both_databases;

/// Tells a story about a server of its own.
pub fn on(database: Database, story: impl AsyncFnOnce(&TestApp)) {
    tell(async {
        let app = TestApp::spawn(database).await;
        story(&app).await;
        app.stop().await;
    });
}

/// Runs a story on the server's own kind of runtime.
pub fn tell(story: impl Future<Output = ()>) {
    server::startup::runtime().unwrap().block_on(story);
}
