//! What a bucket does with objects by itself: lifecycle rules and versions.

use aws_sdk_s3::types::{BucketVersioningStatus, ExpirationStatus, LifecycleRule, LifecycleRuleFilter};
use thiserror::Error;

use super::{S3, S3Error, bucket::folder, classify::Call, object::quick};
use crate::translation::msgid;

/// What a repository has in its place.
const PARTS: [&str; 6] = ["config", "data/", "index/", "keys/", "locks/", "snapshots/"];

/// Pages of 1,000 versions that are listed at most.
const MOST_PAGES: usize = 100_000;

/// What a lifecycle rule does to current objects, as the end of a sentence.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum LifecycleEffect {
    /// They are deleted.
    #[error("{}", tr!("deletes objects"))]
    Expires,
    /// They are moved to where they cannot be read at once.
    #[error("{}", tr!("moves objects into an archive"))]
    Freezes,
}

/// Whether a bucket keeps what is deleted or written over, as a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versioning {
    /// It does not, and never has.
    Off,
    /// It does: deleting frees nothing, unless a lifecycle rule expires noncurrent versions.
    Enabled,
    /// It no longer does. Earlier versions are still there.
    Suspended,
    /// The service knows no versions, or the keys may not ask.
    Unknown,
}

impl S3 {
    /// Whether the bucket keeps versions.
    ///
    /// # Errors
    /// Where the service cannot be reached, or the bucket is missing.
    pub async fn versioning(&self, bucket: &str) -> Result<Versioning, S3Error> {
        let call = Call { action: msgid("ask for the versioning of the bucket \"{}\""), bucket, key: "" };
        let request = self.client()?.get_bucket_versioning().bucket(bucket);
        match request.customize().config_override(quick()).send().await.map_err(|error| call.failed(&error)) {
            Ok(found) => Ok(match found.status {
                Some(BucketVersioningStatus::Enabled) => Versioning::Enabled,
                Some(BucketVersioningStatus::Suspended) => Versioning::Suspended,
                _ => Versioning::Off,
            }),
            Err(error @ (S3Error::Unreachable(_) | S3Error::Busy { .. } | S3Error::NoSuchBucket { .. })) => Err(error),
            Err(_) => Ok(Versioning::Unknown),
        }
    }

    /// The bytes of all noncurrent versions below `prefix`: what was deleted or written over, and still takes room.
    ///
    /// # Errors
    /// As each call; [`S3Error::WrongAnswer`] where the list comes back to where it was or does not end.
    pub async fn noncurrent_bytes(&self, bucket: &str, prefix: &str) -> Result<u64, S3Error> {
        let call = Call { action: msgid("list the versions in the bucket \"{}\""), bucket, key: prefix };
        let (folder, mut bytes, mut from) = (folder(prefix), 0_u64, (None::<String>, None::<String>));
        for _ in 0..MOST_PAGES {
            let below = Some(folder.clone()).filter(|folder| !folder.is_empty());
            let request = self.client()?.list_object_versions().bucket(bucket).set_prefix(below);
            let request = request.set_key_marker(from.0.clone()).set_version_id_marker(from.1.clone());
            let page =
                request.customize().config_override(quick()).send().await.map_err(|error| call.failed(&error))?;
            let noncurrent = page.versions().iter().filter(|version| version.is_latest() == Some(false));
            bytes += noncurrent.filter_map(|version| u64::try_from(version.size()?).ok()).sum::<u64>();
            if page.is_truncated() != Some(true) {
                return Ok(bytes);
            }
            let next = (page.next_key_marker, page.next_version_id_marker);
            if next == from || next.0.is_none() {
                return Err(call.wrong_answer(msgid("the list comes back to where it was")));
            }
            from = next;
        }
        Err(call.wrong_answer(msgid("the list does not end")))
    }

    /// Refuses a bucket of which a lifecycle rule would delete or freeze a repository's files below `prefix`. Services
    /// that know no such rules, and keys that may not ask, count as having none.
    pub(super) async fn check_lifecycle(&self, bucket: &str, prefix: &str) -> Result<(), S3Error> {
        let request = self.client()?.get_bucket_lifecycle_configuration().bucket(bucket);
        let Ok(found) = request.customize().config_override(quick()).send().await else { return Ok(()) };
        let folder = folder(prefix);
        for rule in found.rules() {
            if let Some(effect) = effect(rule).filter(|_| concerns(rule, &folder)) {
                let rule = rule.id().unwrap_or_default().to_owned();
                return Err(S3Error::Lifecycle { bucket: bucket.to_owned(), rule, effect });
            }
        }
        Ok(())
    }
}

/// What a rule does to current objects in the end.
fn effect(rule: &LifecycleRule) -> Option<LifecycleEffect> {
    if rule.status != ExpirationStatus::Enabled {
        return None;
    }
    // One with neither only removes the marks of deleted objects.
    let expires = rule.expiration().is_some_and(|expiration| expiration.days.is_some() || expiration.date.is_some());
    if expires {
        return Some(LifecycleEffect::Expires);
    }
    let classes = rule.transitions().iter().filter_map(|transition| transition.storage_class());
    classes.into_iter().any(|class| is_archive(class.as_str())).then_some(LifecycleEffect::Freezes)
}

/// Storage classes from which nothing is read at once. Other services name theirs alike.
fn is_archive(class: &str) -> bool {
    class != "GLACIER_IR" && ["GLACIER", "ARCHIVE", "COLD"].iter().any(|word| class.contains(word))
}

/// Whether a rule is for files of a repository in `folder`, which is empty or ends with a slash. They have no tags.
fn concerns(rule: &LifecycleRule, folder: &str) -> bool {
    let (prefix, tagged) = match rule.filter() {
        Some(LifecycleRuleFilter { and: Some(and), .. }) => (and.prefix(), !and.tags().is_empty()),
        Some(filter) => (filter.prefix(), filter.tag.is_some()),
        #[expect(deprecated, reason = "older rules have their prefix here, and services give it back")]
        None => (rule.prefix(), false),
    };
    let prefix = prefix.unwrap_or_default();
    let within = |part: &str| {
        let place = format!("{folder}{part}");
        place.starts_with(prefix) || (place.ends_with('/') && prefix.starts_with(&place))
    };
    !tagged && PARTS.into_iter().any(within)
}
