//! What a browser loads: the list of boards, a board, the login page, assets, images and figures.

pub mod assets;
pub mod board;
mod data_uri;
pub mod figure;
pub mod front;
pub mod images;
pub mod login;
