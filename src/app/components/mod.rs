//! Components of the page that cells and pages use.

mod board_menu;
pub mod copyable_code;
pub mod drag;
pub mod filter;
pub mod header;
pub mod help;
pub mod live_status;
pub mod menu;
pub mod notice;
mod share_dialog;
mod theme;
pub mod toasts;
