//! Passwords: what is too easy to guess, and the rest as argon2id hashes.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use model::{names::Hidden, people::Password, rule::RuleError};
use sea_orm::EntityTrait;
use zxcvbn::{Score, zxcvbn};

use crate::{
    acting::Acting,
    context::{Place, Services, busy},
    entity::users,
    error::{PasswordError, ServiceError},
    throttle::{self, Guess},
};

/// Compared with where no such user exists, so that the answer takes as long as for one who does.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$YWJjZGVmZ2hpamtsbW5vcA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Names that the password of a person must not contain, if they are longer than this. Shorter ones stand in words.
const SHORT_NAME: usize = 3;

/// Whose password it is.
#[derive(Clone, Copy, Debug)]
pub struct PasswordOwner<'a> {
    pub email: &'a str,
    pub organization: &'a str,
}

impl PasswordOwner<'_> {
    /// What somebody who knows the person tries first, in lower case.
    fn names(self) -> Vec<String> {
        let (user, _) = self.email.split_once('@').unwrap_or((self.email, ""));
        let names = [self.email, user, self.organization, "holdfast"].map(str::to_lowercase);
        names.into_iter().filter(|name| name.chars().count() > SHORT_NAME).collect()
    }
}

/// Hashes a password that somebody has chosen. One that is easy to guess is refused at `field`: where it is among the
/// common ones or made of them (ASVS 6.2.4), and where it contains the person's email or organization (6.2.11).
pub async fn hash_new(
    place: &Place,
    field: &str,
    chosen: &Password,
    owner: PasswordOwner<'_>,
) -> Result<String, ServiceError> {
    let (password, names) = (Hidden::new(chosen.expose()), owner.names());
    let (judged, judging) = (password.clone(), tokio::task::spawn_blocking(move || judge(password.expose(), &names)));
    judging.await.map_err(PasswordError::Thread)?.map_err(|error| ServiceError::at(field, error))?;
    hash(place, judged).await
}

