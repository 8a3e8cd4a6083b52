//! Everything between a connection and a page, a server function or a file.

mod api;
mod attachment;
mod choices;
mod client;
mod door;
mod downloads;
mod events;
mod flash;
mod form_posts;
mod headers;
mod health;
mod host;
mod languages;
mod metrics;
mod openid;
mod pages;
mod people;
mod refusal;
mod router;
mod running_downloads;
mod site;
mod state;
mod trace;

pub use self::{
    router::{addresses, router},
    state::State,
};
