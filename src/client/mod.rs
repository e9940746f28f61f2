//! The browser's side of things that are not views: addresses, the live connection, storage, clipboard, loading of pictures and messages of figures.
//!
//! It compiles for the server too, which draws with its addresses and constants; all else is called from effects and event handlers, which run
//! in browsers only.

pub mod blocked;
pub mod browser;
pub mod clipboard;
pub mod columns;
pub mod frames;
pub mod http;
pub mod live;
pub mod near;
pub mod pictures;
pub mod rpc;
pub mod urls;
pub mod wire;
