//! Guessing passwords and codes becomes slow: after some failures each email and each network waits longer and longer.
//!
//! An attempt is counted before the password is looked at, and taken back where it was right: so many guesses at once
//! are as slow as one after the other. Emails that nobody has are counted like others, so that the answer tells
//! nothing. The counters are rows, so several nodes count together.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use ipnet::IpNet;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, QuerySelect, sea_query::OnConflict,
};
use sha2::{Digest, Sha256};

use crate::{clock::MOST_AHEAD, context::Services, entity::sign_in_throttle, error::ServiceError};

/// Failures of one email that cost nothing.
const FREE_OF_EMAIL: i32 = 5;
/// Failures from one network that cost nothing: many people may sit behind one address.
const FREE_OF_NETWORK: i32 = 30;
/// The same for a /48 of IPv6, which is what one customer gets who asks for it: 65,536 networks.
const FREE_OF_SITE: i32 = 120;
/// Seconds to wait after the first failure that costs something; each further one doubles them.
const FIRST_WAIT: i64 = 5;
const LONGEST_WAIT: i64 = 15 * 60;
/// Failures are forgotten when so long none was added.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(24);

/// An attempt that was let through and counted.
pub struct Attempt {
    /// `None` where it is not known yet who tries.
    person: Option<Subject>,
    networks: Vec<Subject>,
}

/// Whose failures are counted together.
struct Subject {
    key: String,
    free: i32,
}

/// What is guessed. A right password does not forgive wrong codes: whoever has the one would guess the other for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    Password,
    Code,
}

impl Subject {
    fn person(guess: Guess, email: &str) -> Self {
        let kind = match guess {
            Guess::Password => "email",
            Guess::Code => "code",
        };
        Self::new(kind, &email.trim().to_lowercase(), FREE_OF_EMAIL)
    }

    /// The networks that an address lies in, the smallest first: the size that one customer usually has (/24, or /64 of
    /// IPv6), and of IPv6 also the /48, which a customer can have as well.
    ///
    /// Behind a reverse proxy loopback is no network: a proxy on the same machine speaks for everybody.
    fn networks(address: &str, behind_proxy: bool) -> Vec<Self> {
        let Ok(address) = address.parse::<IpAddr>().map(|address| address.to_canonical()) else { return Vec::new() };
        if address.is_loopback() && behind_proxy {
            return Vec::new();
        }
        let sizes: &[(u8, i32)] =
            if address.is_ipv4() { &[(24, FREE_OF_NETWORK)] } else { &[(64, FREE_OF_NETWORK), (48, FREE_OF_SITE)] };
        let network = |(length, free): &(u8, i32)| {
            let network = IpNet::new(address, *length).ok()?.trunc();
            Some(Self::new("network", &network.to_string(), *free))
        };
        sizes.iter().filter_map(network).collect()
    }

    fn new(kind: &str, name: &str, free: i32) -> Self {
        let digest = Sha256::digest(format!("{kind} {name}"));
        let key = digest.iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
        Self { key, free }
    }

    /// Seconds to wait after so many failures.
    fn wait(&self, failures: i32) -> Option<TimeDelta> {
        let beyond = u32::try_from(failures - self.free).ok()?;
        Some(TimeDelta::seconds((FIRST_WAIT << beyond.min(16)).min(LONGEST_WAIT)))
    }
}

/// Counts an attempt of `email` from `address`, or refuses it with [`ServiceError::Throttled`]. A refused one is not
/// counted.
pub async fn begin(services: &Services, guess: Guess, email: &str, address: &str) -> Result<Attempt, ServiceError> {
    let person = Some(Subject::person(guess, email));
    count(services, Attempt { person, networks: networks(services, address) }).await
}

/// The same where nobody has said yet who they are.
pub async fn begin_from(services: &Services, address: &str) -> Result<Attempt, ServiceError> {
    count(services, Attempt { person: None, networks: networks(services, address) }).await
}

/// What the network of an address is called in the database: /24, or /64 of IPv6. `None` where it is not known who is
/// behind the address.
pub fn network(services: &Services, address: &str) -> Option<String> {
    networks(services, address).into_iter().next().map(|subject| subject.key)
}

fn networks(services: &Services, address: &str) -> Vec<Subject> {
    Subject::networks(address, services.config().behind_proxy)
}

async fn count(services: &Services, attempt: Attempt) -> Result<Attempt, ServiceError> {
    let now = services.clock().now();
    let tx = services.write().await?;
    let mut counted = Vec::new();
    for subject in attempt.subjects() {
        counted.push((subject, locked_row(&tx, &subject.key, now).await?));
    }
    let blocked = counted.iter().filter(|(_, row)| counts(row, now)).filter_map(|(_, row)| row.blocked_until).max();
    if let Some(seconds) = blocked.map(|until| seconds_until(until, now)).filter(|seconds| *seconds > 0) {
        return Err(ServiceError::Throttled { seconds });
    }
    for (subject, row) in counted {
        let failures = if counts(&row, now) { row.failures.saturating_add(1) } else { 1 };
        let mut change = row.into_active_model();
        change.failures = Set(failures);
        change.last_at = Set(now);
        change.blocked_until = Set(subject.wait(failures).map(|wait| now + wait));
        change.update(&tx).await?;
    }
    tx.commit().await?;
    Ok(attempt)
}

