//! The arrangement of a board: sections, sizes and blocks of cells.

mod blocks;
mod patch;
mod read;
mod request;
mod sections;
mod undo;

pub use read::layout_tag;
pub use request::parse_layout;
