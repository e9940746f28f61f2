//! Agnez: a live dashboard for deep-learning training. ARCHITECTURE.md is the map.

pub mod app;
pub mod chart;
pub mod client;
pub mod protocol;
pub mod rpc;
pub mod series;
#[cfg(feature = "ssr")]
pub mod server;

/// Wakes the page that the server has drawn.
#[cfg(feature = "hydrate")]
#[leptos::wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(|| app::App(app::AppProps { page: app::page_from_document() }));
}
