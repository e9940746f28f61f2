//! The server as its clients see it: each test starts a real one on a free port with a folder of its own.

#![allow(clippy::unwrap_used)]

mod access;
mod bounds;
mod deploy;
mod disk;
mod guard;
mod kinds;
mod live;
mod log;
mod once;
mod operations;
mod outgoing;
mod pages;
mod points;
mod points_live;
mod publish;
mod queries;
mod restart;
mod smoothing;
mod support;
mod upkeep;
mod values;
