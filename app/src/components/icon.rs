//! Small drawings beside words. None of them says anything that the words do not.

use leptos::{prelude::*, tachys::html::InertElement};

/// One of the drawings below, in the colour of the text around it.
#[component]
pub fn Icon(name: &'static str) -> impl IntoView {
    InertElement::new(drawing(name))
}

/// The element of a drawing: ready text, since a list has many.
macro_rules! drawing {
    ($strokes:literal) => {
        concat!(
            r#"<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d=""#,
            $strokes,
            r#""></path></svg>"#
        )
    };
}

/// Strokes on a grid of 16 by 16.
fn drawing(name: &str) -> &'static str {
    match name {
        "alert" => drawing!("M8 5.2v3.6M8 11.2v.1M8 1.8 14.6 13.6H1.4Z"),
        "archive" => drawing!("M2 3h12v3H2ZM3 6v7.5h10V6M6.5 9h3"),
        "bell" => drawing!(
            "M3.4 11.6h9.2c-1-1-1.4-2.2-1.4-4.6a3.2 3.2 0 0 0-6.4 0c0 2.4-.4 3.6-1.4 4.6ZM6.6 13.4a1.5 1.5 0 0 0 2.8 0M8 2.2v1.4"
        ),
        "building" => drawing!("M3 14V2.5h6.5V14M9.5 6H13v8M1.5 14h13M5.2 5.4h2.1M5.2 8.2h2.1M5.2 11h2.1"),
        "check" => drawing!("M3 8.5 6.4 12 13 4.5"),
        "check-circle" => drawing!("M5.2 8.3 7.2 10.3 10.9 6M14.2 8a6.2 6.2 0 1 1-12.4 0 6.2 6.2 0 0 1 12.4 0Z"),
        "chevron-down" => drawing!("M4 6l4 4 4-4"),
        "chevron-left" => drawing!("M10 4 6 8l4 4"),
        "chevron-right" => drawing!("M6 4l4 4-4 4"),
        "clock" => drawing!("M8 4.6V8l2.4 1.6M14.2 8a6.2 6.2 0 1 1-12.4 0 6.2 6.2 0 0 1 12.4 0Z"),
        "close" => drawing!("M4 4l8 8M12 4l-8 8"),
        "dashboard" => drawing!("M2.5 2.5h4.4v6H2.5ZM9.1 2.5h4.4v3.4H9.1ZM9.1 8.1h4.4v5.4H9.1ZM2.5 10.7h4.4v2.8H2.5Z"),
        "download" => drawing!("M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11"),
        "external" => drawing!("M9.5 2.5h4v4M13.5 2.5 7.5 8.5M11.5 9.5v4h-9v-9h4"),
        "file" => drawing!("M3.5 1.8h5.8l3.2 3.2v9.2h-9ZM9 2v3.4h3.4"),
        "folder" => drawing!("M1.8 3.5h4.4l1.4 1.7h6.6v7.8H1.8Z"),
        "half" => drawing!("M8 1.8v12.4M14.2 8a6.2 6.2 0 1 1-12.4 0 6.2 6.2 0 0 1 12.4 0Z"),
        "help" => drawing!(
            "M6.2 6.2a1.9 1.9 0 1 1 2.7 1.7c-.6.3-.9.7-.9 1.4M8 11.4h.1M14.2 8a6.2 6.2 0 1 1-12.4 0 6.2 6.2 0 0 1 12.4 0Z"
        ),
        "key" => drawing!("M7.6 8.4 13.8 2.2M11.4 4.6l2 2M8.6 10.3a3 3 0 1 1-6 0 3 3 0 0 1 6 0Z"),
        "link" => drawing!(
            "M6.6 9.4 9.4 6.6M7.2 4.6 8.8 3a2.9 2.9 0 0 1 4.2 4.2l-1.6 1.6M8.8 11.4 7.2 13A2.9 2.9 0 0 1 3 8.8l1.6-1.6"
        ),
        "lock" => drawing!("M4 7.2h8v6.3H4ZM5.4 7V5a2.6 2.6 0 0 1 5.2 0v2"),
        "log" => drawing!("M3.5 1.8h9v12.4h-9ZM6 5h4M6 8h4M6 11h2.5"),
        "minus-circle" => drawing!("M5 8h6M14.2 8a6.2 6.2 0 1 1-12.4 0 6.2 6.2 0 0 1 12.4 0Z"),
        "more" => drawing!("M3.5 8h.1M8 8h.1M12.5 8h.1"),
        "moon" => drawing!("M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8Z"),
        "pause" => drawing!("M5.5 3v10M10.5 3v10"),
        "plus" => drawing!("M8 3v10M3 8h10"),
        "projects" => drawing!("M8 1.8 14 5 8 8.2 2 5ZM2.2 8 8 11.2 13.8 8M2.2 11 8 14.2 13.8 11"),
        "refresh" => drawing!("M13.5 2.8v3.6H9.9M13.2 6.2a5.6 5.6 0 1 0 .4 3"),
        "running" => drawing!("M8 1.8a6.2 6.2 0 1 1-6.2 6.2"),
        "search" => drawing!("M10.3 10.3 14 14M11.8 7a4.8 4.8 0 1 1-9.6 0 4.8 4.8 0 0 1 9.6 0Z"),
        "server" => drawing!("M2.5 2.5h11v4.4h-11ZM2.5 9.1h11v4.4h-11ZM5 4.7h.1M5 11.3h.1"),
        "skip" => drawing!("M3.5 3.5 9 8l-5.5 4.5ZM12 3.5v9"),
        "sort" => drawing!("M5 6.2 8 3.2l3 3M5 9.8l3 3 3-3"),
        "sort-down" => drawing!("M8 3v10M4.4 9.4 8 13l3.6-3.6"),
        "sort-up" => drawing!("M8 13V3M4.4 6.6 8 3l3.6 3.6"),
        "cross-circle" => {
            drawing!("M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4M14.2 8a6.2 6.2 0 1 1-12.4 0 6.2 6.2 0 0 1 12.4 0Z")
        }
        "sun" => drawing!(
            "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.4v1.4M8 13.2v1.4M1.4 8h1.4M13.2 8h1.4M3.3 3.3l1 1M11.7 11.7l1 1M3.3 12.7l1-1M11.7 4.3l1-1"
        ),
        "trash" => drawing!("M2.5 4.2h11M6 4V2.5h4V4M4 4.4l.7 9.1h6.6L12 4.4"),
        "user" => drawing!("M8 8.2a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.6 14a5.4 5.4 0 0 1 10.8 0"),
        "users" => drawing!(
            "M6 7.4a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8ZM1.6 13.4a4.4 4.4 0 0 1 8.8 0M10.6 2.9a2.4 2.4 0 0 1 0 4.2M11.8 9.5a4.4 4.4 0 0 1 2.6 3.9"
        ),
        _ => "",
    }
}
