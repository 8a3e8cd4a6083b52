//! The browser's entry: takes over the page that the server has drawn.

#[wasm_bindgen::prelude::wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    app::browser::document::begin();
    app::language::learn().await;
    leptos::mount::hydrate_lazy(app::App);
}
