//! The provider as a process of its own, for the stories in a browser: `openid-provider EMAIL GROUP…`.
//!
//! Signs everybody in as that person. Prints its issuer as soon as it listens.

use std::{env, future, net::SocketAddr};

use test_openid::{Person, Provider};

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [email, groups @ ..] = &arguments[..] else { panic!("usage: openid-provider EMAIL GROUP…") };
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let provider = Provider::start(SocketAddr::from(([127, 0, 0, 1], 0)), Person::new(email, &groups)).await;
    println!("{}", provider.issuer());
    future::pending::<()>().await;
}
