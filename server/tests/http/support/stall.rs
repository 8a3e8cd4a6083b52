//! A way to an S3 server that can be made to hang: connections are taken, and nothing is answered until it goes on.

use embedded_s3::EmbeddedS3;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
};
use url::Url;

pub struct Stall {
    endpoint: Url,
    holds: watch::Sender<bool>,
}

impl Stall {
    /// Passes everything on to the server, until it is to hold it.
    pub async fn start(server: &EmbeddedS3) -> Self {
        let to = server.endpoint().socket_addrs(|| None).unwrap()[0];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let (holds, held) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(to).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass(from_client, to_server, held.clone()));
                tokio::spawn(pass(from_server, to_client, held.clone()));
            }
        });
        Self { endpoint, holds }
    }

    pub fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// From now on nothing is passed on.
    pub fn hold(&self) {
        self.holds.send_replace(true);
    }

    /// Passes on what waits, and all that comes.
    pub fn go_on(&self) {
        self.holds.send_replace(false);
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut held: watch::Receiver<bool>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if held.wait_for(|held| !held).await.is_err() || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
