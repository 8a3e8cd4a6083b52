//! Texts that are translated where they are shown.

/// Marks a text that is translated where it is shown, with `tr!` and the name that it is kept under.
pub(crate) const fn msgid(text: &'static str) -> &'static str {
    text
}
