//! The browser's entry: takes over the page that the server has drawn.

#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
    leptos::task::spawn_local(app::language::learn());
    app::browser::start();
}
