//! How numbers and columns are written in responses.

pub mod columns_json;
pub mod columns_stream;
pub mod comparison_file;
pub mod groups_json;
pub mod number;
pub mod points_page;
