//! The embedded S3 server as a process of its own, for the browser tests: they stop it, and start it with other keys.
//!
//! `embedded-s3-server FOLDER ADDRESS`, with the keys in `ACCESS_KEY_ID` and `SECRET_KEY`. Prints its endpoint as soon
//! as it listens.

use std::{env, error::Error, future};

use embedded_s3::{EmbeddedS3, EmbeddedS3Config};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(folder), Some(listen)) = (arguments.next(), arguments.next()) else {
        return Err("usage: embedded-s3-server FOLDER ADDRESS".into());
    };
    let config = EmbeddedS3Config {
        folder: folder.into(),
        access_key_id: env::var("ACCESS_KEY_ID")?,
        secret_key: env::var("SECRET_KEY")?,
        listen: listen.parse()?,
    };
    let server = EmbeddedS3::start(config).await?;
    println!("{}", server.endpoint());
    future::pending().await
}
