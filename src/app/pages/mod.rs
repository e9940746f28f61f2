//! The pages of the application: each joins cells and components.

pub mod board;
