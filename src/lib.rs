//! Agnez: a live dashboard for deep-learning training. ARCHITECTURE.md is the map.

pub mod app;
pub mod browser;
pub mod charts;
pub mod protocol;
pub mod routes;
pub mod series;
#[cfg(feature = "ssr")]
pub mod server;
pub mod server_functions;

/// Wakes the page that the server has drawn.
#[cfg(feature = "hydrate")]
#[leptos::wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_body(|| crate::app::App(crate::app::AppProps { page: crate::app::page_from_document() }));
}

#[cfg(all(feature = "hydrate", target_family = "wasm"))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// Where every panic of the page ends, led here by tools/wasm.mjs: the page and the console say so, and where it was.
#[cfg(feature = "hydrate")]
#[unsafe(no_mangle)]
#[allow(unsafe_code)]
pub extern "C" fn agnez_stopped(at: &'static std::panic::Location<'static>) -> ! {
    crate::browser::dom::stopped(at.file(), at.line())
}

/// Room for what the standard library would keep with an allocator of its own, for good: led here by tools/wasm.mjs.
#[cfg(feature = "hydrate")]
#[unsafe(no_mangle)]
#[allow(unsafe_code)]
pub extern "C" fn agnez_room(bytes: usize) -> *mut u64 {
    Vec::with_capacity(bytes.div_ceil(8)).leak().as_mut_ptr()
}
