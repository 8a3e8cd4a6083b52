//! What the application needs of a browser and Leptos has no word for, each a small hook. On the server none of it runs:
//! everything here is called from effects and event handlers.

pub mod clipboard;
pub mod document;
pub mod draft;
pub mod favicon;
pub mod fields;
pub mod focus;
pub mod live;
pub mod navigation;
pub mod prefetch;
pub mod refresh;
pub mod scroll;
pub mod timeout;
pub mod version;
