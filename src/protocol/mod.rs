//! The wire types shared by server, page and tests. Depends on `serde` and `std` only.

mod board;
mod cell;
mod codec;
pub mod columns;
mod error;
mod event;
pub mod json_path;
pub mod line_settings;
pub mod points;

pub use board::{Board, BoardChange, MAIN_BOARD, PageData};
pub use cell::{Cell, CellContent, CellId, Layout};
pub use codec::DecodeError;
pub use error::{ApiError, ErrorKind};
pub use event::Event;
pub use line_settings::{LineSettings, LineSettingsPatch, XAxis, YScale};
