//! What a page takes from the request that it is drawn for, and what it says about the answer.

use model::{language::Language, people::Actor, theme::Theme};
use serde::{Deserialize, Serialize};

use crate::api::{Flash, flash::FailedForm};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRequest {
    /// Who is signed in.
    pub actor: Option<Actor>,
    /// What the request before this one left.
    pub flash: Flash,
    /// The form that has failed, where the page is the answer to it.
    pub failed: Option<FailedForm>,
    /// What its browser wants to look at.
    pub theme: Theme,
    /// The language that it is written in.
    pub language: Language,
    /// Where the browser says that it is; `None` where it does not say, or in UTC.
    pub zone: Option<String>,
}

impl PageRequest {
    /// On the server the request's. The browser takes it over from the page.
    pub fn current() -> Self {
        #[cfg(feature = "ssr")]
        {
            use super::server::extension;
            let actor = extension::<services::Acting>().map(|acting| acting.actor);
            Self {
                actor,
                flash: extension().unwrap_or_default(),
                failed: extension(),
                theme: super::server::theme(),
                language: crate::language::of_request(),
                zone: super::zone::of_request(),
            }
        }
        #[cfg(not(feature = "ssr"))]
        Self::default()
    }
}

/// Sets the status of the page that is being drawn; in the browser, which draws none, it does nothing.
pub fn set_status(code: u16) {
    #[cfg(feature = "ssr")]
    {
        use axum::http::StatusCode;
        use leptos::prelude::use_context;
        if let (Some(response), Ok(status)) =
            (use_context::<leptos_axum::ResponseOptions>(), StatusCode::from_u16(code))
        {
            response.set_status(status);
        }
    }
    #[cfg(not(feature = "ssr"))]
    let _ = code;
}