/// Whether failures are remembered still. Those that are dated ahead were counted while the clock was wrong.
fn counts(row: &sign_in_throttle::Model, now: DateTime<Utc>) -> bool {
    row.last_at + FORGOTTEN_AFTER > now && row.last_at <= now + MOST_AHEAD
}

/// Whole seconds, rounded up; 0 where the time has come.
fn seconds_until(until: DateTime<Utc>, now: DateTime<Utc>) -> u64 {
    let milliseconds = (until - now).num_milliseconds().max(0).unsigned_abs();
    milliseconds.div_ceil(1000)
}

/// The counter, made where there is none, and held until the transaction ends.
async fn locked_row(
    db: &impl ConnectionTrait,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<sign_in_throttle::Model, DbErr> {
    let new = sign_in_throttle::ActiveModel {
        subject: Set(subject.to_owned()),
        failures: Set(0),
        last_at: Set(now),
        blocked_until: Set(None),
    };
    let stays = OnConflict::column(sign_in_throttle::Column::Subject).do_nothing().to_owned();
    match sign_in_throttle::Entity::insert(new).on_conflict(stays).exec_without_returning(db).await {
        Ok(_) | Err(DbErr::RecordNotInserted) => {}
        Err(error) => return Err(error),
    }
    let row = sign_in_throttle::Entity::find_by_id(subject).lock_exclusive().one(db).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("a counter of sign-in attempts".to_owned()))
}

impl Attempt {
    fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.person.iter().chain(&self.networks)
    }

    /// It was right: the person's failures are forgotten, and the networks' are one fewer.
    pub async fn succeeded(self, services: &Services) -> Result<(), ServiceError> {
        let tx = services.write().await?;
        if let Some(person) = &self.person {
            sign_in_throttle::Entity::delete_by_id(&person.key).exec(&tx).await?;
        }
        for network in &self.networks {
            let row = locked_row(&tx, &network.key, services.clock().now()).await?;
            let mut change = row.clone().into_active_model();
            change.failures = Set((row.failures - 1).max(0));
            change.blocked_until = Set(None);
            change.update(&tx).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// Deletes counters to which nothing was added for long.
pub async fn delete_forgotten(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    let old = Condition::any()
        .add(sign_in_throttle::Column::LastAt.lte(now - FORGOTTEN_AFTER))
        .add(sign_in_throttle::Column::LastAt.gt(now + MOST_AHEAD));
    sign_in_throttle::Entity::delete_many().filter(old).exec(db).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(failures: i32) -> Option<i64> {
        Subject::person(Guess::Password, "ann@example.com").wait(failures).map(|wait| wait.num_seconds())
    }

    #[test]
    fn delays_grow_from_the_fifth_failure_on_and_have_an_end() {
        assert_eq!([wait(0), wait(4)], [None, None]);
        assert_eq!([wait(5), wait(6), wait(7), wait(12)], [Some(5), Some(10), Some(20), Some(640)]);
        assert_eq!([wait(13), wait(i32::MAX)], [Some(900), Some(900)]);
    }

    #[test]
    fn neighbours_are_counted_together() {
        let key = |address: &str| Subject::networks(address, true).first().map(|subject| subject.key.clone());
        assert_eq!(key("203.0.113.7"), key("203.0.113.250"));
        assert_eq!(key("203.0.113.7"), key("::ffff:203.0.113.7"));
        assert_ne!(key("203.0.113.7"), key("203.0.114.7"));
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!([key("127.0.0.1"), key("::1"), key("terminal")], [None, None, None]);
    }

    #[test]
    fn a_site_of_ipv6_is_counted_as_a_whole_too() {
        let site =
            |address: &str| Subject::networks(address, true).get(1).map(|subject| (subject.key.clone(), subject.free));
        assert_eq!(site("2001:db8:1:2::1"), site("2001:db8:1:ffff::9"));
        assert_ne!(site("2001:db8:1:2::1"), site("2001:db8:2:2::1"));
        assert_eq!(site("2001:db8:1:2::1").map(|(_, free)| free), Some(120));
        assert_eq!(site("203.0.113.7"), None);
    }

    #[test]
    fn without_a_proxy_the_machine_itself_is_a_network() {
        let networks = |address: &str| Subject::networks(address, false).len();
        assert_eq!([networks("127.0.0.1"), networks("::1"), networks("terminal")], [1, 2, 0]);
    }

    #[test]
    fn an_email_is_one_whatever_its_letter_case() {
        let key = |guess, email| Subject::person(guess, email).key;
        assert_eq!(key(Guess::Password, " Ann@Example.com "), key(Guess::Password, "ann@example.com"));
        assert_ne!(key(Guess::Password, "ann@example.com"), key(Guess::Code, "ann@example.com"));
    }
}
