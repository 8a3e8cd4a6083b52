//! What the actions of a row act on, as their description: read alone, in a list of buttons, each says what it is for.

use leptos::prelude::*;

/// The id of the element that names it.
#[derive(Clone)]
struct Subject(String);

/// Names the row for the actions that are drawn after it. Answers the id for the element with the name.
pub fn provide_subject(kind: &str, id: impl std::fmt::Display) -> String {
    let id = format!("{kind}-{id}-name");
    provide_context(Subject(id.clone()));
    id
}

/// For `aria-describedby`.
pub fn use_subject() -> Option<String> {
    use_context::<Subject>().map(|Subject(id)| id)
}
