//! What this program does when it was started again with a role.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use embedded_s3::{EmbeddedS3, EmbeddedS3Config};
use engine::{
    NetworkPolicy, ObjectOptions, OnConflict, Permit, Repository, RepositoryConfig, RestoreRequest, S3, S3Access,
    Secret, SnapshotRequest, SnapshotSource, SourceRoots,
};
use tokio_util::sync::CancellationToken;

use super::Outcome;

const ROLE: &str = "HOLDFAST_BENCH_ROLE";
/// A role's folder: of the server, of what is backed up, or restored into.
pub const FOLDER: &str = "HOLDFAST_BENCH_ROLE_FOLDER";
pub const ENDPOINT: &str = "HOLDFAST_BENCH_ROLE_ENDPOINT";
pub const BUCKET: &str = "HOLDFAST_BENCH_ROLE_BUCKET";
pub const CACHE: &str = "HOLDFAST_BENCH_ROLE_CACHE";

pub const ACCESS_KEY: &str = "AKIDHOLDFAST";
pub const SECRET_KEY: &str = "a-secret-key-of-the-bench";
pub const PASSWORD: &str = "a long repository password";

pub fn role() -> Option<String> {
    env::var(ROLE).ok()
}

/// This program with a role.
pub fn start(role: &str) -> Outcome<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.env(ROLE, role);
    Ok(command)
}

pub fn play(role: &str) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match role {
            "serve" => serve().await,
            "create" => repository().await.map(drop),
            "backup" => backup().await,
            _ => restore().await,
        }
    })
}

async fn serve() -> Outcome {
    let config = EmbeddedS3Config {
        folder: env::var(FOLDER)?.into(),
        access_key_id: ACCESS_KEY.into(),
        secret_key: SECRET_KEY.into(),
        listen: "127.0.0.1:0".parse()?,
    };
    let server = EmbeddedS3::start(config).await?;
    println!("{}", server.endpoint());
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    Ok(())
}

async fn repository() -> Outcome<Repository> {
    let access = S3Access {
        endpoint: env::var(ENDPOINT)?.parse()?,
        region: embedded_s3::REGION.into(),
        access_key_id: ACCESS_KEY.into(),
        secret_key: Secret::new(SECRET_KEY.into()),
        ca_certificate: None,
        addressing: engine::Addressing::Automatic,
    };
    let network = NetworkPolicy::allowing(vec!["127.0.0.0/8".parse()?]);
    let bucket = env::var(BUCKET)?;
    if role().as_deref() == Some("create") {
        S3::connect(&access, &network).create_bucket(&bucket).await?;
    }
    let config = RepositoryConfig {
        access,
        network,
        bucket,
        prefix: String::new(),
        password: Secret::new(PASSWORD.into()),
        options: ObjectOptions::default(),
        longest_outage: engine::LONGEST_OUTAGE,
        cache_dir: Some(env::var(CACHE)?.into()),
    };
    Ok(Repository::open_or_create(config).await?.0)
}

async fn backup() -> Outcome {
    let source = PathBuf::from(env::var(FOLDER)?);
    let request = SnapshotRequest {
        source: SnapshotSource::Directory(SourceRoots::new(vec![source.clone()]).directory(&source)?),
        label: "bench".into(),
        tags: Vec::new(),
        host: "bench".into(),
        include: Vec::new(),
        exclude: Vec::new(),
        permit: Permit::default(),
    };
    let report = repository().await?.snapshot(request, Arc::new(()), CancellationToken::new()).await?;
    if report.unreadable.is_empty() { Ok(()) } else { Err("files could not be read".into()) }
}

async fn restore() -> Outcome {
    let repository = repository().await?;
    let snapshot = repository.snapshots().await?.pop().ok_or("there is no snapshot")?.id;
    let target = SourceRoots::new(vec!["/".into()]).restore_target(Path::new(&env::var(FOLDER)?))?;
    let (paths, on_conflict) = (Vec::new(), OnConflict::Skip);
    let request = RestoreRequest { snapshot, paths, target, on_conflict, lending_bits: false };
    let report = repository.restore(request, Arc::new(()), CancellationToken::new()).await?;
    if report.warnings.is_empty() { Ok(()) } else { Err("files could not be restored".into()) }
}
