//! Making, finding and proving a bucket.

use aws_sdk_s3::{
    error::{ProvideErrorMetadata, SdkError},
    operation::create_bucket::CreateBucketError,
    types::{BucketLocationConstraint, CreateBucketConfiguration},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use bytes::Bytes;
use rand::Rng;

use super::{ObjectOptions, Part, S3, S3Error, classify::Call, object::quick};

impl S3 {
    /// Makes the bucket. One that exists and is ours is fine.
    pub async fn create_bucket(&self, bucket: &str) -> Result<(), S3Error> {
        self.client()?;
        // AWS wants the region named, except for its first one; other services mostly know only one region,
        // and only some understand it.
        let named = self.is_aws() && self.region != "us-east-1";
        let mut made = self.try_create(bucket, named).await;
        if !named && made.as_ref().is_err_and(wants_location) {
            made = self.try_create(bucket, true).await;
        }
        let Err(error) = made else { return Ok(()) };
        if error.code() == Some("BucketAlreadyOwnedByYou") {
            return Ok(());
        }
        let action = format!("make the bucket \"{bucket}\"");
        let failure = Call { action: &action, bucket, key: "" }.failed(&error);
        // Some services say "already exists" of one's own buckets too.
        if matches!(failure, S3Error::BucketTaken { .. }) && self.owns(bucket).await? {
            return Ok(());
        }
        Err(failure)
    }

    /// Makes sure that the bucket exists and may be listed, and that what is written to it can be removed again.
    pub async fn open_bucket(&self, bucket: &str) -> Result<(), S3Error> {
        let action = format!("list the bucket \"{bucket}\"");
        let call = Call { action: &action, bucket, key: "" };
        // Unlike HeadBucket, a list says in its answer what is wrong.
        let request = self.client()?.list_objects_v2().bucket(bucket).max_keys(1);
        request.customize().config_override(quick()).send().await.map_err(|error| call.failed(&error))?;
        if self.retains(bucket).await? { Err(S3Error::ObjectLock { bucket: bucket.into() }) } else { Ok(()) }
    }

    /// Whether every object of the bucket is locked for a time. Services that know no such thing, and keys that may not
    /// ask, count as no: an object that cannot be removed then fails when it is.
    async fn retains(&self, bucket: &str) -> Result<bool, S3Error> {
        let request = self.client()?.get_object_lock_configuration().bucket(bucket);
        let Ok(found) = request.customize().config_override(quick()).send().await else { return Ok(false) };
        let rule = found.object_lock_configuration.and_then(|configuration| configuration.rule);
        Ok(rule.is_some_and(|rule| rule.default_retention.is_some()))
    }

    /// Writes an object below `prefix` as `options` say, reads it back, compares and deletes it.
    pub async fn probe(&self, bucket: &str, prefix: &str, options: &ObjectOptions) -> Result<(), S3Error> {
        let mut token = [0_u8; 16];
        rand::rng().fill(&mut token);
        let name = format!("holdfast-probe-{:032x}", u128::from_be_bytes(token));
        let key = match prefix.trim_matches('/') {
            "" => name,
            folder => format!("{folder}/{name}"),
        };
        let written = Bytes::from(format!("Holdfast checks its access to this bucket. {key}\n"));
        self.put(bucket, &key, written.clone(), options).await?;
        let read = self.get(bucket, &key, Part::Whole(written.len())).await;
        self.delete(bucket, &key).await?;
        if read? == written { Ok(()) } else { Err(S3Error::Corrupted { key }) }
    }

    async fn try_create(
        &self,
        bucket: &str,
        name_region: bool,
    ) -> Result<(), SdkError<CreateBucketError, HttpResponse>> {
        let location = name_region.then(|| {
            let constraint = BucketLocationConstraint::from(self.region.as_str());
            CreateBucketConfiguration::builder().location_constraint(constraint).build()
        });
        let client = self.client().map_err(SdkError::construction_failure)?;
        let request = client.create_bucket().bucket(bucket).set_create_bucket_configuration(location);
        request.customize().config_override(quick()).send().await.map(drop)
    }

    async fn owns(&self, bucket: &str) -> Result<bool, S3Error> {
        let call = Call { action: "list buckets", bucket, key: "" };
        let listed = self.client()?.list_buckets().customize().config_override(quick()).send().await;
        match listed.map_err(|error| call.failed(&error)) {
            Ok(list) => Ok(list.buckets().iter().any(|own| own.name() == Some(bucket))),
            Err(S3Error::AccessDenied { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn wants_location(error: &SdkError<CreateBucketError, HttpResponse>) -> bool {
    matches!(error.code(), Some("IllegalLocationConstraintException" | "InvalidLocationConstraint"))
}
