//! The curves of the groups of one chart. Pure: [`GroupCache::missing_query`] says what to request, [`GroupCache::finish_query`] takes the
//! response.

use crate::app::charts::column_cache::ColumnQuery;
use crate::app::charts::viewport::Viewport;
use crate::charts::Attrition;
use crate::protocol::groups::{CellGroups, GroupColumn, GroupCurve, GroupGrid};
use crate::protocol::{AxisScale, ChartAxis};

/// The curve of a group in one split.
pub struct CachedGroup {
    pub curve: GroupCurve,
    /// The group's id, as names of hidden series have it.
    pub owner: String,
    /// Of the last response for all of the axis, in which the curve was.
    pub attrition: Attrition,
}

/// The curves of a chart. Empty without groups.
#[derive(Default)]
pub struct GroupCache {
    pub groups: Vec<CachedGroup>,
    /// Groups of the board that are left out.
    pub more: u32,
    /// Counts the responses, after which labels and styles are made again.
    pub revision: u64,
    /// The query that was answered, and the keys of the address that chose the groups.
    loaded: Option<(ColumnQuery, String)>,
    /// The address of the last response, and its `ETag`.
    pub tag: Option<(String, String)>,
    /// First and last x of all curves; NaN without any.
    pub extent: (f64, f64),
    /// Why the server made no curves of the last query.
    pub refusal: String,
    /// Points may have come since.
    pub is_stale: bool,
    pub is_loading: bool,
    /// Earliest time of the next request, in milliseconds since 1970.
    pub query_not_before: f64,
    /// Earliest time of the next request that only asks whether points have come.
    pub refresh_not_before: f64,
}

impl GroupCache {
    pub fn axis(&self) -> Option<ChartAxis> {
        self.loaded.as_ref().map(|(query, _)| query.axis)
    }

    /// The query for this viewport, if the curves are not those of it. The first one along an axis is for all of it.
    pub fn missing_query(&self, viewport: Option<Viewport>, axis: ChartAxis, width: u32, smooth: f64, keys: &str) -> Option<ColumnQuery> {
        let (from, to) = (f64::NEG_INFINITY, f64::INFINITY);
        let all = ColumnQuery { axis, scale: AxisScale::Linear, from, to, width, smooth };
        let Some((loaded, _)) = self.loaded.as_ref().filter(|(loaded, known)| loaded.axis == axis && known == keys) else {
            return Some(all);
        };
        let Some(viewport) = viewport else {
            let is_same = loaded.from == from
                && loaded.to == to
                && loaded.smooth == smooth
                && self.is_fine(loaded, width, self.extent.1 - self.extent.0);
            return (!is_same || self.is_stale).then_some(all);
        };
        // The server makes at most 1024 places: less margin than for series leaves more of them to the window.
        let margin = viewport.width() / 2.0;
        let to = if viewport.follow { f64::INFINITY } else { viewport.to + margin };
        let wanted =
            ColumnQuery { axis, scale: AxisScale::Linear, from: viewport.from - margin, to, width: width.saturating_mul(2), smooth };
        let edge = viewport.width() / 4.0;
        let is_there = loaded.from <= (viewport.from - edge).max(self.extent.0) && (viewport.to + edge).min(self.extent.1) <= loaded.to;
        let is_same = is_there && loaded.smooth == smooth && self.is_fine(loaded, width, viewport.width());
        (!is_same || self.is_stale).then_some(wanted)
    }

    /// Whether a pixel's columns were requested for a window that is `seen` wide: the server may make fewer. Steps are exact in every window.
    fn is_fine(&self, loaded: &ColumnQuery, width: u32, seen: f64) -> bool {
        let span = loaded.to.min(self.extent.1) - loaded.from.max(self.extent.0);
        let is_requested = span / f64::from(loaded.width.max(1)) <= 1.5 * seen / f64::from(width.max(1));
        is_requested || self.groups.iter().all(|group| group.curve.grid == GroupGrid::Steps)
    }

    /// When this query may be sent, in milliseconds since 1970.
    pub fn not_before(&self, query: ColumnQuery, keys: &str) -> f64 {
        let is_refresh = self.loaded.as_ref().is_some_and(|(loaded, known)| *loaded == query && known == keys);
        if is_refresh { self.refresh_not_before.max(self.query_not_before) } else { self.query_not_before }
    }

