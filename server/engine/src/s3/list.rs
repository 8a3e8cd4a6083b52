//! Listing objects.

use std::time::Duration;

use super::{S3, S3Error, Unreachable, classify::Call, object::quick};
use crate::translation::msgid;

/// Pages of one listing, each of 1000 objects where the service gives as many as it may.
const MOST_PAGES: usize = 10_000;
/// All pages of one listing.
const DEADLINE: Duration = Duration::from_mins(30);

/// An object in a list.
pub(crate) struct Listed {
    pub(crate) key: String,
    pub(crate) size: u64,
}

impl S3 {
    /// The size of an object, where there is one. A list, unlike a HEAD request, tells a missing bucket from a missing
    /// object.
    pub(crate) async fn size(&self, bucket: &str, key: &str) -> Result<Option<u64>, S3Error> {
        let call = Call { action: msgid("list the bucket \"{}\""), bucket, key };
        // Keys come in their order, so this one is the first of those that begin so.
        let request = self.client()?.list_objects_v2().bucket(bucket).prefix(key);
        let page = request.customize().config_override(quick()).send().await.map_err(|error| call.failed(&error))?;
        let mut objects = page.contents.unwrap_or_default().into_iter().filter_map(sized);
        Ok(objects.find(|object| object.key == key).map(|object| object.size))
    }

    /// What `keep` makes of the objects whose keys begin with `prefix`. A listing that does not end, that keeps more than
    /// `most`, that comes back to where it was, or that breaks off, is refused.
    pub(crate) async fn list<T>(
        &self,
        bucket: &str,
        prefix: &str,
        most: usize,
        keep: impl Fn(Listed) -> Option<T>,
    ) -> Result<Vec<T>, S3Error> {
        let listed = tokio::time::timeout(DEADLINE, self.list_pages(bucket, prefix, most, keep));
        listed.await.unwrap_or(Err(Unreachable::TimedOut.into()))
    }

    async fn list_pages<T>(
        &self,
        bucket: &str,
        prefix: &str,
        most: usize,
        keep: impl Fn(Listed) -> Option<T>,
    ) -> Result<Vec<T>, S3Error> {
        let call = Call { action: msgid("list the bucket \"{}\""), bucket, key: prefix };
        let (mut kept, mut from) = (Vec::new(), None::<String>);
        for _ in 0..MOST_PAGES {
            let request = self.client()?.list_objects_v2().bucket(bucket).prefix(prefix);
            let request = request.set_continuation_token(from.clone()).customize().config_override(quick());
            let page = request.send().await.map_err(|error| call.failed(&error))?;
            kept.extend(page.contents.unwrap_or_default().into_iter().filter_map(sized).filter_map(&keep));
            if kept.len() > most {
                return Err(call.wrong_answer(msgid("the list has more objects than a repository")));
            }
            let next = page.next_continuation_token.filter(|token| !token.is_empty());
            match next {
                Some(next) if from.as_ref() == Some(&next) => {
                    return Err(call.wrong_answer(msgid("the list comes back to where it was")));
                }
                Some(next) => from = Some(next),
                None if page.is_truncated == Some(true) => {
                    return Err(call.wrong_answer(msgid("the list breaks off")));
                }
                None => return Ok(kept),
            }
        }
        Err(call.wrong_answer(msgid("the list does not end")))
    }
}

fn sized(object: aws_sdk_s3::types::Object) -> Option<Listed> {
    let size = object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    object.key.map(|key| Listed { key, size })
}
