//! Columns of cells, read and written a piece at a time: a response may be larger than its memory.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponseParts, Response};

use super::columns_json::{write_series, write_series_of_run};
use crate::protocol::columns::{self as frames, SeriesColumns};
use crate::protocol::{CellId, RunId, XAxis};
use crate::series::{Column, Place};
use crate::server::App;
use crate::server::boards::ColumnsOutcome;
use crate::server::boards::LineWindow;
use crate::server::error::ServerError;
use crate::server::net::response_budget::{Principal, counted};

/// A piece ends after so many bytes, with the series that reaches them.
const PIECE_BYTES: usize = 256 << 10;
const DAMAGED_POINTS: &str = "Points of this cell are damaged on disk: restore a backup.";
/// Most that a written column takes.
const MAX_WRITTEN_COLUMN_BYTES: usize = 320;

/// The weight of the smoothed lines, 0 for none, and the number of series of the query.
#[derive(Clone, Copy)]
pub struct Smoothing {
    pub weight: f64,
    pub together: usize,
}

/// Cells that are still to be read and written.
pub struct ColumnsWriter {
    app: App,
    window: LineWindow,
    smoothing: Smoothing,
    binary: bool,
    /// A cell whose points are damaged is reported, and the others are answered.
    or_damage: bool,
    /// Each with the runs of which it has series.
    cells: VecDeque<(CellId, Arc<[RunId]>)>,
    /// Of the cell that is written; those of a run follow each other, after those without one.
    series: Option<VecDeque<SeriesColumns>>,
    /// The run whose object is open; `None` in the list of series without a run.
    run: Option<RunId>,
    /// Whether the next cell, or series, is the first.
    is_first: bool,
    /// Written and not yet sent.
    out: Vec<u8>,
    /// Bytes that were sent.
    sent: usize,
    is_done: bool,
}

impl ColumnsWriter {
    pub fn new(
        app: &App,
        cells: Vec<(CellId, Arc<[RunId]>)>,
        window: LineWindow,
        smoothing: Smoothing,
        (seq, binary, or_damage): (u64, bool, bool),
    ) -> Self {
        let mut out = Vec::new();
        if binary {
            frames::begin(&mut out, seq, cells.len());
        } else {
            out.extend_from_slice(b"{\"cells\":{");
        }
        let (app, cells) = (app.clone(), cells.into());
        Self { app, window, smoothing, binary, or_damage, cells, series: None, run: None, is_first: true, out, sent: 0, is_done: false }
    }

    /// Memory that is held at a time, about: the columns of the largest cell, and a piece.
    fn bytes(&self) -> usize {
        let joined = match self.window.x {
            XAxis::Metric => {
                let metric = &self.window.x_metric;
                self.cells.iter().map(|(cell, runs)| self.app.boards.joined_bytes(cell, metric, runs)).max().unwrap_or(0)
            }
            _ => 0,
        };
        let index = self.app.boards.index();
        // At most two columns a pixel, and the neighbours of the window.
        let columns = |count: u64| count.min(2 * u64::from(self.window.width) + 2) as usize;
        let sizes = self.cells.iter().map(|(cell, runs)| {
            let of_runs = || runs.iter().flat_map(|run| index.series_of_run(cell, run));
            let counts = || index.series(cell).iter().chain(of_runs()).map(|series| columns(series.count()));
            let (all, largest) = (counts().sum::<usize>(), counts().max().unwrap_or(0));
            all * (size_of::<Column>() + size_of::<Place>())
                + PIECE_BYTES.min(all * MAX_WRITTEN_COLUMN_BYTES)
                + largest * MAX_WRITTEN_COLUMN_BYTES
        });
        sizes.max().unwrap_or(0) + joined
    }

