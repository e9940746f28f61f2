//! The wire: what server, browser and tests say to each other. `serde` and `std` only.

mod board;
mod bytes;
mod cell;
pub mod chart;
pub mod columns;
mod error;
mod event;
pub mod points;
pub mod spots;
pub mod tables;

pub use board::{Board, Effect, Page};
pub use bytes::Malformed;
pub use cell::{Cell, CellId, Stage};
pub use chart::{Along, Change, Scale, Settings};
pub use error::{ApiError, ErrorKind};
pub use event::Event;
