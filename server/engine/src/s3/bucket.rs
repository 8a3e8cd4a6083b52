//! Making and finding a bucket.

use aws_sdk_s3::{
    error::{ProvideErrorMetadata, SdkError},
    operation::create_bucket::CreateBucketError,
    types::{BucketLocationConstraint, CreateBucketConfiguration},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::{S3, S3Error, classify::Call, object::quick};
use crate::translation::msgid;

/// How [`S3::create_bucket`] found the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketMade {
    /// There was none; it is new and empty.
    New,
    /// It was there already and is ours, or that cannot be told.
    Existing,
}

impl S3 {
    /// Makes the bucket. One that exists and is ours is fine.
    pub async fn create_bucket(&self, bucket: &str) -> Result<BucketMade, S3Error> {
        // Asked before, since services answer "made" for one's own buckets too.
        let missing = match self.list_first(bucket, "").await {
            // Asked once more it would take as long again.
            Err(error) if error.is_away() => return Err(error),
            Err(S3Error::NoSuchBucket { .. }) => true,
            _ => false,
        };
        // AWS wants the region named, except for its first one; other services mostly know only one region,
        // and only some understand it.
        let named = self.is_aws() && self.region() != "us-east-1";
        let mut made = self.try_create(bucket, named).await;
        if !named && made.as_ref().is_err_and(wants_location) {
            made = self.try_create(bucket, true).await;
        }
        let Err(error) = made else { return Ok(if missing { BucketMade::New } else { BucketMade::Existing }) };
        if error.code() == Some("BucketAlreadyOwnedByYou") {
            return Ok(BucketMade::Existing);
        }
        let failure = Call { action: msgid("make the bucket \"{}\""), bucket, key: "" }.failed(&error);
        // Some services say "already exists" of one's own buckets too.
        if matches!(failure, S3Error::BucketTaken { .. }) && self.owns(bucket).await? {
            return Ok(BucketMade::Existing);
        }
        Err(failure)
    }

    /// Removes a bucket that [`Self::create_bucket`] has made [new](BucketMade::New), after a set-up that failed. One that
    /// is gone is fine.
    ///
    /// # Errors
    /// [`S3Error::Refused`] with the code `BucketNotEmpty` where anything is in it: services remove empty ones alone.
    pub async fn remove_empty_bucket(&self, bucket: &str) -> Result<(), S3Error> {
        let call = Call { action: msgid("remove the bucket \"{}\""), bucket, key: "" };
        let request = self.client()?.delete_bucket().bucket(bucket);
        match request.customize().config_override(quick()).send().await.map_err(|error| call.failed(&error)) {
            Ok(_) | Err(S3Error::NoSuchBucket { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes sure that the bucket exists, that what is below `prefix` may be listed, and that the bucket neither keeps nor
    /// removes backups by itself. Slashes at the ends of `prefix` do not matter.
    pub async fn open_bucket(&self, bucket: &str, prefix: &str) -> Result<(), S3Error> {
        self.list_first(bucket, &folder(prefix)).await?;
        if self.retains(bucket).await? {
            return Err(S3Error::ObjectLock { bucket: bucket.into() });
        }
        self.check_lifecycle(bucket, prefix).await
    }

    /// Asks for one object below `folder`: keys that are limited to a prefix may list nothing else. Unlike `HeadBucket`, a
    /// list says in its answer what is wrong.
    async fn list_first(&self, bucket: &str, folder: &str) -> Result<(), S3Error> {
        let call = Call { action: msgid("list the bucket \"{}\""), bucket, key: "" };
        let below = Some(folder.to_owned()).filter(|folder| !folder.is_empty());
        let request = self.client()?.list_objects_v2().bucket(bucket).set_prefix(below).max_keys(1);
        request.customize().config_override(quick()).send().await.map(drop).map_err(|error| call.failed(&error))
    }

    /// Whether every object of the bucket is locked for a time. Services that know no such thing, and keys that may not
    /// ask, count as no: an object that cannot be removed then fails when it is.
    async fn retains(&self, bucket: &str) -> Result<bool, S3Error> {
        let request = self.client()?.get_object_lock_configuration().bucket(bucket);
        let Ok(found) = request.customize().config_override(quick()).send().await else { return Ok(false) };
        let rule = found.object_lock_configuration.and_then(|configuration| configuration.rule);
        Ok(rule.is_some_and(|rule| rule.default_retention.is_some()))
    }

    async fn try_create(
        &self,
        bucket: &str,
        name_region: bool,
    ) -> Result<(), SdkError<CreateBucketError, HttpResponse>> {
        let location = name_region.then(|| {
            let constraint = BucketLocationConstraint::from(self.region());
            CreateBucketConfiguration::builder().location_constraint(constraint).build()
        });
        let client = self.client().map_err(SdkError::construction_failure)?;
        let request = client.create_bucket().bucket(bucket).set_create_bucket_configuration(location);
        request.customize().config_override(quick()).send().await.map(drop)
    }

    async fn owns(&self, bucket: &str) -> Result<bool, S3Error> {
        let call = Call { action: msgid("list buckets"), bucket, key: "" };
        let listed = self.client()?.list_buckets().customize().config_override(quick()).send().await;
        match listed.map_err(|error| call.failed(&error)) {
            Ok(list) => Ok(list.buckets().iter().any(|own| own.name() == Some(bucket))),
            Err(S3Error::AccessDenied { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Below what the objects of a prefix lie: empty, or with a slash at its end.
pub(super) fn folder(prefix: &str) -> String {
    match prefix.trim_matches('/') {
        "" => String::new(),
        folder => format!("{folder}/"),
    }
}

fn wants_location(error: &SdkError<CreateBucketError, HttpResponse>) -> bool {
    matches!(error.code(), Some("IllegalLocationConstraintException" | "InvalidLocationConstraint"))
}
