//! What the server answers to a page, and how it is kept up to date.
//!
//! Whatever the answers are, the resources and signals behind them are of one type: for each other type the compiler would
//! make all their code once more, and browsers would have to fetch it.

use std::{any::Any, marker::PhantomData, pin::Pin, sync::Arc};

use futures::{
    channel::oneshot,
    future::{Either, select},
};
use leptos::{prelude::*, server::codee};
use serde::{Serialize, de::DeserializeOwned};

use crate::{api::ApiError, browser::timeout, ui::use_ui};

/// Something an answer can hold.
pub trait Data: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static> Data for T {}

/// A `T`, or why there is none. The server asks while it draws the page, and the browser again when that changes which
/// determines the answer.
pub struct Answer<T> {
    pub(super) asked: Asked,
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
    /// Asks with `ask`, again whenever `question` has changed, and after each change that is made in this application.
    pub fn new<Q, F>(
        question: impl Fn() -> Q + Send + Sync + 'static,
        ask: impl Fn(Q) -> F + Send + Sync + 'static,
    ) -> Self
    where
        Q: Clone + PartialEq + Send + Sync + 'static,
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        let ui = use_ui();
        Self::asking(move || (Value::new(question()), ui.changes()), ask)
    }

    /// Asks once: what somebody else changes meanwhile does not change it.
    pub fn once<F>(ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        Self::asking(|| (Value::new(()), 0), move |()| ask())
    }

    fn asking<Q, F>(
        question: impl Fn() -> Question + Send + Sync + 'static,
        ask: impl Fn(Q) -> F + Send + Sync + 'static,
    ) -> Self
    where
        Q: Clone + 'static,
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        let ask = move |(question, _): Question| -> Asking {
            let answer = ask(question.get());
            Box::pin(async move { Held::Answered(answer.await.map(Value::answer)) })
        };
        Self { asked: Asked::new(Arc::new(question), Box::new(ask), read::<T>), holds: PhantomData }
    }

    /// Tracks what `look` finds in what is shown; `None` where nothing is.
    pub fn looking<V>(self, look: impl FnOnce(&T) -> V) -> Option<V> {
        self.asked.shown.with(|shown| Some(look(shown.as_ref()?.as_ref().ok()?.see())))
    }

    /// What is there, for whoever draws below [`loaded_once`](super::loaded::loaded_once), which sees to it that there is
    /// something. It stays while there is nothing else.
    pub(super) fn signal(self) -> Signal<T> {
        let shown = self.asked.shown;
        let last = StoredValue::new(shown.with_untracked(|shown| shown.clone().and_then(Result::ok)));
        Signal::derive(move || {
            if let Some(Ok(now)) = shown.get() {
                last.set_value(Some(now));
            }
            last.with_value(|last| last.as_ref().map(Value::get)).expect("drawn where there is an answer")
        })
    }

    /// Asks once more.
    pub fn refetch(self) {
        self.asked.refetch();
    }
}

/// A question, and how many changes have been made in this application.
type Question = (Value, u64);
type Asking = Pin<Box<dyn Future<Output = Held> + Send>>;
/// What is shown: the last answer that came. It stays while the server cannot be reached.
pub(super) type Shown = Option<Result<Value, ApiError>>;

/// What all answers are, whatever they hold.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    resource: Resource<Held, AsJson>,
    pub(super) shown: RwSignal<Shown>,
    read: fn(&Held) -> Result<Value, ApiError>,
}

/// The question that is on its way, and what ends it when it is dropped.
type Running = StoredValue<Option<(Question, oneshot::Sender<()>)>>;

/// Ends a question as soon as there is another one: a resource would wait for its answer first.
fn supersede(running: Running, question: Arc<dyn Fn() -> Question + Send + Sync>) {
    Effect::new(move |_| {
        let now = question();
        running.update_value(|running| *running = running.take().filter(|(asked, _)| *asked == now));
    });
}

impl Asked {
    fn new(
        question: Arc<dyn Fn() -> Question + Send + Sync>,
        ask: Box<dyn Fn(Question) -> Asking + Send + Sync>,
        read: fn(&Held) -> Result<Value, ApiError>,
    ) -> Self {
        let ui = use_ui();
        let running: Running = StoredValue::new(None);
        supersede(running, question.clone());
        let ask = move |question: Question| {
            let (cancel, superseded) = oneshot::channel();
            running.set_value(Some((question.clone(), cancel)));
            let answer = ask(question);
            async move {
                let answer = match select(Box::pin(timeout::of_reading(answer)), superseded).await {
                    Either::Left((answer, _)) => answer.unwrap_or(Held::Answered(Err(ApiError::Offline))),
                    Either::Right(_) => return Held::Superseded,
                };
                ui.note_reached(!matches!(answer, Held::Answered(Err(ApiError::Offline))));
                answer
            }
        };
        let asked = Self {
            resource: Resource::new_with_options(move || question(), ask, false),
            shown: RwSignal::new(None),
            read,
        };
        Effect::new(move |_| {
            let came = asked.resource.read().as_ref().filter(|held| !matches!(held, Held::Superseded)).map(read);
            match came {
                Some(Err(ApiError::SignedOut)) if asked.is_good() => ui.tell_session_ended(),
                Some(Err(ApiError::SignedOut)) => ui.sign_in_again(),
                Some(came) => asked.show(came),
                None => {}
            }
        });
        asked
    }

    /// Waits for the first answer.
    pub(super) async fn first(self) {
        let held = self.resource.by_ref().await;
        if matches!(*held, Held::Superseded) {
            return;
        }
        let came = (self.read)(&held);
        drop(held);
        if self.shown.with_untracked(Option::is_none) {
            self.shown.set(Some(came));
        }
    }

