//! The browser's side of things that are not views: addresses, the live connection, storage, clipboard, loading of pictures and messages of figures.
//!
//! It compiles for the server too, which draws with its addresses and constants; all else is called from effects and event handlers, which run
//! in browsers only.

pub mod api_client;
pub mod blocked_scripts;
pub mod clipboard;
pub mod connection;
pub mod dom;
pub mod fetch;
pub mod iframe;
pub mod images;
pub mod near_viewport;
pub mod panic;
pub mod popover;
