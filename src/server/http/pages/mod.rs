//! What a browser loads: the list of boards, a board, the file of one, the login page, assets, images and figures.

pub mod assets;
pub mod board;
mod data_uri;
pub mod export;
pub mod figure;
pub mod front;
pub mod images;
pub mod login;
