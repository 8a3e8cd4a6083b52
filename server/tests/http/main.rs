//! The server as a whole, over HTTP, on SQLite and on PostgreSQL, against an S3 server in the process.

mod support;

mod attacks;
mod backups;
mod command_line;
mod credential_actions;
mod credentials;
mod dashboard;
mod databases;
mod deletion;
mod enabling;
mod fixtures;
mod form_posts;
mod hostile;
mod hosts;
mod http;
mod leaks;
mod live;
mod maintenance;
mod master_key;
mod nodes;
mod notifications;
mod openid;
mod operators;
mod people;
mod permissions;
mod policies;
mod projects;
mod roots;
mod runs;
mod schedules;
mod second_factor;
mod sign_in;
mod throttling;
mod transfer;
mod upgrades;
