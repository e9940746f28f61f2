//! The wire: what server, browser and tests say to each other. `serde` and `std` only.

mod board;
mod cell;
mod chart;
mod error;
mod event;

pub use board::{Board, Effect, Page};
pub use cell::{Cell, CellId, Stage};
pub use chart::{Along, Scale, Settings};
pub use error::{ApiError, ErrorKind};
pub use event::Event;
