//! The server as its clients see it: each test starts a real one on a free port with a folder of its own.

#![allow(clippy::unwrap_used)]

mod access;
mod board_items;
mod board_trash;
mod commands;
mod demo;
mod deploy;
mod disk;
mod export;
mod front;
mod groups;
mod guard;
mod idempotency;
mod kinds;
mod layout;
mod limits;
mod live;
mod log;
mod maintenance;
mod operations;
mod outgoing;
mod pages;
mod points;
mod points_live;
mod publish;
mod queries;
mod restart;
mod runs;
mod runs_live;
mod smoothing;
mod support;
mod values;
