//! The parts of the page around the cells.

mod board_menu;
pub mod copyable_code;
pub mod drag;
mod empty_board;
pub mod filter;
pub mod grid;
pub mod header;
pub mod help;
pub mod live_status;
pub mod menu;
pub mod notice;
mod share_dialog;
pub mod theme;
pub mod toasts;
