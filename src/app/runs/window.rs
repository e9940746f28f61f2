//! Which rows of a long table are in the document: those in sight, and the one that has the focus.

use crate::app::state::{RowHeights, RowKey, RunRows};

/// Rows in the document before and after those in sight.
const MARGIN: usize = 10;
/// The window moves by so many rows at once, so that a slow scroll changes nothing most of the time.
const STEP: usize = 5;

/// What is in sight, in CSS pixels of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    pub top: f64,
    pub height: f64,
    pub heights: RowHeights,
}

impl Viewport {
    /// What the server draws: the rows that the page's document carries.
    pub const FIRST: Self = Self { top: 0.0, height: 1040.0, heights: RowHeights { run: 26.0, group: 26.0, tall: 44.0 } };

    /// What paper has: as many rows as are worth it, whatever is in sight.
    pub const PAPER: Self = Self { top: 0.0, height: 26.0 * 500.0, ..Self::FIRST };
}

/// A row of the table in the document.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowRow {
    pub key: RowKey,
    /// The place among all rows; of a gap, that of the first one that it stands for.
    pub index: usize,
    /// The height of a gap, in CSS pixels.
    pub gap: f64,
}

/// The indices of the rows in sight and beside them.
pub fn window_range(rows: &RunRows, viewport: &Viewport) -> std::ops::Range<usize> {
    let Viewport { top, height, heights } = *viewport;
    let (first, last) = (rows.index_at(top.max(0.0), heights), rows.index_at(top.max(0.0) + height, heights));
    let first = first.saturating_sub(MARGIN) / STEP * STEP;
    let end = (last + MARGIN).div_ceil(STEP) * STEP;
    first..end.min(rows.count())
}

/// The rows in the document, with a gap for each stretch of others, so that the scroll bar is that of the whole table.
pub fn window_rows(rows: &RunRows, viewport: &Viewport, focused: Option<&RowKey>) -> Vec<WindowRow> {
    let range = window_range(rows, viewport);
    let focused = focused.and_then(|key| rows.find(key)).map(|place| rows.index(place)).filter(|index| *index < rows.count());
    let mut indices: Vec<usize> = Vec::with_capacity(range.len() + 1);
    indices.extend(focused.filter(|index| *index < range.start));
    indices.extend(range.clone());
    indices.extend(focused.filter(|index| *index >= range.end));
    let (mut list, mut next, mut gaps) = (Vec::with_capacity(indices.len() + 3), 0, 0);
    for index in indices.into_iter().chain([rows.count()]) {
        if index > next {
            let gap = rows.top(index, viewport.heights) - rows.top(next, viewport.heights);
            list.push(WindowRow { key: RowKey::Gap(gaps), index: next, gap });
            gaps += 1;
        }
        if let Some(key) = rows.key(index) {
            list.push(WindowRow { key, index, gap: 0.0 });
        }
        next = index + 1;
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::RowSection;

    fn rows(count: usize) -> RunRows {
        let section = RowSection { is_open: true, rows: vec![None; count], ..Default::default() };
        RunRows { sections: vec![section], ..Default::default() }
    }

    fn shown(list: &[WindowRow]) -> (usize, usize, Vec<f64>) {
        let indices: Vec<usize> = list.iter().filter(|row| !matches!(row.key, RowKey::Gap(_))).map(|row| row.index).collect();
        (indices[0], *indices.last().unwrap(), list.iter().map(|row| row.gap).filter(|gap| *gap > 0.0).collect())
    }

    #[test]
    fn a_window_holds_what_is_in_sight() {
        let first = window_rows(&rows(10_000), &Viewport::FIRST, None);
        assert_eq!(shown(&first), (0, 49, vec![9950.0 * 26.0]));
        let later = Viewport { top: 26.0 * 5000.0, ..Viewport::FIRST };
        assert_eq!(shown(&window_rows(&rows(10_000), &later, None)), (4990, 5049, vec![4990.0 * 26.0, 4950.0 * 26.0]));
        let end = Viewport { top: 1e9, ..Viewport::FIRST };
        assert_eq!(shown(&window_rows(&rows(10_000), &end, None)).1, 9999);
        assert_eq!(shown(&window_rows(&rows(3), &Viewport::FIRST, None)), (0, 2, vec![]));
        assert!(window_rows(&rows(0), &Viewport::FIRST, None).is_empty());
        assert_eq!(shown(&window_rows(&rows(400), &Viewport::PAPER, None)), (0, 399, vec![]), "paper has all");
        assert!(shown(&window_rows(&rows(10_000), &Viewport::PAPER, None)).1 < 600);
    }

    #[test]
    fn the_row_with_the_focus_stays_in_the_document() {
        let later = Viewport { top: 26.0 * 5000.0, ..Viewport::FIRST };
        let list = window_rows(&rows(10_000), &later, Some(&RowKey::Missing(7)));
        assert_eq!(list.iter().map(|row| row.gap).sum::<f64>(), (10_000.0 - 61.0) * 26.0);
        assert_eq!((list[0].gap, list[1].index), (7.0 * 26.0, 7));
        let list = window_rows(&rows(10_000), &Viewport::FIRST, Some(&RowKey::Missing(9_999)));
        assert_eq!(list.last().unwrap().index, 9_999);
    }
}
