//! What is announced: successes, and failures that no form is there to show.

use std::time::Duration;

use leptos::prelude::*;

use crate::{
    api::ApiError,
    components::icon::Icon,
    ui::{Ui, use_ui},
};

/// How long a success is shown. A failure stays until it is dismissed.
const SHOWN: Duration = Duration::from_secs(8);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Success,
    Failure,
}

#[derive(Clone, PartialEq, Eq)]
struct Notice {
    kind: Kind,
    text: String,
}

/// The notice that is shown.
#[derive(Clone, Copy)]
pub struct Notices(RwSignal<Option<Notice>>);

impl Notices {
    /// Begins with the success that the request before the page left.
    pub fn new(success: Option<String>) -> Self {
        let notices = Self(RwSignal::new(success.map(|text| Notice { kind: Kind::Success, text })));
        Effect::new(move |_| {
            let passes = notices.0.with(|notice| notice.as_ref().is_some_and(|notice| notice.kind == Kind::Success));
            if passes && let Ok(timer) = set_timeout_with_handle(move || notices.dismiss(), SHOWN) {
                on_cleanup(move || timer.clear());
            }
        });
        notices
    }

    /// Announces a success.
    pub fn tell(self, text: impl Into<String>) {
        self.0.set(Some(Notice { kind: Kind::Success, text: text.into() }));
    }

    /// Announces that something failed whose form is no longer there. `action` is what its button says.
    pub fn tell_failure(self, action: Option<&str>, error: &ApiError) {
        let text = match action {
            Some(action) => format!("{action}: {error}"),
            None => error.to_string(),
        };
        self.0.set(Some(Notice { kind: Kind::Failure, text }));
    }

    fn dismiss(self) {
        self.0.set(None);
    }
}

/// The region is always on the page, so that screen readers notice what appears in it.
#[component]
pub fn NoticeRegion() -> impl IntoView {
    let ui = use_ui();
    let notices = ui.notices;
    let lost = connection_notice(ui);
    let notice = move || {
        notices.0.get().map(|Notice { kind, text }| {
            let (class, icon) = match kind {
                Kind::Success => ("notice", "check-circle"),
                Kind::Failure => ("notice notice-failure", "alert"),
            };
            view! {
                <div class=class>
                    <Icon name=icon/>
                    <p>{text}</p>
                    <button
                        type="button"
                        class="button button-icon live"
                        aria-label=tr!("Dismiss")
                        on:click=move |_| notices.dismiss()
                    >
                        <Icon name="close"/>
                    </button>
                </div>
            }
        })
    };
    view! {
        <div class="notices" role="status">
            {lost}
            {notice}
        </div>
    }
}

/// Says that the connection is lost, for as long as it is.
fn connection_notice(ui: Ui) -> impl IntoView {
    move || {
        (!ui.is_reachable()).then(|| {
            view! {
                <div class="notice notice-failure">
                    <Icon name="alert"/>
                    <p>{tr!("The server cannot be reached. What you see may be out of date; what you typed stays.")}</p>
                    <button type="button" class="button button-small" on:click=move |_| ui.changed()>
                        {tr!("Retry")}
                    </button>
                </div>
            }
        })
    }
}