    /// Tracks whether nothing is shown yet.
    pub(super) fn is_awaited(self) -> bool {
        self.shown.with(Option::is_none)
    }

    pub(super) fn refetch(self) {
        self.resource.refetch();
    }

    fn is_good(self) -> bool {
        self.shown.with_untracked(|shown| matches!(shown, Some(Ok(_))))
    }

    /// What did not change is not drawn anew, and what is there is not given up for the lack of a connection.
    fn show(self, came: Result<Value, ApiError>) {
        let keeps = self.shown.with_untracked(|shown| match (shown, &came) {
            (Some(Ok(_)), Err(ApiError::Offline)) => true,
            (Some(shown), came) => shown == came,
            (None, _) => false,
        });
        if !keeps {
            self.shown.set(Some(came));
        }
    }
}

/// A value that can be compared with others, whose type only those know who made it.
#[derive(Clone)]
pub(super) struct Value(Arc<dyn Comparable>);

trait Comparable: Any + Send + Sync {
    fn is_equal(&self, other: &dyn Any) -> bool;
    fn to_json(&self) -> Result<String, serde_json::Error>;
}

/// A question, which is never written.
struct Unwritten<T>(T);

impl<T: PartialEq + Send + Sync + 'static> Comparable for Unwritten<T> {
    fn is_equal(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<Self>().is_some_and(|other| other.0 == self.0)
    }

    fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(String::new())
    }
}

/// What an answer holds.
struct Written<T>(T);

impl<T: PartialEq + Serialize + Send + Sync + 'static> Comparable for Written<T> {
    fn is_equal(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<Self>().is_some_and(|other| other.0 == self.0)
    }

    fn to_json(&self) -> Result<String, serde_json::Error> {
        // The server alone writes; the browser need not fetch how that is done.
        if cfg!(feature = "ssr") { serde_json::to_string(&self.0) } else { Ok(String::new()) }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        let other: &dyn Any = &*other.0;
        self.0.is_equal(other)
    }
}

const SAME_TYPE: &str = "whoever reads a value made it";

impl Value {
    fn new<T: PartialEq + Send + Sync + 'static>(question: T) -> Self {
        Self(Arc::new(Unwritten(question)))
    }

    fn answer<T: PartialEq + Serialize + Send + Sync + 'static>(answer: T) -> Self {
        Self(Arc::new(Written(answer)))
    }

    /// The question or answer as it was given to `new` or `answer`.
    pub(super) fn get<T: Clone + 'static>(&self) -> T {
        let value: &dyn Any = &*self.0;
        let question = value.downcast_ref::<Unwritten<T>>().map(|value| &value.0);
        question.or_else(|| value.downcast_ref::<Written<T>>().map(|value| &value.0)).cloned().expect(SAME_TYPE)
    }

    fn see<T: 'static>(&self) -> &T {
        let value: &dyn Any = &*self.0;
        &value.downcast_ref::<Written<T>>().expect(SAME_TYPE).0
    }
}

/// What a resource holds.
enum Held {
    Answered(Result<Value, ApiError>),
    /// As it came with the page. Its type is known to whoever reads it.
    Json(String),
    /// Nothing: another question has been asked meanwhile.
    Superseded,
}

/// From a slice, as answers of server functions are: for another source the compiler would make all the code of reading
/// once more.
fn read<T: Data>(held: &Held) -> Result<Value, ApiError> {
    match held {
        Held::Answered(answer) => answer.clone(),
        Held::Superseded => Err(ApiError::Offline),
        Held::Json(json) => match serde_json::from_slice::<Result<T, ApiError>>(json.as_bytes()) {
            Ok(answer) => answer.map(Value::answer),
            Err(_) => Err(ApiError::Malformed),
        },
    }
}

/// How answers are written into a page and read from it: as `Result<T, ApiError>` would be.
struct AsJson;

impl codee::Encoder<Held> for AsJson {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(held: &Held) -> Result<String, serde_json::Error> {
        match held {
            Held::Json(json) => Ok(json.clone()),
            Held::Superseded => Ok(String::new()),
            Held::Answered(Ok(answer)) => Ok(format!(r#"{{"Ok":{}}}"#, answer.0.to_json()?)),
            Held::Answered(Err(error)) => Ok(format!(r#"{{"Err":{}}}"#, serde_json::to_string(error)?)),
        }
    }
}

impl codee::Decoder<Held> for AsJson {
    type Error = std::convert::Infallible;
    type Encoded = str;

    fn decode(json: &str) -> Result<Held, Self::Error> {
        Ok(Held::Json(json.to_owned()))
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use leptos::server::codee::{Decoder, Encoder};

    use super::{AsJson, Held, Value, read};
    use crate::api::ApiError;

    #[test]
    fn what_is_written_is_read() {
        for answer in [Ok(vec![1_u8, 2]), Err(ApiError::NotFound)] {
            let held = Held::Answered(answer.clone().map(Value::answer));
            let Ok(came) = AsJson::decode(&AsJson::encode(&held).unwrap());
            assert_eq!(read::<Vec<u8>>(&came).map(|value| value.get::<Vec<u8>>()), answer);
            assert_eq!(read::<Vec<u8>>(&held).map(|value| value.get::<Vec<u8>>()), answer);
        }
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let Ok(came) = AsJson::decode("{");
        assert!(read::<u8>(&came) == Err(ApiError::Malformed));
    }

    #[test]
    fn values_are_compared_with_their_types() {
        assert!(Value::new(1_u8) == Value::new(1_u8));
        assert!(Value::new(1_u8) != Value::new(2_u8));
        assert!(Value::new(1_u8) != Value::new(1_u16));
        assert_eq!(Value::new((1, "two")).get::<(i32, &str)>(), (1, "two"));
    }
}
