//! How the newest backup of a project or policy went.

use leptos::prelude::*;
use model::project::LastBackup;

use crate::components::{
    phase::Badge,
    time::{Ago, NoValue},
};

#[component]
pub fn LastBackupState(last: Option<LastBackup>) -> impl IntoView {
    match last {
        Some(last) => view! {
            <span class="state-at">
                <Badge look=last.phase/>
                <Ago at=last.at/>
            </span>
        }
        .into_any(),
        None => view! { <NoValue/> }.into_any(),
    }
}
