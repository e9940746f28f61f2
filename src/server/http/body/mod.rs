//! Request bodies: bounded in size, time and memory, and parsed beside the threads that respond.

pub mod memory_budget;
pub mod parse_pool;
pub mod read;
