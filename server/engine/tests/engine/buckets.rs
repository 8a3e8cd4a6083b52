//! Buckets that are not simply there for everybody and everything.

use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
    NoncurrentVersionExpiration, Transition, TransitionStorageClass,
};
use engine::{
    BucketMade, KeyCheck, LifecycleEffect, ObjectOptions, OnConflict, Repository, RepositoryConfig, S3, S3Error,
    Versioning,
};

use crate::support::{
    BUCKET, World, access, files, loopback,
    moto::Moto,
    proxy::{Proxy, refusal, response},
    repository_config, restore, snapshot,
};

fn denied() -> String {
    refusal("403 Forbidden", "AccessDenied", "Access Denied")
}

/// Whether keys that are limited to `shop/keys/deep/` may do this: objects there, and lists of what is there.
fn is_within(head: &str) -> bool {
    let target = head.split(' ').nth(1).unwrap();
    let object = target.starts_with(&format!("/{BUCKET}/shop/keys/deep/"));
    object || (target.contains("list-type=2") && target.contains("prefix=shop%2Fkeys%2Fdeep%2F"))
}

/// Also where the prefix looks like a folder of a repository further up, into which the keys may not look.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_limited_to_a_prefix_are_enough() {
    let world = World::start().await;
    files::odd_files(&world.source());
    let proxy = Proxy::start(&world.server.endpoint()).await;
    proxy.answer(|head| (!is_within(head)).then(denied));
    let s3 = S3::connect(&access(proxy.endpoint()), &loopback());
    assert_eq!(s3.check_keys().await.unwrap(), KeyCheck::MayNotListBuckets);
    s3.open_bucket(BUCKET, "/shop/keys/deep/").await.unwrap();
    s3.probe(BUCKET, "shop/keys/deep", &ObjectOptions::default()).await.unwrap();
    assert_eq!(s3.versioning(BUCKET).await.unwrap(), Versioning::Unknown);
    assert!(matches!(s3.open_bucket(BUCKET, "shop").await, Err(S3Error::AccessDenied { .. })));

    let config = RepositoryConfig { prefix: "shop/keys/deep".into(), ..repository_config(proxy.endpoint()) };
    let (repository, _) = Repository::open_or_create(config).await.unwrap();
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    restore(&repository, &taken, &world.target("target"), OnConflict::Skip).await;
    files::assert_same(&world.source(), &world.target("target"));
}

#[tokio::test]
async fn a_probe_that_cannot_be_deleted_is_named() {
    let world = World::start().await;
    let proxy = Proxy::start(&world.server.endpoint()).await;
    proxy.answer(|head| head.starts_with("DELETE ").then(denied));
    let s3 = S3::connect(&access(proxy.endpoint()), &loopback());
    let error = s3.probe(BUCKET, "prefix", &ObjectOptions::default()).await.unwrap_err();
    println!("{error}");
    let S3Error::ProbeLeft { key, cause } = &error else { panic!("{error:?}") };
    assert!(matches!(**cause, S3Error::AccessDenied { .. }), "{cause:?}");
    let left = world.stored("");
    assert_eq!(left.len(), 1);
    assert!(left[0].ends_with(key), "{left:?} {key}");
    assert!(error.to_string().contains(key));
}

#[tokio::test]
async fn an_empty_bucket_that_was_just_made_is_removed_again() {
    let (world, moto) = (World::start().await, Moto::start().await);
    for s3 in [world.s3(), moto.s3()] {
        assert_eq!(s3.create_bucket("just-made").await.unwrap(), BucketMade::New);
        s3.remove_empty_bucket("just-made").await.unwrap();
        s3.remove_empty_bucket("just-made").await.unwrap();
        assert!(matches!(s3.open_bucket("just-made", "").await, Err(S3Error::NoSuchBucket { .. })));
        // In the region that services take for granted, AWS says "made" of one's own buckets too.
        assert_eq!(s3.create_bucket(BUCKET).await.unwrap(), BucketMade::Existing);
    }
    let repository = Repository::open_or_create(repository_config(moto.endpoint.clone())).await;
    repository.unwrap();
    let error = moto.s3().remove_empty_bucket(BUCKET).await.unwrap_err();
    assert!(matches!(&error, S3Error::Refused { code, .. } if code == "BucketNotEmpty"), "{error:?}");
}

/// As S3 answers; moto's own answer is an element that is not S3's.
#[tokio::test]
async fn whether_a_bucket_keeps_versions_is_told() {
    let world = World::start().await;
    for (status, versioning) in [
        ("", Versioning::Off),
        ("<Status>Enabled</Status>", Versioning::Enabled),
        ("<Status>Suspended</Status>", Versioning::Suspended),
    ] {
        let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
        let document = format!("<VersioningConfiguration {namespace}>{status}</VersioningConfiguration>");
        let proxy = Proxy::start(&world.server.endpoint()).await;
        proxy.answer(move |head| head.contains("?versioning").then(|| response("200 OK", &document)));
        let s3 = S3::connect(&access(proxy.endpoint()), &loopback());
        assert_eq!(s3.versioning(BUCKET).await.unwrap(), versioning);
    }
    let missing = Moto::start().await.s3().versioning("no-such-bucket").await;
    assert!(matches!(missing, Err(S3Error::NoSuchBucket { .. })), "{missing:?}");
}

/// What the bucket says to a repository below `shop` when it has this one rule for objects below `below`.
async fn with_rule(
    moto: &Moto,
    below: &str,
    rule: aws_sdk_s3::types::builders::LifecycleRuleBuilder,
) -> Result<(), S3Error> {
    let filter = LifecycleRuleFilter::builder().prefix(below).build();
    let rule = rule.id("clean up").filter(filter).status(ExpirationStatus::Enabled).build().unwrap();
    let configuration = BucketLifecycleConfiguration::builder().rules(rule).build().unwrap();
    let request = moto.client().put_bucket_lifecycle_configuration().bucket(BUCKET);
    request.lifecycle_configuration(configuration).send().await.unwrap();
    moto.s3().open_bucket(BUCKET, "shop").await
}

#[tokio::test]
async fn a_lifecycle_rule_that_would_lose_backups_is_named_and_others_are_fine() {
    let moto = Moto::start().await;
    let expires = || LifecycleRule::builder().expiration(LifecycleExpiration::builder().days(30).build());
    let moves = |class: TransitionStorageClass| {
        LifecycleRule::builder().transitions(Transition::builder().days(30).storage_class(class).build())
    };
    let old = NoncurrentVersionExpiration::builder().noncurrent_days(7).build();
    let versions = LifecycleRule::builder().noncurrent_version_expiration(old);
    let refused = |effect| Err(S3Error::Lifecycle { bucket: BUCKET.into(), rule: "clean up".into(), effect });
    for below in ["", "sh", "shop/", "shop/data/", "shop/data/00", "shop/config"] {
        let told = with_rule(&moto, below, expires()).await;
        assert_eq!(told, refused(LifecycleEffect::Expires), "{below:?}");
    }
    println!("{}", with_rule(&moto, "", expires()).await.unwrap_err());
    let frozen = with_rule(&moto, "shop", moves(TransitionStorageClass::Glacier)).await;
    assert_eq!(frozen, refused(LifecycleEffect::Freezes));
    for below in ["logs/", "shop2/", "shop/second/", "shop/database"] {
        assert_eq!(with_rule(&moto, below, expires()).await, Ok(()), "{below:?}");
    }
    assert_eq!(with_rule(&moto, "", moves(TransitionStorageClass::GlacierIr)).await, Ok(()));
    assert_eq!(with_rule(&moto, "", versions).await, Ok(()));
}
