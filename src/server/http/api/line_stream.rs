//! Bodies of lines that are stored while they arrive, such as what a program logs just now.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use futures::StreamExt;
use tokio::time::{Instant, timeout_at};

use crate::protocol::{ApiError, ErrorKind};
use crate::server::error::ServerError;
use crate::server::http::body::memory_budget;
use crate::server::http::body::read::{broken, next_chunk};
use crate::server::limits::{MAX_POINTS_BODY_BYTES, MAX_UNCOUNTED_BODY_BYTES};

/// Lines of a stream are accepted in pieces of this size, or after a moment: a stream may be what a program
/// logs just now.
const PIECE_BYTES: usize = 1 << 20;
const PIECE_WITHIN: Duration = Duration::from_millis(20);

/// Accepts lines while they come, and returns the number of points. `accept` stores a piece, whose first line has this number, and returns
/// its points. An error says which lines before it are kept.
///
/// `totals`: where the points are counted that are on disk, for the error after which that is not known.
pub async fn stream_lines<F>(body: Body, totals: &str, mut accept: impl FnMut(Vec<u8>, usize) -> F) -> Result<usize, ServerError>
where
    F: Future<Output = Result<usize, ServerError>>,
{
    let cut = |lines, points, error| cut(lines, points, error, totals);
    let (mut body, mut waiting, mut permit) = (body.into_data_stream(), Vec::<u8>::new(), None);
    let (mut lines, mut points, mut bytes) = (0, 0, 0);
    // When what waits is accepted: none while there is no whole line.
    let mut due: Option<Instant> = None;
    loop {
        let next = match due {
            Some(due) => timeout_at(due, body.next()).await.ok(),
            None => Some(next_chunk(&mut body).await.map_err(|silent| cut(lines, points, silent))?),
        };
        let is_end = matches!(next, Some(None));
        match next.flatten() {
            Some(Ok(part)) => {
                bytes += part.len();
                if due.is_none() && part.contains(&b'\n') {
                    due = Some(Instant::now() + PIECE_WITHIN);
                }
                waiting.extend_from_slice(&part);
            }
            Some(Err(why)) => return Err(cut(lines, points, broken(why)).into()),
            None => {}
        }
        if bytes > MAX_POINTS_BODY_BYTES {
            let most = format!("A stream may have {} MiB.", MAX_POINTS_BODY_BYTES >> 20);
            return Err(cut(lines, points, ErrorKind::PayloadTooLarge.with(most)).into());
        }
        permit = match permit {
            _ if waiting.len() < MAX_UNCOUNTED_BODY_BYTES => None,
            None => memory_budget::reserve(PIECE_BYTES).await.map_err(|full| cut(lines, points, full))?,
            held => held,
        };
        let is_due = due.is_some_and(|due| Instant::now() >= due);
        if !is_end && !is_due && waiting.len() < PIECE_BYTES {
            continue;
        }
        due = None;
        let end = if is_end { waiting.len() } else { waiting.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) };
        if end == 0 && waiting.len() > PIECE_BYTES {
            let long = format!("Line {} is longer than {} MiB.", lines + 1, PIECE_BYTES >> 20);
            return Err(cut(lines, points, ErrorKind::PayloadTooLarge.with(long)).into());
        }
        let piece: Vec<u8> = waiting.drain(..end).collect();
        let new_lines = piece.iter().filter(|byte| **byte == b'\n').count();
        points += accept(piece, lines + 1).await.inspect_err(ServerError::log).map_err(|why| cut(lines, points, why.to_api_error()))?;
        lines += new_lines;
        if is_end {
            return Ok(points);
        }
    }
}

/// An error of a stream with what was accepted before it.
fn cut(lines: usize, points: usize, error: ApiError, totals: &str) -> ApiError {
    let kept = match lines {
        _ if error.code == StatusCode::INTERNAL_SERVER_ERROR.as_u16() => {
            let after = if lines == 0 {
                "Some lines".to_owned()
            } else {
                format!("Lines 1 to {lines} ({points} points) are kept, and some after them")
            };
            format!("{after} may be on disk: ask for the totals (GET {totals}) before sending again.")
        }
        0 => "Nothing was appended; send all of it again.".to_owned(),
        _ => format!("Lines 1 to {lines} ({points} points) are kept; send the rest again."),
    };
    ApiError { message: format!("{} {kept}", error.message), ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_ends_early_says_what_is_kept() {
        let reason = |lines, kind: ErrorKind| cut(lines, 2 * lines, kind.with("It failed."), "/values/:id").message;
        assert!(reason(0, ErrorKind::Unavailable).ends_with("Nothing was appended; send all of it again."));
        assert!(reason(3, ErrorKind::InsufficientStorage).ends_with("Lines 1 to 3 (6 points) are kept; send the rest again."));
        for lines in [0, 3] {
            let message = reason(lines, ErrorKind::GeneralError);
            assert!(message.ends_with("ask for the totals (GET /values/:id) before sending again."), "{message}");
        }
    }
}
