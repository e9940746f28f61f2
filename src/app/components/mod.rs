//! Components of the page that cells and pages use.

pub mod board_description;
mod board_menu;
pub mod board_menu_actions;
pub mod carry;
pub mod copyable_code;
pub mod filter;
pub mod header;
pub mod help;
pub mod layout_panel;
pub mod live_status;
pub mod menu;
pub mod name_field;
pub mod notice;
pub mod resize;
mod section_choice;
pub mod share_dialog;
pub mod size_choice;
mod theme;
pub mod toasts;
pub mod views_menu;
