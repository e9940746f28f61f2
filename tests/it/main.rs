//! The server as its clients see it: each test starts a real one on a free port with a folder of its own.

mod guard;
mod live;
mod pages;
mod restart;
mod support;
mod values;
