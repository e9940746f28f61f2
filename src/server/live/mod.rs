//! From a commit to every open browser: the hub, the feed of one reader, and the encoded frames.

pub mod board_list;
pub mod encode;
pub mod feed;
pub mod hub;
