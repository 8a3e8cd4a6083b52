//! What a browser that runs WASM adds to the server's pages: another page comes without a reload, lists follow what
//! happens, dialogs are modal, keys lead about. Every page works without all of it.
//!
//! The server alone draws. Where something changed, the page is fetched again and the difference is put into the one
//! that is shown, so that focus, scrolling and what is typed stay. What must answer at each key is an island.

mod dialogs;
mod dom;
mod fields;
mod forms;
mod links;
mod live;
mod morph;
mod notices;
mod page;
mod shortcuts;
mod visit;
mod zone;

/// Begins to follow what happens in the document.
pub fn start() {
    links::follow();
    forms::follow();
    fields::follow();
    dialogs::follow();
    notices::follow();
    shortcuts::follow();
    live::follow();
    page::begin();
    zone::tell();
}
