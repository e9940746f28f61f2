//! TODO-DOC
pub mod run;
pub mod token;
