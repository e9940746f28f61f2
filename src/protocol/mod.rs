//! The wire: what server, browser and tests say to each other. `serde` and `std` only.

mod board;
mod cell;
mod codec;
pub mod columns;
mod error;
mod event;
pub mod line_settings;
pub mod points;
pub mod spots;
pub mod tables;

pub use board::{Board, Effect, Page};
pub use cell::{Cell, CellContent, CellId};
pub use codec::Malformed;
pub use error::{ApiError, ErrorKind};
pub use event::Event;
pub use line_settings::{Change, LineSettings, Scale, XAxis};
