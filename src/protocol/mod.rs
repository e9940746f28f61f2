//! The wire: what server, browser and tests say to each other. `serde` and `std` only.

mod board;
mod cell;
mod error;
mod event;

pub use board::{Board, Effect, Page};
pub use cell::{Cell, CellId, Stage};
pub use error::{ApiError, ErrorKind};
pub use event::Event;
