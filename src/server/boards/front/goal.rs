//! The goal of a board in one number: the best run so far, and the shape of its curve.

use std::collections::BTreeSet;

use crate::protocol::{CellId, Direction, SeriesId};
use crate::series::CurveOutline;
use crate::server::boards::Boards;
use crate::server::boards::metrics::MetricRank;
use crate::server::boards::runs::metric_catalog::MetricCatalog;
use crate::server::boards::runs::metric_table::{Directions, MetricTable, cells_of};

/// Points of a curve on the front page at most.
const MAX_SHAPE_POINTS: usize = 48;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct GoalFigure {
    pub metric: String,
    /// The better end; `None`: the value is the last one of the run that has logged it last.
    pub direction: Option<Direction>,
    pub value: f64,
    /// The curve of that run, by ascending steps: step and value, finite.
    pub shape: Vec<(f64, f64)>,
}

/// The means of neighbouring columns, so few that a small drawing can show them.
fn shape_of(outline: &CurveOutline) -> Vec<(f64, f64)> {
    let finite: Vec<_> = outline.columns.iter().filter(|column| column.mean.is_finite()).collect();
    let together = finite.len().div_ceil(MAX_SHAPE_POINTS).max(1);
    let mean = |values: &mut dyn Iterator<Item = f64>, count: usize| values.map(|value| value / count as f64).sum::<f64>();
    let point = |columns: &[&crate::series::OutlineColumn]| {
        let step = mean(&mut columns.iter().map(|column| column.x_first / 2.0 + column.x_last / 2.0), columns.len());
        (step, mean(&mut columns.iter().map(|column| column.mean), columns.len()))
    };
    finite.chunks(together).map(point).collect()
}

impl Boards {
    /// The goal that the document names, or else the most telling metric of the runs; `None` without one.
    pub(super) async fn goal_figure(&self, board: &str) -> Option<GoalFigure> {
        let directions = {
            let index = self.store.index();
            Directions::of(index.board(board)?.document.as_ref().map(|document| &document.keys))
        };
        let metric = match directions.goal() {
            Some(goal) => goal.to_owned(),
            None => self.most_telling_metric(board, &directions)?,
        };
        let direction = directions.direction(&metric);
        let table = MetricTable::of_names(&self.store, board, &BTreeSet::from([metric.clone()]), &directions);
        let (run, value) = table.best(&metric)?;
        let series = cells_of(&self.store, board).into_iter().find_map(|cell| {
            let index = self.store.index();
            let known = index.series_of_run(&cell, run).iter().find(|series| series.metric.as_deref() == Some(&metric))?;
            Some((cell.clone(), known.id.clone()))
        });
        let shape = match series {
            Some((cell, series)) => self.shape(&cell, series).await,
            None => Vec::new(),
        };
        Some(GoalFigure { metric, direction, value, shape })
    }

    fn most_telling_metric(&self, board: &str, directions: &Directions) -> Option<String> {
        let metrics = MetricCatalog::read(&self.store, board);
        let ranked = metrics.iter().filter_map(|(name, runs)| {
            let rank = MetricRank::of(name, directions.direction(name), directions.settings())?;
            Some((rank, usize::MAX - runs, name))
        });
        ranked.min().map(|(.., name)| name.to_string())
    }

    /// A curve that cannot be read has no shape: its chart says why.
    async fn shape(&self, cell: &CellId, series: SeriesId) -> Vec<(f64, f64)> {
        let outlines = self.store.outlines(cell, &[series]).await;
        outlines.ok().and_then(|outlines| outlines.into_iter().next()?).map(|outline| shape_of(&outline)).unwrap_or_default()
    }
}
