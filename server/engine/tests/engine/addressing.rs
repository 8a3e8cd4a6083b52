//! Buckets in the path and in the host name.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use engine::{Addressing, Repository, RepositoryConfig, S3, S3Access, S3Error};
use url::Url;

use crate::support::{
    BUCKET, World, access, files, loopback,
    moto::Moto,
    proxy::{Proxy, refusal},
    repository_config, snapshot,
};

/// A service that takes buckets in the host name alone, as Alibaba's OSS does, and how often it had to say so.
async fn by_host(moto: &Moto) -> (Proxy, Url, Arc<AtomicU32>) {
    let proxy = Proxy::start(&moto.endpoint).await;
    let mut endpoint = proxy.endpoint();
    endpoint.set_host(Some("localhost")).unwrap();
    let refused = Arc::<AtomicU32>::default();
    let counted = refused.clone();
    proxy.answer(move |head| {
        let is_host = head.to_lowercase().contains(&format!("\r\nhost: {BUCKET}.localhost"));
        (!is_host).then(|| {
            counted.fetch_add(1, Ordering::SeqCst);
            refusal("403 Forbidden", "SecondLevelDomainForbidden", "Please use virtual hosted style to access.")
        })
    });
    (proxy, endpoint, refused)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_wants_the_bucket_in_the_host_name_gets_it_there() {
    let (world, moto) = (World::start().await, Moto::start().await);
    files::odd_files(&world.source());
    for addressing in [Addressing::Automatic, Addressing::Host] {
        let (_proxy, endpoint, refused) = by_host(&moto).await;
        let config = repository_config(endpoint);
        let access = S3Access { addressing, ..config.access.clone() };
        let (repository, _) = Repository::open_or_create(RepositoryConfig { access, ..config }).await.unwrap();
        snapshot(&repository, &world.source()).await;
        assert_eq!(repository.snapshots().await.unwrap().len(), if addressing == Addressing::Host { 2 } else { 1 });
        let refused = refused.load(Ordering::SeqCst);
        println!("{addressing:?}: {refused} requests were refused");
        assert_eq!(refused, u32::from(addressing == Addressing::Automatic), "it remembers what works");
    }
    moto.assert_sound("prefix");
}

#[tokio::test]
async fn a_client_that_is_told_to_use_the_path_says_what_the_service_wants() {
    let moto = Moto::start().await;
    let (_proxy, endpoint, _) = by_host(&moto).await;
    let s3 = S3::connect(&S3Access { addressing: Addressing::Path, ..access(endpoint) }, &loopback());
    let error = s3.open_bucket(BUCKET, "").await.unwrap_err();
    assert_eq!(error, S3Error::HostAddressing { code: "SecondLevelDomainForbidden".into() });
}
