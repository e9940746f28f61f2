//! REST: one file a resource.

mod columns;
mod drawing;
mod numbers;
mod points;
pub mod publish;
pub mod series;
pub mod values;

use axum::body::{Body, Bytes, HttpBody};

use super::error::Problem;
use crate::protocol::{ApiError, ErrorKind};

/// A key of an address's query that is not as it must be. Long texts are not repeated whole.
fn wrong(key: &str, rule: &str, value: &str) -> ApiError {
    let short = |text: &str| text.chars().take(80).collect::<String>();
    ErrorKind::BadRequest.with(format!("'{}' {rule}, not '{}'.", short(key), short(value))).at(&short(key), rule)
}

/// The whole body, refused by its announced length before anything is read.
pub async fn whole(body: Body, most: usize) -> Result<Bytes, Problem> {
    let size = if most < 1 << 20 { format!("{} KiB", most >> 10) } else { format!("{} MiB", most >> 20) };
    let too_large = || ErrorKind::PayloadTooLarge.with(format!("The body may have {size}; nothing was changed."));
    if body.size_hint().lower() > most as u64 {
        return Err(too_large().into());
    }
    axum::body::to_bytes(body, most).await.map_err(|why| {
        let cause = std::error::Error::source(&why);
        match cause.is_some_and(|cause| cause.to_string().contains("limit")) {
            true => too_large().into(),
            false => ErrorKind::BadRequest.with("The body ended before its end; nothing was changed.").into(),
        }
    })
}