    /// Takes a response; `None`: nothing has changed since the last one.
    pub fn finish_query(&mut self, query: ColumnQuery, keys: &str, received: Option<CellGroups>) {
        self.is_loading = false;
        let Some(received) = received else { return };
        self.refusal.clear();
        let is_all = query.from == f64::NEG_INFINITY && query.to == f64::INFINITY;
        let columns = || received.groups.iter().flat_map(|curve| &curve.columns);
        let extent = columns().fold((f64::NAN, f64::NAN), |(from, to), column| (column.x.min(from), column.x.max(to)));
        let is_known = self.loaded.as_ref().is_some_and(|(loaded, known)| loaded.axis == query.axis && known == keys);
        self.extent = if is_all || !is_known { extent } else { (self.extent.0.min(extent.0), self.extent.1.max(extent.1)) };
        self.loaded = Some((query, keys.to_owned()));
        let mut known = if is_all || !is_known { Vec::new() } else { std::mem::take(&mut self.groups) };
        let cached = |curve: GroupCurve| {
            let same = known.iter_mut().find(|group| (group.curve.group, &group.curve.split) == (curve.group, &curve.split));
            let attrition = same.map_or_else(|| Attrition::of(&curve.columns), |group| std::mem::take(&mut group.attrition));
            CachedGroup { owner: curve.group.to_string(), attrition, curve }
        };
        self.groups = received.groups.into_iter().map(cached).collect();
        self.more = received.more;
        self.revision += 1;
    }

    /// The server refuses a query, and would refuse it again while neither the query nor the data change.
    pub fn refuse_query(&mut self, query: ColumnQuery, keys: &str, refusal: String) {
        *self = Self {
            loaded: Some((query, keys.to_owned())),
            refusal,
            revision: self.revision + 1,
            query_not_before: self.query_not_before,
            refresh_not_before: self.refresh_not_before,
            ..Self::default()
        };
        self.extent = (f64::NAN, f64::NAN);
    }

    /// The number of all columns.
    pub fn total(&self) -> usize {
        self.groups.iter().map(|group| group.curve.columns.len()).sum()
    }

    /// The lowest place that a logarithmic axis has; NaN without one.
    pub fn lowest_positive(&self) -> f64 {
        let places = self.groups.iter().flat_map(|group| &group.curve.columns).map(|column| column.x);
        places.filter(|place| *place > 0.0).fold(f64::NAN, f64::min)
    }

    /// The smallest gap between neighbours around `x`.
    pub fn least_gap(&self, x: f64) -> f64 {
        let gap = |columns: &[GroupColumn]| {
            let at = columns.partition_point(|column| column.x < x);
            let around = columns.get(at.saturating_sub(2)..columns.len().min(at + 2)).unwrap_or_default();
            around.windows(2).map(|pair| pair[1].x - pair[0].x).fold(f64::INFINITY, f64::min)
        };
        self.groups.iter().map(|group| gap(&group.curve.columns)).fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{CellId, GroupId};

    fn cell(grid: GroupGrid, places: &[f64]) -> CellGroups {
        let column = |x: &f64| GroupColumn { x: *x, line: 1.0, low: 0.5, high: 1.5, n: 3, nan: 0, ended: 0, interpolated: 0 };
        let curve = GroupCurve {
            group: GroupId::from_bits(7),
            index: 0,
            label: "0.1".into(),
            split: "val".into(),
            runs: 3,
            ids: Vec::new(),
            grid,
            columns: places.iter().map(column).collect(),
        };
        CellGroups { cell: CellId::parse("a").unwrap(), groups: vec![curve], more: 0 }
    }

    fn loaded(grid: GroupGrid) -> GroupCache {
        let mut cache = GroupCache::default();
        let query = cache.missing_query(None, ChartAxis::STEP, 100, 0.0, "&by=lr").unwrap();
        let places: Vec<f64> = (0..=1000).step_by(10).map(f64::from).collect();
        cache.finish_query(query, "&by=lr", Some(cell(grid, &places)));
        cache
    }

    #[test]
    fn steps_are_exact_in_every_window_and_columns_are_not() {
        let seen = Viewport::new(400.0, 500.0);
        let steps = loaded(GroupGrid::Steps);
        assert_eq!((steps.extent, steps.total(), steps.least_gap(495.0)), ((0.0, 1000.0), 101, 10.0));
        assert_eq!(steps.missing_query(seen, ChartAxis::STEP, 100, 0.0, "&by=lr"), None);
        assert_eq!(steps.missing_query(None, ChartAxis::STEP, 100, 0.0, "&by=lr"), None);
        let columns = loaded(GroupGrid::Columns { from: 0.0, to: 1000.0, count: 100 });
        let query = columns.missing_query(seen, ChartAxis::STEP, 100, 0.0, "&by=lr").unwrap();
        assert_eq!((query.from, query.to, query.width), (350.0, 550.0, 200));
        // However few columns the server has made of it, it is not requested again.
        let mut zoomed = columns;
        zoomed.finish_query(query, "&by=lr", Some(cell(GroupGrid::Columns { from: 350.0, to: 550.0, count: 4 }, &[400.0, 500.0])));
        assert_eq!(zoomed.missing_query(seen, ChartAxis::STEP, 100, 0.0, "&by=lr"), None);
    }

    #[test]
    fn a_window_keeps_what_became_of_the_members() {
        let with_end = |ended_from: f64, nan_from: f64, places: &[f64]| {
            let mut cell = cell(GroupGrid::Steps, places);
            for column in &mut cell.groups[0].columns {
                (column.ended, column.nan) = (u32::from(column.x >= ended_from), u32::from((nan_from..ended_from).contains(&column.x)));
                column.n -= column.ended + column.nan;
            }
            cell
        };
        let mut cache = GroupCache::default();
        let query = cache.missing_query(None, ChartAxis::STEP, 100, 0.0, "&by=lr").unwrap();
        cache.finish_query(query, "&by=lr", Some(with_end(3.0, 2.0, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])));
        let diverged = |cache: &GroupCache| {
            let CachedGroup { curve, attrition, .. } = &cache.groups[0];
            (attrition.left, attrition.diverged(curve.columns.last().unwrap()).ended)
        };
        assert_eq!(diverged(&cache), (2, 1));
        let window = ColumnQuery { from: 4.0, to: 5.0, ..query };
        cache.finish_query(window, "&by=lr", Some(with_end(3.0, 2.0, &[4.0, 5.0])));
        assert_eq!(diverged(&cache), (2, 1), "the member has ended before the window");
        cache.finish_query(query, "&by=lr", Some(with_end(9.0, 9.0, &[4.0, 5.0])));
        assert_eq!(diverged(&cache), (3, 0), "a response for all of the axis replaces it");
    }

