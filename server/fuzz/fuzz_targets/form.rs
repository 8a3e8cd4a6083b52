//! A form as a browser posts it: decoded as server functions do, and checked by the rules of each form.

#![no_main]

#[path = "../../src/web/form_posts/typed.rs"]
mod typed;

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use model::{
    credential::{CredentialForm, CredentialUpdateForm},
    organization::OrganizationForm,
    people::{SetupForm, SignInForm},
    policy::PolicyForm,
    project::{BackupSettingsForm, ProjectForm},
    restore::RestoreForm,
    second_factor::{AccountForm, CodeForm},
    user::{InviteForm, NewPasswordForm, RoleForm},
};
use serde::{Deserialize, de::DeserializeOwned};

/// Nesting that server functions follow.
const DEPTH: usize = 5;

/// The arguments of a server function that takes a form.
#[derive(Deserialize)]
struct Arguments<T> {
    form: T,
}

fn read<T: DeserializeOwned>(body: &str) -> Option<T> {
    let decoded = serde_qs::Config::new(DEPTH, false).deserialize_str::<Arguments<T>>(body);
    decoded.ok().map(|arguments| arguments.form)
}

fuzz_target!(|body: &[u8]| {
    for (name, _) in typed::typed(body, true) {
        assert!(!name.to_lowercase().contains("password"), "{name}");
    }
    assert!(typed::typed(body, false).len() <= typed::typed(body, true).len());
    let Ok(body) = std::str::from_utf8(body) else { return };
    let now = DateTime::from_timestamp(1_795_564_800, 0).expect("a moment of this century");
    let _ = read::<SetupForm>(body).map(|form| form.parse().is_ok());
    let _ = read::<SignInForm>(body).map(|form| (form.parse().is_ok(), form.next_path().starts_with('/')));
    let _ = read::<CodeForm>(body).map(|form| form.parse().is_ok());
    let _ = read::<AccountForm>(body).map(|form| form.account().is_ok());
    let _ = read::<CredentialForm>(body).map(|form| form.parse().is_ok());
    let _ = read::<CredentialUpdateForm>(body).map(|form| form.parse().is_ok());
    let _ = read::<OrganizationForm>(body).map(|form| form.parse().is_ok());
    let _ = read::<InviteForm>(body).map(|form| form.parse().is_ok());
    let _ = read::<RoleForm>(body).map(|form| (form.user().is_ok(), form.role().is_ok()));
    let _ = read::<NewPasswordForm>(body).map(|form| form.password().is_ok());
    let _ = read::<ProjectForm>(body).map(|form| form.parse().is_ok());
    let _ = read::<BackupSettingsForm>(body).map(|form| form.parse().is_ok());
    let _ = read::<PolicyForm>(body).map(|form| form.parse(now).is_ok());
    let _ = read::<RestoreForm>(body).map(|form| form.parse().is_ok());
});
