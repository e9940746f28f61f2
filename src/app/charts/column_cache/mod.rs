//! The points of one chart that the browser holds: columns over a range of the x axis, into which appended points are merged.
//!
//! Pure: [`ColumnCache::missing_query`] says what to request, [`ColumnCache::finish_query`] takes the response.

#[cfg(test)]
mod tests;

use crate::protocol::columns::SeriesColumns;
use crate::protocol::points::SeriesPart;
use crate::protocol::{AxisScale, ChartAxis, RunId, XAxis};
use crate::series::{Average, Columns, NO_PLACE, PixelWidth};

use super::axis_space::AxisSpace;
use super::viewport::Viewport;
use crate::charts::{nearest_gap, series_key, without_superseded};

/// Parts that are buffered while a response is awaited. After more than these, the columns are requested once more.
const MAX_PENDING: usize = 4096;

pub struct CachedSeries {
    /// The run that the series belongs to; within a chart its name is unique among those of its run.
    pub run: Option<RunId>,
    pub name: String,
    /// Points of the series that the browser knows of.
    pub total: u64,
    /// What its places count from, in seconds since 1970; 0 along steps and wall time.
    pub origin: f64,
    pub columns: Columns,
    /// What is left without what restarts superseded, as it was drawn last; `None` where that is not hidden, or nothing was.
    current: Option<Columns>,
    /// State of the moving average after the last point; `None` without smoothing, or when the server did not send it.
    average: Option<Average>,
    /// The series was replaced or removed: it is drawn until the next response, and takes no points.
    pub is_stale: bool,
}

/// A request for columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnQuery {
    pub axis: ChartAxis,
    /// That of the pixels that the columns are for.
    pub scale: AxisScale,
    /// Infinite at an open end.
    pub from: f64,
    pub to: f64,
    /// Maximum number of columns.
    pub width: u32,
    /// Weight of the moving average; 0 for none.
    pub smooth: f64,
}

/// Result of merging appended points.
#[derive(Debug, PartialEq)]
pub enum Merge {
    /// No column has changed.
    Unchanged,
    Updated,
    /// Points before these are missing: the columns must be requested again.
    Missing,
}

impl CachedSeries {
    /// The name under which settings store that it is hidden.
    pub fn key(&self) -> String {
        series_key(self.run.as_ref().map(RunId::as_str), &self.name)
    }

    /// The columns that are drawn.
    pub fn shown(&self) -> &Columns {
        self.current.as_ref().unwrap_or(&self.columns)
    }
}

pub struct ColumnCache {
    pub series: Vec<CachedSeries>,
    /// The query that [`Self::series`] answers; `None` before the first response.
    loaded: Option<ColumnQuery>,
    /// Maximum span of a column, as the axis of the query measures it.
    column_width: f64,
    /// Points that came while a response is awaited.
    pending: Option<Vec<SeriesPart>>,
    /// First and last x of the chart; NaN before the first point.
    pub extent: (f64, f64),
}

impl ColumnCache {
    pub const fn new() -> Self {
        Self { series: Vec::new(), loaded: None, column_width: 0.0, pending: None, extent: (f64::NAN, f64::NAN) }
    }

    pub fn total(&self) -> u64 {
        self.series.iter().map(|series| series.total).sum()
    }

    /// Leaves out, or no longer, what restarts of runs superseded. The columns are those along steps.
    pub fn hide_superseded(&mut self, hides: bool) {
        for series in &mut self.series {
            let Columns { list, places } = &series.columns;
            series.current = if hides && series.run.is_some() { without_superseded(list, places) } else { None };
        }
    }

    /// The last place of what was never superseded, such as the newest points; NaN without one.
    pub fn newest_end(&self) -> f64 {
        let newest = self.series.iter().filter_map(|series| series.columns.list.last());
        newest.fold(f64::NAN, |end, column| end.max(column.x_max))
    }

    /// The axis of the columns; `None` before the first response.
    pub fn axis(&self) -> Option<ChartAxis> {
        self.loaded.map(|loaded| loaded.axis)
    }

    /// Whether the columns have smoothed lines. While a response is awaited their weight may differ from the setting.
    pub fn has_smoothing(&self) -> bool {
        self.loaded.is_some_and(|loaded| loaded.smooth > 0.0)
    }

    /// The query for this viewport in `width` pixels. The first query along an axis is for all of it, because zooming out
    /// needs the extent.
    pub fn query(&self, viewport: Option<Viewport>, (axis, scale): (ChartAxis, AxisScale), width: u32, smooth: f64) -> ColumnQuery {
        match viewport.filter(|_| self.axis() == Some(axis)) {
            None => ColumnQuery { axis, scale, from: f64::NEG_INFINITY, to: f64::INFINITY, width, smooth },
            Some(viewport) => {
                let (from, to) = AxisSpace(scale).with_margins(&viewport);
                let to = if viewport.follow { f64::INFINITY } else { to };
                ColumnQuery { axis, scale, from, to, width: width.saturating_mul(3), smooth }
            }
        }
    }