fn judge(password: &str, names: &[String]) -> Result<(), RuleError> {
    let lower = password.to_lowercase();
    if names.iter().any(|name| lower.contains(name.as_str())) {
        return Err(RuleError::PasswordHasName);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // Three of four: more than a hundred million guesses.
    if zxcvbn(password, &names).score() < Score::Three { Err(RuleError::PasswordIsCommon) } else { Ok(()) }
}

/// Hashes a password with argon2id (19 MiB, 2 passes), off the async threads, when the turn of `place` has come.
pub async fn hash(place: &Place, password: Hidden) -> Result<String, ServiceError> {
    let turn = place.turn().await?;
    let hash = move || {
        let _turn = turn;
        Ok(Argon2::default().hash_password(password.expose().as_bytes())?.to_string())
    };
    Ok(tokio::task::spawn_blocking(hash).await.map_err(PasswordError::Thread)?.map_err(PasswordError::Hash)?)
}

/// Whether the password belongs to the hash; always false, in the same time, where there is none.
pub async fn verify(place: &Place, password: Hidden, hash: Option<String>) -> Result<bool, ServiceError> {
    let turn = place.turn().await?;
    let verify = move || {
        let _turn = turn;
        let stored = hash.as_deref().unwrap_or(NOBODY);
        let matches = PasswordHash::new(stored)
            .is_ok_and(|stored| Argon2::default().verify_password(password.expose().as_bytes(), &stored).is_ok());
        matches && hash.is_some()
    };
    Ok(tokio::task::spawn_blocking(verify).await.map_err(PasswordError::Thread)?)
}

/// A place for somebody who signs in from `address`; [`ServiceError::Busy`] where there is none.
pub fn enter(services: &Services, address: &str) -> Result<Place, ServiceError> {
    let queue = services.password_queue();
    let network = throttle::network(services, address);
    let known = network.filter(|network| services.known_networks().contains(network, services.clock().now()));
    let place = known.and_then(|network| queue.enter_known(&network)).or_else(|| queue.enter_others());
    place.ok_or_else(busy)
}

/// A place for somebody who is signed in, or has shown by other means that they belong here.
pub fn enter_trusted(services: &Services) -> Result<Place, ServiceError> {
    services.password_queue().enter_trusted().ok_or_else(busy)
}

/// Asks for the person's password once more. A wrong one is told at `field`, and guessing is as slow as at sign-in.
pub async fn check(
    acting: &Acting,
    services: &Services,
    field: &str,
    typed: &Hidden,
) -> Result<users::Model, ServiceError> {
    let found = users::Entity::find_by_id(acting.actor.user.0).one(services.db()).await?;
    let user = found.ok_or(ServiceError::SignedOut)?;
    if user.password_hash.is_empty() {
        let way =
            tr!("You have no password yet. Ask a Partner or Manager to make you a link for one, with Reset Password");
        return Err(ServiceError::at(field, way));
    }
    let place = enter_trusted(services)?;
    let attempt = throttle::begin(services, Guess::Password, &user.email, &acting.address).await?;
    if !verify(&place, typed.clone(), Some(user.password_hash.clone())).await? {
        return Err(ServiceError::at(field, tr!("This is not your password. Check it and try again")));
    }
    attempt.succeeded(services).await?;
    Ok(user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::PasswordQueue;

    fn judged(password: &str) -> Result<(), RuleError> {
        judge(password, &PasswordOwner { email: "ann.lee@example.com", organization: "globex" }.names())
    }

    #[test]
    fn common_passwords_are_refused_whatever_is_added_to_them() {
        for common in [
            "password1234",
            "Password123!",
            "passwordpassword",
            "qwertyuiop12",
            "qwerty123456",
            "123456789012",
            "administrator",
            "iloveyou1234",
            "letmein12345",
            "welcome12345",
            "aaaaaaaaaaaa",
            "abcdefghijkl",
            "žžžžžžžžžžžž",
        ] {
            assert_eq!(judged(common), Err(RuleError::PasswordIsCommon), "{common}");
        }
    }

    #[test]
    fn names_of_the_person_are_refused() {
        for named in ["ANN.LEE is 42 today", "my globex tape deck", "ann.lee@example.com", "the holdfast of kelp"] {
            assert_eq!(judged(named), Err(RuleError::PasswordHasName), "{named}");
        }
        let short = PasswordOwner { email: "al@example.com", organization: "abc" }.names();
        assert_eq!(judge("a tall abcess of kelp", &short), Ok(()), "short names stand in words");
    }

    #[test]
    fn words_at_random_and_long_texts_are_taken() {
        for good in ["correct horse battery", "another good password", "aB3$kL9!mN2x", &"kelp on the tide ".repeat(15)]
        {
            assert_eq!(judged(good), Ok(()), "{good}");
        }
    }

    #[tokio::test]
    async fn a_hash_is_argon2id_and_fits_its_password_alone() {
        let queue = PasswordQueue::new();
        let place = queue.enter_trusted().unwrap();
        let hash = hash(&place, Hidden::new("correct horse battery")).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(verify(&place, Hidden::new("correct horse battery"), Some(hash.clone())).await.unwrap());
        assert!(!verify(&place, Hidden::new("incorrect horse"), Some(hash)).await.unwrap());
        assert!(!verify(&place, Hidden::new("anything"), None).await.unwrap());
    }

    #[tokio::test]
    async fn the_hash_of_nobody_costs_as_much_as_one_of_somebody() {
        let costs = |hash: &str| {
            let hash = PasswordHash::new(hash).unwrap();
            (hash.algorithm.to_string(), hash.params.to_string(), hash.hash.unwrap().as_bytes().len())
        };
        let place = PasswordQueue::new().enter_trusted().unwrap();
        assert_eq!(costs(NOBODY), costs(&hash(&place, Hidden::new("correct horse battery")).await.unwrap()));
    }
}
