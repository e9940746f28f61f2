//! The points of a metric of a run, as they were logged.

use serde_json::{Value, json};

use super::no_run;
use crate::protocol::{CellId, ErrorKind, RunId};
use crate::server::boards::Boards;
use crate::server::error::ServerError;
use crate::server::store::{Index, PointsPage, Series, json_number};

/// A page of the points of a metric.
pub struct RunHistory {
    page: PointsPage,
    from: u64,
}

impl RunHistory {
    /// `{"step":[],"value":[],"time":[],"total":n,"next":n}`; `next` is `null` at the end.
    pub fn to_json(&self) -> Value {
        let numbers = |numbers: &[f64]| numbers.iter().map(|number| json_number(*number)).collect::<Vec<_>>();
        let (points, next) = (&self.page.points, self.from + self.page.points.len() as u64);
        json!({
            "step": numbers(&points.x),
            "value": numbers(&points.y),
            "time": numbers(&points.t),
            "total": self.page.total,
            "next": Some(next).filter(|next| *next < self.page.total),
        })
    }
}

impl Boards {
    /// At most `limit` points of a metric, from the one at the index `from`. 404: there is no such run or metric.
    pub async fn run_history(&self, board: &str, run: &RunId, metric: &str, from: u64, limit: usize) -> Result<RunHistory, ServerError> {
        let series = {
            let index = self.store.index();
            if !index.board(board).is_some_and(|board| board.runs.contains(run)) {
                return Err(no_run(board, run).into());
            }
            newest_series(&index, board, run, metric).map(|(cell, series)| (cell.clone(), series.id.clone()))
        };
        let page = match series {
            Some((cell, series)) => self.store.points(&cell, &series, from, limit).await?,
            None => None,
        };
        match page {
            Some(page) => Ok(RunHistory { page, from }),
            None => {
                let metric: String = metric.chars().take(80).collect();
                Err(ErrorKind::NotFound
                    .with(format!("The run '{run}' has no metric '{metric}'; its document names those that it has."))
                    .into())
            }
        }
    }
}

/// The series of a metric of a run, with its cell; of several the one with the newest point.
pub fn newest_series<'a>(index: &'a Index, board: &str, run: &RunId, metric: &str) -> Option<(&'a CellId, &'a Series)> {
    let cells = index.board(board)?.cells.keys();
    let all = cells.flat_map(|cell| index.series_of_run(cell, run).iter().map(move |series| (cell, series)));
    let time = |series: &Series| series.last.map_or(f64::NEG_INFINITY, |last| last.t);
    all.filter(|(_, series)| series.metric.as_deref() == Some(metric)).max_by(|(_, a), (_, b)| time(a).total_cmp(&time(b)))
}
