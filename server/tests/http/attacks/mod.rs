//! What somebody tries who has the sources: beyond what the stories of each part tell.

mod mail;
mod nodes;
mod openid;
mod rotation;
mod second_factor;
mod sessions;
