//! Backup, restore and the check of a whole database.

pub mod backup;
pub mod check;
