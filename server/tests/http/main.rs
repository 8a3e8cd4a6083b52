//! The server as a whole, over HTTP, on SQLite and on PostgreSQL, against an S3 server in the process.

mod support;

mod form_posts;
mod http;
mod sign_in;
