//! How objects are kept, as a server tells it that is not ours.

use aws_sdk_s3::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region},
    types::{ObjectStorageClass, ServerSideEncryption},
};
use engine::{Encryption, ObjectOptions, Repository, RepositoryConfig, S3Error};

use crate::support::{ACCESS_KEY, BUCKET, SECRET_KEY, World, files, moto::Moto, repository_config, snapshot};

/// An object of a bucket, and how it is kept.
struct Kept {
    key: String,
    class: ObjectStorageClass,
    encryption: Option<ServerSideEncryption>,
    kms_key: Option<String>,
}

async fn kept(moto: &Moto) -> Vec<Kept> {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(moto.endpoint.as_str())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test"))
        .force_path_style(true)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let client = Client::from_conf(config);
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
