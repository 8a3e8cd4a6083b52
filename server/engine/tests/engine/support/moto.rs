//! An S3 server that is not ours, and the restic command as the judge of what is in it.

use std::{
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use aws_sdk_s3::{
    Client, Config,
    config::{Credentials, Region},
};
use engine::S3;
use url::Url;

use super::{ACCESS_KEY, BUCKET, PASSWORD, SECRET_KEY, access, loopback};

/// A running moto with one bucket.
pub struct Moto {
    process: Child,
    pub endpoint: Url,
}

impl Moto {
    pub async fn start() -> Self {
        let program = std::env::var("HOLDFAST_MOTO_SERVER").unwrap_or_else(|_| "moto_server".into());
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{program} is needed (pip install 'moto[server,s3]'): {error}"));
        let endpoint = Url::parse(&format!("http://127.0.0.1:{port}")).unwrap();
        let moto = Self { process, endpoint };
        let began = Instant::now();
        while moto.s3().create_bucket(BUCKET).await.is_err() {
            assert!(began.elapsed() < Duration::from_mins(1), "moto does not start");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        moto
    }

    pub fn s3(&self) -> S3 {
        S3::connect(&access(self.endpoint.clone()), &loopback())
    }

    /// A client that is not ours, for what Holdfast does not do.
    pub fn client(&self) -> Client {
        let config = Config::builder()
            .behavior_version_latest()
            .endpoint_url(self.endpoint.as_str())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test"))
            .force_path_style(true)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Client::from_conf(config)
    }

    /// Runs restic the way the recovery kit says.
    pub fn restic(&self, arguments: &[&str]) -> Output {
        self.restic_at("prefix", arguments)
    }

    /// Runs restic on the repository below `prefix`.
    pub fn restic_at(&self, prefix: &str, arguments: &[&str]) -> Output {
        let output = Command::new("restic")
            .args(["--no-cache", "-r", &format!("s3:{}{BUCKET}/{prefix}", self.endpoint)])
            .args(arguments)
            .env("RESTIC_PASSWORD", PASSWORD)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .output()
            .unwrap_or_else(|error| panic!("the restic command is needed (apt-get install restic): {error}"));
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "restic {arguments:?}: {text}{errors}");
        output
    }

    /// Reads all that is in a repository.
    pub fn assert_sound(&self, prefix: &str) {
        let checked = self.restic_at(prefix, &["check", "--read-data"]);
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(said.contains("no errors were found"), "{said}");
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