    /// The same query, if the columns do not cover it in this resolution.
    pub fn missing_query(
        &self,
        viewport: Option<Viewport>,
        (axis, scale): (ChartAxis, AxisScale),
        width: u32,
        smooth: f64,
    ) -> Option<ColumnQuery> {
        let wanted = self.query(viewport, (axis, scale), width, smooth);
        let Some(loaded) = self.loaded.filter(|loaded| loaded.axis == axis) else { return Some(wanted) };
        let space = AxisSpace(scale);
        let seen = viewport.map_or_else(|| self.measured_extent(space, &loaded), |viewport| space.width(&viewport));
        let is_fine = (loaded.scale == scale && self.column_width <= 1.5 * seen / f64::from(width.max(1))) || self.is_raw();
        let is_there = match viewport {
            None => loaded.from == f64::NEG_INFINITY && loaded.to == f64::INFINITY,
            Some(viewport) => {
                let (from, to) = space.widened(&viewport, 0.25);
                // The extent ends where no more points are.
                loaded.from <= from.max(self.extent.0) && to.min(self.extent.1) <= loaded.to
            }
        };
        let is_smoothed = smooth == 0.0 || smooth == loaded.smooth;
        (!is_fine || !is_there || !is_smoothed).then_some(wanted)
    }

    /// How wide all of the chart is. A logarithmic axis that begins at 0 or before it is as wide as the grid of the server.
    fn measured_extent(&self, space: AxisSpace, query: &ColumnQuery) -> f64 {
        let (from, to) = (query.from.max(self.extent.0), query.to.min(self.extent.1));
        Viewport::new(from, to).map_or(0.0, |whole| space.width(&whole))
    }

    /// The lowest place that a logarithmic axis has; NaN without one.
    pub fn lowest_positive(&self) -> f64 {
        let columns = self.series.iter().flat_map(|series| &series.columns.list);
        let places = columns.flat_map(|column| [column.x_min, column.x_first, column.x_last]);
        places.filter(|place| *place > 0.0).fold(f64::NAN, f64::min)
    }

    fn pixel_width(&self) -> PixelWidth {
        match self.loaded {
            Some(ColumnQuery { scale: AxisScale::Log, .. }) => PixelWidth::Share(self.column_width.exp() - 1.0),
            _ => PixelWidth::Even(self.column_width),
        }
    }

    /// Minimum width of a viewport around `x`: three of the smallest gaps between neighbours there.
    pub fn min_window(&self, x: f64) -> f64 {
        const GAPS: f64 = 3.0;
        let gaps = self.series.iter().map(|series| nearest_gap(&series.columns.list, x));
        let least = gaps.fold(f64::INFINITY, |least, gap| if gap < least { gap } else { least });
        if least.is_finite() { GAPS * least } else { 0.0 }
    }

    fn is_raw(&self) -> bool {
        self.series.iter().all(|series| series.columns.list.iter().all(|column| column.count == 1))
    }

    /// Starts to buffer appended points: the response may be older than they are.
    pub fn begin_query(&mut self) {
        self.pending = Some(Vec::new());
    }

    /// The request failed.
    pub fn cancel_query(&mut self) {
        self.pending = None;
    }

    /// Takes a response and the points that came meanwhile. True when points are still missing.
    pub fn finish_query(&mut self, query: ColumnQuery, received: Vec<SeriesColumns>) -> bool {
        let extent = extent(&received);
        let is_complete = query.from == f64::NEG_INFINITY && query.to == f64::INFINITY;
        self.extent = if is_complete || self.axis() != Some(query.axis) {
            extent
        } else {
            (self.extent.0.min(extent.0), self.extent.1.max(extent.1))
        };
        let series = |SeriesColumns { run, name, points, origin, columns, smoothed }| {
            let (places, average) = smoothed.map_or((Vec::new(), None), |smoothed| (smoothed.places, smoothed.last));
            CachedSeries {
                run,
                name,
                total: points,
                origin,
                columns: Columns::new(columns, places),
                current: None,
                average,
                is_stale: false,
            }
        };
        self.series = received.into_iter().map(series).collect();
        let width = self.measured_extent(AxisSpace(query.scale), &query) / f64::from(query.width.max(1));
        // A chart without points has no extent.
        self.column_width = if width > 0.0 && width.is_finite() { width } else { 0.0 };
        self.loaded = Some(query);
        let pending = self.pending.take();
        let overflowed = pending.as_ref().is_some_and(|parts| parts.len() >= MAX_PENDING);
        let gaps = pending.into_iter().flatten().filter(|part| self.merge(part) == Merge::Missing).count();
        gaps > 0 || overflowed
    }

