//! Columns of cells, read and written a piece at a time: an answer may be larger than what is held of it.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponseParts, Response};

use crate::protocol::CellId;
use crate::protocol::columns::{self as frames, SeriesColumns};
use crate::series::{Column, Place, Window};
use crate::server::App;
use crate::server::error::ServerError;
use crate::server::http::api::columns::write_series;
use crate::server::net::response_budget::{Who, counted};
use crate::server::store::{SmoothingWeights, StoreError};

/// A piece has so many bytes, and of one series what goes beyond.
const PIECE: usize = 256 << 10;
const DAMAGED_POINTS: &str = "Points of this cell are damaged on disk: restore a backup.";
/// A column as it is written, at most.
const WRITTEN: usize = 320;

/// The weight of the smoothed lines, 0 for none, and how many series the question has.
#[derive(Clone, Copy)]
pub struct Smoothing {
    pub weight: f64,
    pub together: usize,
}

/// What is left to be read and written.
pub struct Walk {
    app: App,
    window: Window,
    smoothing: Smoothing,
    binary: bool,
    /// A cell whose points cannot be read does not take away the others.
    or_damage: bool,
    cells: VecDeque<CellId>,
    /// Of the cell that is written.
    series: Option<VecDeque<SeriesColumns>>,
    /// Whether the next cell, or series, is the first.
    is_first: bool,
    /// What is written and not yet given.
    out: Vec<u8>,
    /// Bytes that were given.
    given: usize,
    is_done: bool,
}

impl Walk {
    pub fn new(app: &App, cells: Vec<CellId>, window: Window, smoothing: Smoothing, (seq, binary, or_damage): (u64, bool, bool)) -> Self {
        let mut out = Vec::new();
        if binary {
            frames::begin(&mut out, seq, cells.len());
        } else {
            out.extend_from_slice(b"{\"cells\":{");
        }
        let (app, cells) = (app.clone(), cells.into());
        Self { app, window, smoothing, binary, or_damage, cells, series: None, is_first: true, out, given: 0, is_done: false }
    }

    /// What is held at a time, about: the columns of the largest cell, and a piece.
    fn bytes(&self) -> usize {
        let index = self.app.boards.store.index();
        // At most two columns a pixel, and the neighbours of the window.
        let columns = |count: u64| count.min(2 * u64::from(self.window.width) + 2) as usize;
        let sizes = self.cells.iter().map(|cell| {
            let counts = || index.series(cell).iter().map(|series| columns(series.count()));
            let (all, largest) = (counts().sum::<usize>(), counts().max().unwrap_or(0));
            all * (size_of::<Column>() + size_of::<Place>()) + PIECE.min(all * WRITTEN) + largest * WRITTEN
        });
        sizes.max().unwrap_or(0)
    }

    /// The whole answer where it is one piece; else the first piece, and the rest while it is sent.
    pub async fn answer(self, who: &Who, head: impl IntoResponseParts) -> Result<Response, ServerError> {
        let bytes = self.bytes();
        let share = self.app.answers.share(who, bytes).await?;
        let renderer = self.app.renderer.clone();
        let (walk, first) = renderer.run(who, bytes, self.next()).await?;
        if walk.is_done {
            let first = Arc::new(share.fit(first.len())?).lend(first);
            return Ok(counted((head, first)));
        }
        let (share, who) = (Arc::new(share), who.clone());
        let first = share.lend(first);
        // An error on the way cuts the reply.
        let rest = futures::stream::try_unfold(walk, move |walk| {
            let (renderer, share, who) = (renderer.clone(), share.clone(), who.clone());
            async move {
                if walk.is_done {
                    return Ok(None);
                }
                let (walk, piece) = renderer.go_on(&who, PIECE, walk.next()).await.inspect_err(ServerError::log)?;
                Ok::<_, ServerError>(Some((share.lend(piece), walk)))
            }
        });
        use futures::StreamExt;
        let body = Body::from_stream(futures::stream::iter([Ok(first)]).chain(rest));
        Ok(counted((head, body)))
    }

    async fn next(mut self) -> Result<(Self, Bytes), ServerError> {
        while self.out.len() < PIECE && !self.is_done {
            self.step().await?;
        }
        let piece = std::mem::take(&mut self.out);
        self.given += piece.len();
        Ok((self, piece.into()))
    }

    /// The next series, or the beginning or end of a cell.
    async fn step(&mut self) -> Result<(), ServerError> {
        match self.series.as_mut().map(VecDeque::pop_front) {
            Some(Some(series)) if self.binary => frames::write_series(&mut self.out, &series),
            Some(Some(series)) => {
                let mut text = String::from(if std::mem::take(&mut self.is_first) { "" } else { "," });
                write_series(&mut text, &series);
                self.out.extend_from_slice(text.as_bytes());
            }
            Some(None) => {
                self.series = None;
                self.is_first = false;
                self.say("]}");
            }
            None => match self.cells.pop_front() {
                None => {
                    self.say("}}");
                    self.is_done = true;
                }
                Some(cell) => {
                    let Smoothing { weight, together } = self.smoothing;
                    let weights = SmoothingWeights { of: &|_| weight, together };
                    let series = match self.app.boards.store.columns(&cell, self.window, weights).await {
                        Ok(Some(found)) => found.series,
                        Ok(None) => {
                            self.leave_out(&cell, None);
                            return Ok(());
                        }
                        Err(error @ StoreError::Corrupt(_)) if self.or_damage => {
                            self.app.boards.store.log_damage(&error);
                            self.leave_out(&cell, Some(DAMAGED_POINTS));
                            return Ok(());
                        }
                        Err(error) => return Err(error.into()),
                    };
                    if self.binary {
                        frames::begin_cell(&mut self.out, &cell, series.len());
                    }
                    self.begin(&cell);
                    self.say("[");
                    (self.series, self.is_first) = (Some(series.into()), true);
                }
            },
        }
        Ok(())
    }

    /// A cell that has gone meanwhile is not told, one that is damaged is told as such; in a frame, which says before how many follow, neither.
    fn leave_out(&mut self, cell: &CellId, damage: Option<&str>) {
        if self.binary && self.given == 0 {
            frames::decrement_cell_count(&mut self.out);
        } else if self.binary {
            frames::begin_cell(&mut self.out, cell, 0);
        } else if let Some(damage) = damage {
            self.begin(cell);
            self.say(&format!("[],\"damaged\":\"{damage}\"}}"));
            self.is_first = false;
        }
    }

    fn begin(&mut self, cell: &CellId) {
        self.say(if self.is_first { "\"" } else { ",\"" });
        self.say(cell.as_str());
        self.say("\":{\"series\":");
    }

    /// What is of the text only.
    fn say(&mut self, text: &str) {
        if !self.binary {
            self.out.extend_from_slice(text.as_bytes());
        }
    }
}
