//! One helper starts the real server; a method stands for each thing that a test asks of it.

pub mod app;
pub mod browser;
pub mod deeds;
pub mod files;
pub mod form;
pub mod postgres;
pub mod program;

pub use self::{
    app::{Database, TestApp},
    browser::{Answer, Browser},
    form::form,
};

/// Makes each story a test on SQLite and a test on PostgreSQL.
macro_rules! on_both_databases {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                let app = $crate::support::TestApp::spawn($crate::support::Database::Sqlite).await;
                super::$story(&app).await;
                app.stop().await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                let app = $crate::support::TestApp::spawn($crate::support::Database::Postgres).await;
                super::$story(&app).await;
                app.stop().await;
            })+
        }
    };
}
pub(crate) use on_both_databases;
