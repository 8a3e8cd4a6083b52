//! How objects are kept, as a server tells it that is not ours.

use std::sync::Mutex;

use aws_sdk_s3::types::{ObjectStorageClass, ServerSideEncryption};
use engine::{Encryption, ObjectOption, ObjectOptions, Repository, RepositoryConfig, S3, S3Error};

use crate::support::{
    BUCKET, World, access, files, loopback,
    moto::Moto,
    proxy::{Proxy, refusal},
    repository_config, snapshot,
};

/// An object of a bucket, and how it is kept.
struct Kept {
    key: String,
    class: ObjectStorageClass,
    encryption: Option<ServerSideEncryption>,
    kms_key: Option<String>,
}

async fn kept(moto: &Moto) -> Vec<Kept> {
    let client = moto.client();
    let mut kept = Vec::new();
    for object in client.list_objects_v2().bucket(BUCKET).send().await.unwrap().contents.unwrap() {
        let key = object.key.unwrap();
        let head = client.head_object().bucket(BUCKET).key(&key).send().await.unwrap();
        let class = object.storage_class.unwrap();
        kept.push(Kept { key, class, encryption: head.server_side_encryption, kms_key: head.ssekms_key_id });
    }
    kept
}

async fn repository_with(moto: &Moto, options: ObjectOptions) -> Repository {
    let config = RepositoryConfig { options, ..repository_config(moto.endpoint.clone()) };
    Repository::open_or_create(config).await.unwrap().0
}

#[tokio::test]
async fn everything_is_encrypted_and_data_alone_has_the_storage_class() {
    let (moto, world) = (Moto::start().await, World::start().await);
    files::odd_files(&world.source());
    let key = Some("alias/backups".to_owned());
    let encryption = Some(Encryption::Kms { key: key.clone() });
    let options = ObjectOptions { storage_class: Some("STANDARD_IA".into()), encryption };
    snapshot(&repository_with(&moto, options).await, &world.source()).await;
    let kept = kept(&moto).await;
    for object in &kept {
        assert_eq!(object.encryption, Some(ServerSideEncryption::AwsKms), "{}", object.key);
        assert_eq!(object.kms_key, key, "{}", object.key);
    }
    let in_class = |class: &ObjectStorageClass| {
        kept.iter().filter(|object| object.class == *class).map(|object| object.key.as_str()).collect::<Vec<_>>()
    };
    // One pack of data; the pack of folders, the index, the snapshot, the key and the config.
    let rare = in_class(&ObjectStorageClass::StandardIa);
    assert_eq!(rare.len(), 1, "{rare:?}");
    assert!(rare[0].starts_with("prefix/data/"), "{rare:?}");
    assert_eq!(in_class(&ObjectStorageClass::Standard).len(), 5);
    moto.assert_sound("prefix");
}

#[tokio::test]
async fn without_options_the_bucket_decides() {
    let (moto, world) = (Moto::start().await, World::start().await);
    files::odd_files(&world.source());
    snapshot(&repository_with(&moto, ObjectOptions::default()).await, &world.source()).await;
    for object in kept(&moto).await {
        assert_eq!((object.class, object.kms_key), (ObjectStorageClass::Standard, None), "{}", object.key);
    }
}

#[tokio::test]
async fn a_storage_class_that_the_service_does_not_know_is_told_by_the_probe() {
    let moto = Moto::start().await;
    let options = ObjectOptions { storage_class: Some("NO_SUCH_CLASS".into()), encryption: None };
    let error = moto.s3().probe(BUCKET, "", &options).await.unwrap_err();
    assert_eq!(error, S3Error::StorageClass);
}

/// A service that refuses writes with one of these headers, as Ceph (`InvalidArgument` for classes, `InvalidRequest` for
/// keys of a KMS) and Swift and `MinIO` (`NotImplemented`) do.
async fn refusing(world: &World, headers: &'static [(&'static str, &'static str)]) -> (Proxy, S3) {
    let proxy = Proxy::start(&world.server.endpoint()).await;
    proxy.answer(move |head| {
        let has = |header: &str| head.starts_with("PUT ") && head.contains(&format!("\r\n{header}:"));
        let (_, code) = headers.iter().find(|(header, _)| has(header))?;
        Some(refusal("400 Bad Request", code, ""))
    });
    let s3 = S3::connect(&access(proxy.endpoint()), &loopback());
    (proxy, s3)
}

#[tokio::test]
async fn the_option_that_a_service_cannot_do_is_named() {
    const CLASS: (&str, &str) = ("x-amz-storage-class", "InvalidArgument");
    const ENCRYPTION: (&str, &str) = ("x-amz-server-side-encryption", "NotImplemented");
    let class = || Some("REDUCED_REDUNDANCY".to_owned());
    let (sse, kms) = (Some(Encryption::S3), Some(Encryption::Kms { key: None }));
    let told = Mutex::new(Vec::new());
    for (headers, storage_class, encryption, option, code) in [
        (&[CLASS] as &[_], class(), None, ObjectOption::StorageClass, "InvalidArgument"),
        (&[CLASS], class(), sse.clone(), ObjectOption::StorageClass, "InvalidArgument"),
        (&[ENCRYPTION], None, sse.clone(), ObjectOption::Encryption, "NotImplemented"),
        (&[ENCRYPTION], class(), kms.clone(), ObjectOption::Encryption, "NotImplemented"),
        (&[CLASS, ENCRYPTION], class(), kms, ObjectOption::Both, "InvalidArgument"),
    ] {
        let world = World::start().await;
        let (_proxy, s3) = refusing(&world, headers).await;
        let error = s3.probe(BUCKET, "prefix", &ObjectOptions { storage_class, encryption }).await.unwrap_err();
        assert_eq!(error, S3Error::Unsupported { option, code: code.into() });
        told.lock().unwrap().push(error.to_string());
        assert_eq!(world.stored(""), Vec::<std::path::PathBuf>::new(), "no probe is left");
    }
    println!("{:#?}", told.into_inner().unwrap());
}

/// A service that refuses every write does not refuse the options.
#[tokio::test]
async fn no_option_is_blamed_for_what_is_refused_without_it() {
    let world = World::start().await;
    let proxy = Proxy::start(&world.server.endpoint()).await;
    proxy.answer(|head| head.starts_with("PUT ").then(|| refusal("400 Bad Request", "InvalidRequest", "No.")));
    let options = ObjectOptions { storage_class: Some("STANDARD_IA".into()), encryption: None };
    let s3 = S3::connect(&access(proxy.endpoint()), &loopback());
    let error = s3.probe(BUCKET, "", &options).await.unwrap_err();
    assert!(matches!(error, S3Error::Refused { .. }), "{error:?}");
}