    #[test]
    fn another_question_is_asked_again() {
        let mut cache = loaded(GroupGrid::Steps);
        let asks = |cache: &GroupCache, axis, smooth, keys: &str| cache.missing_query(None, axis, 100, smooth, keys).is_some();
        assert!(!asks(&cache, ChartAxis::STEP, 0.0, "&by=lr"));
        assert!(
            asks(&cache, ChartAxis::WALL, 0.0, "&by=lr")
                && asks(&cache, ChartAxis::STEP, 0.5, "&by=lr")
                && asks(&cache, ChartAxis::STEP, 0.0, "&by=wd")
        );
        cache.is_stale = true;
        assert!(asks(&cache, ChartAxis::STEP, 0.0, "&by=lr"));
    }

    #[test]
    fn a_refused_query_is_asked_again_after_a_change_only() {
        let mut cache = loaded(GroupGrid::Steps);
        let query = cache.missing_query(None, ChartAxis::STEP, 100, 0.0, "&by=wd").unwrap();
        cache.refuse_query(query, "&by=wd", "'by' names 'wd'.".into());
        assert_eq!((cache.groups.len(), cache.refusal.as_str(), cache.revision), (0, "'by' names 'wd'.", 2));
        assert_eq!(cache.missing_query(None, ChartAxis::STEP, 100, 0.0, "&by=wd"), None);
        assert_eq!(cache.missing_query(Viewport::new(0.0, 9.0), ChartAxis::STEP, 100, 0.0, "&by=wd"), None);
        assert!(cache.missing_query(None, ChartAxis::STEP, 100, 0.0, "&by=lr").is_some());
        cache.is_stale = true;
        let query = cache.missing_query(None, ChartAxis::STEP, 100, 0.0, "&by=wd").unwrap();
        cache.finish_query(query, "&by=wd", Some(cell(GroupGrid::Steps, &[1.0])));
        assert_eq!((cache.groups.len(), cache.refusal.as_str()), (1, ""));
    }

    #[test]
    fn only_a_refresh_waits_for_a_slow_server() {
        let mut cache = loaded(GroupGrid::Steps);
        (cache.query_not_before, cache.refresh_not_before, cache.is_stale) = (100.0, 900.0, true);
        let query = cache.missing_query(None, ChartAxis::STEP, 100, 0.0, "&by=lr").unwrap();
        assert_eq!(cache.not_before(query, "&by=lr"), 900.0);
        assert_eq!(cache.not_before(query, "&by=wd"), 100.0, "a reader waits for other groups");
        assert_eq!(cache.not_before(ColumnQuery { from: 4.0, ..query }, "&by=lr"), 100.0, "a reader waits for a zoom");
    }

    #[test]
    fn a_response_without_changes_leaves_all_as_it_is() {
        let mut cache = loaded(GroupGrid::Steps);
        let query = ColumnQuery { axis: ChartAxis::STEP, scale: AxisScale::Linear, from: 0.0, to: 5.0, width: 10, smooth: 0.0 };
        cache.is_loading = true;
        cache.finish_query(query, "&by=lr", None);
        assert_eq!((cache.revision, cache.total(), cache.is_loading), (1, 101, false));
    }
}
