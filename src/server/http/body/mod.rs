//! Request bodies, bounded in size, time and memory.

pub mod memory_budget;
pub mod read;
