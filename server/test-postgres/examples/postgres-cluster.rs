//! A PostgreSQL cluster as a program, for the stories in a browser: `postgres-cluster [statements]`.
//!
//! Makes a database, runs the statements in it, prints its connection URL, and lives until it is stopped.

use std::{env, thread};

fn main() {
    let database = test_postgres::cluster().new_database();
    if let Some(statements) = env::args().nth(1) {
        database.sql(&statements);
    }
    println!("{}", database.url());
    loop {
        thread::park();
    }
}