    /// Merges appended points. Points that are known already change nothing.
    pub fn append(&mut self, part: SeriesPart) -> Merge {
        let merge = if self.loaded.is_some() { self.merge(&part) } else { Merge::Missing };
        if let Some(pending) = self.pending.as_mut().filter(|pending| pending.len() < MAX_PENDING) {
            pending.push(part);
        }
        merge
    }

    fn merge(&mut self, part: &SeriesPart) -> Merge {
        let Some(loaded) = self.loaded else { return Merge::Missing };
        let at = self.series.iter().position(|series| series.run == part.run && series.name == part.series);
        let Some(numbers) = &part.numbers else {
            if let Some(at) = at.filter(|_| part.n == 0 && part.start == Some(0)) {
                self.series[at].is_stale = true;
            }
            return Merge::Missing;
        };
        let at = match at {
            Some(at) => at,
            // Only the server knows when it began.
            None if loaded.axis == XAxis::Relative => return Merge::Missing,
            None => {
                let average = (loaded.smooth > 0.0).then(|| Average::new(loaded.smooth));
                let (run, name, columns) = (part.run.clone(), part.series.clone(), Columns::default());
                self.series.push(CachedSeries { run, name, total: 0, origin: 0.0, columns, current: None, average, is_stale: false });
                self.series.len() - 1
            }
        };
        let pixel_width = self.pixel_width();
        let series = &mut self.series[at];
        let start = part.start.unwrap_or(series.total);
        let known = series.total.saturating_sub(start);
        if series.is_stale || known >= u64::from(part.n) {
            return Merge::Unchanged;
        }
        let along = if loaded.axis == XAxis::Step { &numbers.x } else { &numbers.t };
        let (Some(along), true) = (along, start <= series.total) else { return Merge::Missing };
        // Segments of the smoothed line are those of the steps, on every axis.
        let steps = numbers.x.as_ref().unwrap_or(along);
        let mut merge = Merge::Unchanged;
        for ((place, y), step) in along.iter().zip(&numbers.y).zip(steps).skip(known as usize) {
            let x = &(*place - series.origin);
            series.total += 1;
            let smoothed = series.average.as_mut().and_then(|average| average.push(*step, *y));
            // `max` and `min` pass over NaN.
            self.extent = (self.extent.0.min(*x), self.extent.1.max(*x));
            // The first point beyond the right end is included: the line leads to it.
            let leads_out = || series.columns.list.last().is_some_and(|last| loaded.from <= *x && last.x_last <= loaded.to);
            if (loaded.from <= *x && *x <= loaded.to) || leads_out() {
                series.columns.push_smoothed(*x, *y, pixel_width, smoothed.map_or(NO_PLACE, |smoothed| (*x, smoothed)));
                merge = Merge::Updated;
            }
        }
        if series.columns.list.len() > 2 * loaded.width as usize {
            self.shrink(loaded);
        }
        merge
    }

    /// Bounds the number of columns to twice the query's width: joins neighbours, or drops those that the window has left behind.
    fn shrink(&mut self, loaded: ColumnQuery) {
        if loaded.from == f64::NEG_INFINITY {
            let even = self.measured_extent(AxisSpace(loaded.scale), &loaded) / f64::from(loaded.width);
            // As many pixels of a logarithmic axis as before hold nearly all points.
            let growth = if loaded.scale == AxisScale::Log { 1.4 } else { 2.0 };
            self.column_width = (growth * self.column_width).max(even);
            let pixel_width = self.pixel_width();
            self.series.iter_mut().for_each(|series| series.columns.coarsen(pixel_width));
        } else {
            for series in &mut self.series {
                let surplus = series.columns.list.len().saturating_sub(loaded.width as usize);
                series.columns.forget(surplus);
            }
            let left = self
                .series
                .iter()
                .filter_map(|series| series.columns.list.first())
                .map(|column| column.x_min)
                .fold(f64::NEG_INFINITY, f64::max);
            self.loaded = Some(ColumnQuery { from: left.max(loaded.from), ..loaded });
        }
    }
}

/// First and last x of the response; NaN without points.
fn extent(received: &[SeriesColumns]) -> (f64, f64) {
    let columns = || received.iter().flat_map(|series| &series.columns);
    let from = columns().fold(f64::NAN, |least, column| least.min(column.x_min));
    (from, columns().fold(f64::NAN, |most, column| most.max(column.x_max)))
}
