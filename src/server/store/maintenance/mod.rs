//! TODO-DOC
pub mod backup;
pub mod check;
