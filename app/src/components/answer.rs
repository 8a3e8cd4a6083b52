//! An answer of the server that a page shows.
//!
//! Whatever the answers are, the resources behind them are of one type: for each other type the compiler would make all
//! the code of resources once more, and browsers would have to fetch it.

use std::{any::Any, marker::PhantomData, pin::Pin, sync::Arc, sync::OnceLock};

use leptos::{prelude::*, server::codee};
use serde::{Serialize, de::DeserializeOwned};

use crate::api::ApiError;

/// Something an answer can hold.
pub trait Data: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static> Data for T {}

/// A `T`, or why there is none. The server asks while it draws the page, and the browser when that changes which
/// determines the answer.
pub struct Answer<T> {
    resource: Resource<Held, AsJson>,
    holds: PhantomData<fn() -> T>,
}

// Derived, they would ask the same of `T`.
impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Answer<T> {}

impl<T: Data> Answer<T> {
    /// Asks with `ask`, and again whenever `question` has changed.
    pub fn new<Q, F>(
        question: impl Fn() -> Q + Send + Sync + 'static,
        ask: impl Fn(Q) -> F + Send + Sync + 'static,
    ) -> Self
    where
        Q: Clone + PartialEq + Send + Sync + 'static,
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        let question = move || Value::new(question());
        let ask = move |question: Value| -> Asking {
            let answer = ask(question.get());
            Box::pin(async move { Held::new(answer.await) })
        };
        Self { resource: resource(Box::new(question), Box::new(ask)), holds: PhantomData }
    }

    /// What `look` finds in the answer; `None` until there is one.
    pub(super) fn looking<V: 'static>(
        self,
        look: impl Fn(&Result<T, ApiError>) -> V + Send + Sync + 'static,
    ) -> impl Fn() -> Option<V> + Send + Sync + 'static {
        move || self.resource.read().as_ref().map(|held| held.with(&look))
    }

    /// Asks once more.
    pub(super) fn refetch(self) {
        self.resource.refetch();
    }
}

type Asking = Pin<Box<dyn Future<Output = Held> + Send>>;

fn resource(
    question: Box<dyn Fn() -> Value + Send + Sync>,
    ask: Box<dyn Fn(Value) -> Asking + Send + Sync>,
) -> Resource<Held, AsJson> {
    Resource::new_with_options(question, ask, false)
}

/// A value that can be compared with others, whose type only those know who made it.
#[derive(Clone)]
pub(super) struct Value(Arc<dyn Comparable>);

trait Comparable: Any + Send + Sync {
    fn is_equal(&self, other: &dyn Any) -> bool;
}

impl<T: PartialEq + Send + Sync + 'static> Comparable for T {
    fn is_equal(&self, other: &dyn Any) -> bool {
        other.downcast_ref() == Some(self)
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        let other: &dyn Any = &*other.0;
        self.0.is_equal(other)
    }
}

impl Value {
    pub(super) fn new<T: PartialEq + Send + Sync + 'static>(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// The value as it was given to `new`.
    pub(super) fn get<T: Clone + 'static>(&self) -> T {
        let value: &dyn Any = &*self.0;
        value.downcast_ref().cloned().expect(SAME_TYPE)
    }
}

const SAME_TYPE: &str = "whoever reads a value made it";

/// What was answered: a `Result<T, ApiError>`, whose `T` the [`Answer`] knows.
struct Held {
    /// As it came with the page, where it did.
    json: String,
    /// As it was answered, or read the first time.
    answer: OnceLock<Box<dyn Writable>>,
}

trait Writable: Any + Send + Sync {
    fn to_json(&self) -> Result<String, serde_json::Error>;
}

impl<T: Serialize + Send + Sync + 'static> Writable for T {
    fn to_json(&self) -> Result<String, serde_json::Error> {
        // The server alone writes; the browser need not fetch how that is done.
        if cfg!(feature = "ssr") { serde_json::to_string(self) } else { Ok(String::new()) }
    }
}

impl Held {
    fn new<T: Data>(answer: Result<T, ApiError>) -> Self {
        let answer: Box<dyn Writable> = Box::new(answer);
        Self { json: String::new(), answer: answer.into() }
    }

    fn with<T: Data, V>(&self, look: impl FnOnce(&Result<T, ApiError>) -> V) -> V {
        let answer = self.answer.get_or_init(|| {
            let read = serde_json::from_slice::<Result<T, ApiError>>(self.json.as_bytes());
            Box::new(read.unwrap_or(Err(ApiError::Malformed)))
        });
        let answer: &dyn Any = &**answer;
        look(answer.downcast_ref().expect(SAME_TYPE))
    }
}

/// How answers are written into a page and read from it.
struct AsJson;

impl codee::Encoder<Held> for AsJson {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(held: &Held) -> Result<String, serde_json::Error> {
        held.answer.get().map_or_else(|| Ok(held.json.clone()), |answer| answer.to_json())
    }
}

impl codee::Decoder<Held> for AsJson {
    type Error = std::convert::Infallible;
    type Encoded = str;

    fn decode(json: &str) -> Result<Held, Self::Error> {
        Ok(Held { json: json.to_owned(), answer: OnceLock::new() })
    }
}

#[cfg(test)]
mod tests {
    use leptos::server::codee::{Decoder, Encoder};

    use super::{AsJson, Held, Value};
    use crate::api::ApiError;

    #[test]
    fn what_is_written_is_read() {
        for answer in [Ok(vec![1, 2]), Err(ApiError::NotFound)] {
            let held = Held::new(answer.clone());
            let Ok(read) = AsJson::decode(&AsJson::encode(&held).unwrap());
            assert!(read.with(|read| *read == answer), "{answer:?}");
            assert!(held.with(|held| *held == answer), "{answer:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let Ok(read) = AsJson::decode("{");
        assert!(read.with(|read: &Result<u8, ApiError>| *read == Err(ApiError::Malformed)));
    }

    #[test]
    fn values_are_compared_with_their_types() {
        assert!(Value::new(1_u8) == Value::new(1_u8));
        assert!(Value::new(1_u8) != Value::new(2_u8));
        assert!(Value::new(1_u8) != Value::new(1_u16));
        assert_eq!(Value::new((1, "two")).get::<(i32, &str)>(), (1, "two"));
    }
}
