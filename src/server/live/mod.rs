//! From a commit to every open browser: the hub, the feed of one reader, and the encoded frames.

pub mod board_list;
pub mod encode;
mod encode_points;
mod encode_runs;
mod encoder;
pub mod event;
pub mod feed;
pub mod hub;
mod mailbox;
