//! An answer of the server that a page shows.

use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use crate::api::ApiError;

/// Something an answer can hold.
pub trait Data: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static> Data for T {}

/// A `T`, or why there is none. It is asked for once, while the page is drawn; all that belong to a page are asked for
/// at the same time.
pub type Answer<T> = OnceResource<Result<T, ApiError>>;
