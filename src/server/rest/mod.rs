//! REST: one file a resource.

mod body;
mod columns;
mod drawing;
mod numbers;
mod points;
pub mod series;
pub mod values;

pub use body::whole;

use crate::protocol::{ApiError, ErrorKind};

/// A key of an address's query that is not as it must be. Long texts are not repeated whole.
fn wrong(key: &str, rule: &str, value: &str) -> ApiError {
    let short = |text: &str| text.chars().take(80).collect::<String>();
    ErrorKind::BadRequest.with(format!("'{}' {rule}, not '{}'.", short(key), short(value))).at(&short(key), rule)
}
