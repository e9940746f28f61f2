//! Agnez: a live dashboard for deep-learning training. ARCHITECTURE.md is the map.

// Views are nested types.
#![recursion_limit = "256"]

pub mod app;
pub mod browser;
pub mod charts;
mod compensated_sum;
pub mod line_overrides;
pub mod protocol;
pub mod routes;
pub mod series;
#[cfg(feature = "ssr")]
pub mod server;
pub mod server_functions;
mod sorting;
#[cfg(test)]
mod split_mix;
#[cfg(feature = "ssr")]
pub mod statistics;

/// Hydrates the page that the server has drawn.
#[cfg(feature = "hydrate")]
#[leptos::wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    crate::browser::panic::report_panics();
    crate::browser::api_client::use_document_base();
    leptos::mount::hydrate_body(|| crate::app::App(crate::app::AppProps { page: crate::app::page_from_document() }));
}
