//! The interfaces of the browser that are no views: requests, the live connection, storage, the
//! clipboard, images, and messages of frames.
//!
//! It compiles for the server, too, because views use it. Its functions are called from effects and
//! event handlers, which run in browsers only; handles in the context are empty on the server.

pub mod api_client;
pub mod blocked_scripts;
pub mod clipboard;
pub mod connection;
pub mod dom;
pub mod fetch;
pub mod iframe;
pub mod images;
pub mod local_time;
pub mod math;
pub mod near_viewport;
pub mod panic;
pub mod popover;
