//! `/events`: tells an open page that runs moved, so that it asks again, by server-sent events (HTML standard, section
//! 9.2).
//!
//! The first event says which build of the browser's half the server goes with, so that a page of another one is loaded
//! anew. Every other event's data are the ids of the projects, with commas; none where some may have been missed. It says nothing of
//! them: who hears it asks as that person.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use app::{api::ApiError, browser::live::VERSION};
use axum::{
    Extension,
    extract::State as Extracted,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::{MethodRouter, get},
};
use futures::{Stream, StreamExt, stream};
use model::ids::UserId;
use services::{
    Acting, Services,
    live::{self, Heard, Listener},
    sessions::Store,
};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tower_sessions::{Session, session::Id};

use super::{State, refusal};

/// How many pages of one session may listen at the same time. A browser has six connections to a host, and pages need
/// some of them; those that find no place ask by themselves.
const MOST_OF_A_SESSION: u32 = 4;

/// How many of all sessions of a person.
const MOST_OF_A_PERSON: u32 = 16;

/// How often a connection looks whether its session is still there.
const CHECK: Duration = Duration::from_secs(10);

/// How often something is said where nothing moves, so that no proxy takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a browser waits before it connects again, in milliseconds.
const RETRY: Duration = Duration::from_secs(3);

/// Tells nginx and its like to pass events on at once.
const UNBUFFERED: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

/// Each address with what answers there.
pub fn table() -> Vec<(&'static str, MethodRouter<State>)> {
    vec![("/events", get(events))]
}

async fn events(Extracted(state): Extracted<State>, acting: Option<Extension<Acting>>, session: Session) -> Response {
    let (Some(Extension(acting)), Some(id)) = (acting, session.id()) else {
        let error = ApiError::SignedOut;
        return refusal::json(refusal::status(&error), &error);
    };
    let holders = [Holder::Session(id), Holder::Person(acting.actor.user)];
    let Some(seat) = state.seats.take(holders) else { return full() };
    let mut check = interval(CHECK);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    check.reset();
    let open = Open {
        listener: live::listen(&state.services),
        session: Session::new(Some(id), Arc::new(Store::new(state.services.clone())), None),
        services: state.services,
        acting,
        check,
        _seat: seat,
    };
    let first = Event::default().retry(RETRY).event(VERSION).data(state.site.version());
    let told = stream::once(async { Ok(first) }).chain(open.told()).take_until(state.stop.cancelled_owned());
    let answer = Sse::new(told).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    ([(header::CACHE_CONTROL, "no-store"), UNBUFFERED], answer).into_response()
}

fn full() -> Response {
    let sentence = format!(
        "{MOST_OF_A_SESSION} pages of a session, and {MOST_OF_A_PERSON} of a person, are told of changes. This one asks by itself."
    );
    let mut response = refusal::json(StatusCode::TOO_MANY_REQUESTS, &ApiError::TooMany(sentence));
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    response
}

/// A connection.
struct Open {
    listener: Listener,
    /// The session as the database has it, not as it was when the page connected.
    session: Session,
    services: Services,
    acting: Acting,
    check: Interval,
    _seat: Seat,
}

impl Open {
    fn told(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut open| async {
            let event = open.next().await?;
            Some((Ok(event), open))
        })
    }

    /// The next event; `None` when the session has ended, or with the process.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let heard = tokio::select! {
                heard = self.listener.next(&self.acting) => heard?,
                _ = self.check.tick() => Heard::SessionEnded,
            };
            match heard {
                Heard::SessionEnded => self.acting = self.still_acting().await?,
                Heard::Moved(projects) => {
                    let ids: Vec<String> = projects.iter().map(ToString::to_string).collect();
                    return Some(Event::default().data(ids.join(",")));
                }
            }
        }
    }

    /// The person with today's role. Where the database does not answer the connection ends too: the browser comes back.
    async fn still_acting(&self) -> Option<Acting> {
        self.session.load().await.ok()?;
        let address = self.acting.address.clone();
        services::sessions::visitor(&self.services, &self.session, address).await.ok()?.signed_in()
    }
}

/// Whose pages are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Session(Id),
    Person(UserId),
}

impl Holder {
    const fn most(self) -> u32 {
        match self {
            Self::Session(_) => MOST_OF_A_SESSION,
            Self::Person(_) => MOST_OF_A_PERSON,
        }
    }
}

/// How many pages of each session and person listen.
#[derive(Clone, Debug, Default)]
pub struct Seats(Arc<Mutex<HashMap<Holder, u32>>>);

/// One of them, until it is dropped.
struct Seat {
    seats: Seats,
    holders: [Holder; 2],
}

impl Seats {
    fn take(&self, holders: [Holder; 2]) -> Option<Seat> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if holders.iter().any(|holder| taken.get(holder).is_some_and(|count| *count >= holder.most())) {
            return None;
        }
        for holder in holders {
            *taken.entry(holder).or_default() += 1;
        }
        Some(Seat { seats: self.clone(), holders })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        for holder in self.holders {
            if let Some(count) = taken.get_mut(&holder) {
                *count -= 1;
                if *count == 0 {
                    taken.remove(&holder);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(session: i128, person: i64) -> [Holder; 2] {
        [Holder::Session(Id(session)), Holder::Person(UserId(person))]
    }

    #[test]
    fn a_session_has_so_many_seats_and_gets_them_back() {
        let seats = Seats::default();
        let mut taken: Vec<_> = (0..MOST_OF_A_SESSION).map(|_| seats.take(page(1, 1)).unwrap()).collect();
        assert!(seats.take(page(1, 1)).is_none());
        assert!(seats.take(page(2, 1)).is_some(), "another session has its own");
        taken.pop();
        assert!(seats.take(page(1, 1)).is_some());
        drop(taken);
        assert!(seats.0.lock().unwrap().is_empty(), "nothing is left behind");
    }

    #[test]
    fn a_person_has_so_many_seats_however_many_sessions_there_are() {
        let seats = Seats::default();
        let taken: Vec<_> = (0..100).filter_map(|session| seats.take(page(session, 1))).collect();
        assert_eq!(taken.len(), 16);
        assert!(seats.take(page(200, 2)).is_some(), "another person has their own");
    }
}
