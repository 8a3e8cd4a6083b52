//! What the machine itself takes for the same bytes: on one processor, and for writing on all.

use std::{fs, io, panic, path::Path, sync::Mutex, thread, time::Duration};

use aws_sdk_s3::{
    Client, Config,
    config::{Credentials, Region, RequestChecksumCalculation},
    primitives::ByteStream,
};
use rand::{RngCore, SeedableRng, rngs::SmallRng};
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use super::{Measured, Outcome, data, median, processes::Server, programs::Program, roles, timed};

const PACK: usize = 8 << 20;
const IN_FLIGHT: usize = 4;

pub fn print(source: &Path, server: &Server, measured: &Measured) -> Outcome {
    let ours = Program::Holdfast.name();
    let stored = measured.stored.get(ours).and_then(|sizes| median(sizes)).unwrap_or_default();
    let ((), reading) = timed(|| data::read(source, |_| ()))?;
    let ((), hashing) = timed(|| {
        let mut hash = Sha256::new();
        data::read(source, |bytes| hash.update(bytes))
    })?;
    let ((), compressing) = timed(|| compress(source))?;
    let written = source.with_extension("written");
    let ((), writing) = timed(|| copy(source, &written))?;
    data::empty(&written)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ((), uploading) = timed(|| runtime.block_on(upload(server, stored)).map_err(io::Error::other))?;
    fs::remove_dir_all(server.bucket(BUCKET))?;
    let seconds = |took: Duration| format!("{:.2} s", took.as_secs_f64());
    println!(
        "the machine alone: reading {}, reading and SHA-256 {}, reading and zstd {}, uploading the stored bytes {}, writing the files {}",
        seconds(reading),
        seconds(hashing),
        seconds(compressing),
        seconds(uploading),
        seconds(writing),
    );
    Ok(())
}

/// The same files once more, on as many threads as the machine has processors.
fn copy(source: &Path, target: &Path) -> io::Result<()> {
    let files = Mutex::new(data::list(source)?.into_iter());
    let next = || files.lock().ok()?.next();
    let work = || {
        while let Some(file) = next() {
            let to = target.join(file.strip_prefix(source).map_err(io::Error::other)?);
            fs::create_dir_all(to.parent().unwrap_or(target))?;
            fs::write(to, fs::read(file)?)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..thread::available_parallelism()?.get()).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
    })
}

fn compress(source: &Path) -> io::Result<()> {
    let mut compressor = zstd::bulk::Compressor::new(3)?;
    let mut failure = Ok(());
    data::read(source, |bytes| {
        if let Err(error) = compressor.compress(bytes) {
            failure = Err(error);
        }
    })?;
    failure
}

const BUCKET: &str = "limits";

/// Uploads noise in packs, as many at a time as a backup does.
async fn upload(server: &Server, bytes: u64) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let config = Config::builder()
        .behavior_version_latest()
        .endpoint_url(&server.endpoint)
        .region(Region::from_static(embedded_s3::REGION))
        .credentials_provider(Credentials::new(roles::ACCESS_KEY, roles::SECRET_KEY, None, None, "bench"))
        .force_path_style(true)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .build();
    let client = Client::from_conf(config);
    client.create_bucket().bucket(BUCKET).send().await?;
    let mut noise = vec![0; PACK];
    SmallRng::seed_from_u64(5).fill_bytes(&mut noise);
    let noise = bytes::Bytes::from(noise);
    let mut running = JoinSet::new();
    for number in 0..bytes.div_ceil(PACK as u64) {
        if running.len() == IN_FLIGHT
            && let Some(done) = running.join_next().await
        {
            done??;
        }
        let length = (bytes - number * PACK as u64).min(PACK as u64);
        let body = ByteStream::from(noise.slice(..usize::try_from(length)?));
        let put = client.put_object().bucket(BUCKET).key(format!("pack-{number}")).body(body);
        running.spawn(async move { put.send().await.map(drop) });
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    Ok(())
}
