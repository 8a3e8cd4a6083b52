//! An answer of the server that a page shows.

use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use crate::api::ApiError;

/// Something an answer can hold.
pub trait Data: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static> Data for T {}

/// A `T`, or why there is none. It is asked for while the page is drawn.
pub type Answer<T> = Resource<Result<T, ApiError>>;
