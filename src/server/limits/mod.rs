//! Every bound that a user, an operator or a client can meet, with its unit and with what happens beyond it.
//!
//! Numbers that documents state are compared with these by `tests/house/limits.rs`. Constants that only tune one
//! algorithm stay beside it.

mod boards;
mod network;
mod reads;
mod runs;
mod store;

pub use boards::*;
pub use network::*;
pub use reads::*;
pub use runs::*;
pub use store::*;