    /// A response of one piece is written before it is sent; of a longer one the first piece, and the rest
    /// while it is sent.
    pub async fn respond(self, principal: &Principal, head: impl IntoResponseParts) -> Result<Response, ServerError> {
        let bytes = self.bytes();
        let share = self.app.answers.share(principal, bytes).await?;
        let renderer = self.app.renderer.clone();
        let (writer, first) = renderer.run(principal, bytes, self.next()).await?;
        if writer.is_done {
            let first = Arc::new(share.fit(first.len())?).lend(first);
            return Ok(counted((head, first)));
        }
        let (share, principal) = (Arc::new(share), principal.clone());
        let first = share.lend(first);
        // An error on the way cuts the reply.
        let rest = futures::stream::try_unfold(writer, move |writer| {
            let (renderer, share, principal) = (renderer.clone(), share.clone(), principal.clone());
            async move {
                if writer.is_done {
                    return Ok(None);
                }
                let (writer, piece) = renderer.go_on(&principal, PIECE_BYTES, writer.next()).await.inspect_err(ServerError::log)?;
                Ok::<_, ServerError>(Some((share.lend(piece), writer)))
            }
        });
        use futures::StreamExt;
        let body = Body::from_stream(futures::stream::iter([Ok(first)]).chain(rest));
        Ok(counted((head, body)))
    }

    async fn next(mut self) -> Result<(Self, Bytes), ServerError> {
        while self.out.len() < PIECE_BYTES && !self.is_done {
            self.step().await?;
        }
        let piece = std::mem::take(&mut self.out);
        self.sent += piece.len();
        Ok((self, piece.into()))
    }

    /// The next series, or the beginning or end of a cell.
    async fn step(&mut self) -> Result<(), ServerError> {
        match self.series.as_mut().map(VecDeque::pop_front) {
            Some(Some(series)) if self.binary => frames::write_series(&mut self.out, &series),
            Some(Some(series)) => self.write_json(&series),
            Some(None) => {
                self.series = None;
                self.is_first = false;
                let end = if self.run.take().is_some() { "}}}" } else { "]}" };
                self.push_text(end);
            }
            None => match self.cells.pop_front() {
                None => {
                    self.push_text("}}");
                    self.is_done = true;
                }
                Some((cell, runs)) => {
                    let Smoothing { weight, together } = self.smoothing;
                    let series = match self.app.boards.columns(&cell, &self.window, (weight, together), &runs, self.or_damage).await? {
                        ColumnsOutcome::Found(series) => series,
                        ColumnsOutcome::Missing => {
                            self.leave_out(&cell, None);
                            return Ok(());
                        }
                        ColumnsOutcome::Damaged => {
                            self.leave_out(&cell, Some(DAMAGED_POINTS));
                            return Ok(());
                        }
                    };
                    if self.binary {
                        frames::begin_cell(&mut self.out, &cell, series.len());
                    }
                    self.begin(&cell);
                    self.push_text("[");
                    (self.series, self.is_first) = (Some(series.into()), true);
                }
            },
        }
        Ok(())
    }

    fn write_json(&mut self, series: &SeriesColumns) {
        if let Some(run) = &series.run
            && self.run.as_ref() != Some(run)
        {
            // Ids of runs have no character that ends a string.
            let end = if self.run.is_some() { "}," } else { "],\"runs\":{" };
            self.push_text(&format!("{end}\"{run}\":{{"));
            (self.run, self.is_first) = (Some(run.clone()), true);
        }
        let mut text = String::from(if std::mem::take(&mut self.is_first) { "" } else { "," });
        let write = if series.run.is_some() { write_series_of_run } else { write_series };
        write(&mut text, series);
        self.push_text(&text);
    }

    /// Skips a cell that was deleted meanwhile, and reports a damaged one; a binary frame, which announces its
    /// number of cells, has neither.
    fn leave_out(&mut self, cell: &CellId, damage: Option<&str>) {
        if self.binary && self.sent == 0 {
            frames::decrement_cell_count(&mut self.out);
        } else if self.binary {
            frames::begin_cell(&mut self.out, cell, 0);
        } else if let Some(damage) = damage {
            self.begin(cell);
            self.push_text(&format!("[],\"damaged\":\"{damage}\"}}"));
            self.is_first = false;
        }
    }

    fn begin(&mut self, cell: &CellId) {
        self.push_text(if self.is_first { "\"" } else { ",\"" });
        self.push_text(cell.as_str());
        self.push_text("\":{\"series\":");
    }

    /// Appends to JSON only.
    fn push_text(&mut self, text: &str) {
        if !self.binary {
            self.out.extend_from_slice(text.as_bytes());
        }
    }
}
