//! The size of a cell: columns of the grid and rows of a fixed height.

use crate::protocol::{BoardLayout, CellLayout, SectionLayout};

/// Columns and rows; `None`: as the style sheet or the content has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellSize {
    pub width: Option<u8>,
    pub height: Option<u16>,
}

/// The widths that a drag or a key gives a cell.
const WIDTHS: [u8; 6] = [2, 3, 4, 6, 8, 12];
/// Those that differ in a window between a phone and a desk: see [`medium_width`].
const MEDIUM_WIDTHS: [u8; 4] = [2, 3, 4, 12];
/// Rows of a key press.
const HEIGHT_STEP: u16 = 4;
/// Charts of fewer rows have no legend: it would take the room of the curves.
const MIN_LEGEND_ROWS: u16 = 20;
/// And those of fewer rows have two rows of names at most.
const MIN_THREE_NAMES_ROWS: u16 = 32;

impl CellSize {
    /// The size of a cell: its own, else that of its section.
    pub fn of(own: &CellLayout, section: Option<&SectionLayout>) -> Self {
        Self {
            width: own.width.or(section.and_then(|section| section.width)),
            height: own.height.or(section.and_then(|section| section.height)),
        }
    }

    /// Of a line chart. On a board with heads of sections or with a density, charts without a height are as high as suits their width.
    pub fn of_chart(self, layout: &BoardLayout, has_heads: bool) -> Self {
        let by_density = (has_heads || layout.density.is_some()).then_some(match layout.density {
            Some(..=2) => 35,
            None | Some(3) => 25,
            Some(4) => 20,
            Some(_) => 14,
        });
        Self { height: self.height.or(by_density), ..self }
    }

    pub fn has_legend(self) -> bool {
        self.height.is_none_or(|rows| rows >= MIN_LEGEND_ROWS)
    }

    /// How many rows the names of a chart may have: fewer where a third one would take most of the curves.
    pub fn most_legend_rows(self) -> usize {
        if self.height.is_none_or(|rows| rows >= MIN_THREE_NAMES_ROWS) { 3 } else { 2 }
    }

    /// The height of a chart's plot in CSS pixels, without the padding and the legend below it; `None`: that of all charts.
    pub fn plot_height(self, legend_rows: usize) -> Option<u32> {
        let legend = if self.has_legend() { legend_rows as u32 * LEGEND_ROW } else { 0 };
        let rows = u32::from(self.height?) * u32::from(CellLayout::ROW_PX);
        Some(rows.saturating_sub(CHART_PADDING + legend))
    }
}

/// As the style sheet has them, in CSS pixels.
const LEGEND_ROW: u32 = 30;
const CHART_PADDING: u32 = 12;

const fn widths(is_medium: bool) -> &'static [u8] {
    if is_medium { &MEDIUM_WIDTHS } else { &WIDTHS }
}

/// The columns that a width covers in the window.
pub const fn shown_width(width: u8, is_medium: bool) -> u8 {
    if is_medium { medium_width(width) } else { width }
}

/// The width that is shown nearest to this number of columns.
pub fn snapped_width(columns: f64, is_medium: bool) -> u8 {
    let distance = |width: u8| (f64::from(shown_width(width, is_medium)) - columns).abs();
    widths(is_medium)
        .iter()
        .copied()
        .reduce(|best, width| if distance(width) < distance(best) { width } else { best })
        .unwrap_or(CellLayout::COLUMNS)
}

/// The next width that is shown wider or narrower; the same at the end.
pub fn stepped_width(width: u8, is_wider: bool, is_medium: bool) -> u8 {
    let (shown, mut widths) = (|width| shown_width(width, is_medium), widths(is_medium).iter().copied());
    let next = if is_wider { widths.find(|next| shown(*next) > shown(width)) } else { widths.rfind(|next| shown(*next) < shown(width)) };
    next.unwrap_or(width)
}

pub fn stepped_height(rows: u16, is_higher: bool) -> u16 {
    let next = if is_higher { rows.saturating_add(HEIGHT_STEP) } else { rows.saturating_sub(HEIGHT_STEP) };
    next.clamp(CellLayout::MIN_HEIGHT, CellLayout::MAX_HEIGHT)
}

/// Whole rows of this many CSS pixels.
pub fn snapped_height(pixels: f64) -> u16 {
    ((pixels / f64::from(CellLayout::ROW_PX)).round() as u16).clamp(CellLayout::MIN_HEIGHT, CellLayout::MAX_HEIGHT)
}

/// In a window between a phone and a desk: fewer cells stand in a row.
pub const fn medium_width(width: u8) -> u8 {
    match width {
        ..=2 => 3,
        3 => 4,
        4 | 5 => 6,
        _ => 12,
    }
}

/// The sizes that menus offer.
pub const NAMED_SIZES: [(&str, CellSize); 4] = [
    ("S", CellSize { width: Some(2), height: Some(12) }),
    ("M", CellSize { width: Some(4), height: Some(25) }),
    ("L", CellSize { width: Some(6), height: Some(36) }),
    ("full", CellSize { width: Some(12), height: Some(46) }),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drags_snap_to_widths_that_fill_a_row() {
        let snapped = |columns| snapped_width(columns, false);
        assert_eq!([-3.0, 1.0, 2.4, 2.6, 3.6, 5.1, 7.1, 9.9, 10.1, 40.0].map(snapped), [2, 2, 2, 3, 4, 6, 8, 8, 12, 12]);
        assert_eq!([0.0, 200.0, 203.0, 205.0, 9e9].map(snapped_height), [4, 25, 25, 26, 160]);
    }

    #[test]
    fn keys_go_from_width_to_width() {
        let wider: Vec<u8> =
            std::iter::successors(Some(1), |width| Some(stepped_width(*width, true, false)).filter(|next| next != width)).collect();
        assert_eq!(wider, [1, 2, 3, 4, 6, 8, 12]);
        assert_eq!([12, 7, 5, 3, 2, 1].map(|width| stepped_width(width, false, false)), [8, 6, 4, 2, 2, 1]);
        assert_eq!(
            (stepped_height(25, true), stepped_height(25, false), stepped_height(6, false), stepped_height(159, true)),
            (29, 21, 4, 160)
        );
    }

    #[test]
    fn fewer_stand_in_a_row_of_a_narrow_window() {
        assert_eq!([1, 2, 3, 4, 5, 6, 8, 12].map(medium_width), [3, 3, 4, 6, 6, 12, 12, 12]);
    }

    #[test]
    fn in_a_narrow_window_each_step_is_seen() {
        let dragged = [1.0, 3.0, 4.0, 5.5, 8.0, 9.5, 12.0].map(|columns| snapped_width(columns, true));
        assert_eq!(dragged, [2, 2, 3, 4, 4, 12, 12]);
        for width in MEDIUM_WIDTHS {
            assert_eq!(snapped_width(shown_width(width, true).into(), true), width, "what it shows is what it stores");
        }
        assert_eq!([12, 8, 6, 5, 4, 3, 2].map(|width| stepped_width(width, false, true)), [4, 4, 4, 3, 3, 2, 2]);
        assert_eq!([2, 3, 4, 5, 6, 8, 12].map(|width| stepped_width(width, true, true)), [3, 4, 12, 12, 6, 8, 12]);
    }

    #[test]
    fn the_own_size_counts_before_that_of_the_section_and_the_density() {
        let own = CellLayout { width: Some(8), ..CellLayout::default() };
        let section = SectionLayout { width: Some(4), height: Some(30), ..SectionLayout::default() };
        assert_eq!(CellSize::of(&own, Some(&section)), CellSize { width: Some(8), height: Some(30) });
        assert_eq!(CellSize::of(&own, None), CellSize { width: Some(8), height: None });
        let height =
            |density, has_heads| CellSize::default().of_chart(&BoardLayout { density, ..BoardLayout::default() }, has_heads).height;
        assert_eq!((height(None, false), height(None, true), height(Some(6), false)), (None, Some(25), Some(14)));
    }

    #[test]
    fn a_plot_has_the_room_that_the_legend_leaves() {
        let height = |rows, legend| CellSize { width: None, height: Some(rows) }.plot_height(legend);
        assert_eq!((height(25, 1), height(25, 2), height(12, 2)), (Some(158), Some(128), Some(84)));
        assert_eq!(CellSize::default().plot_height(1), None);
        let rows = |height| CellSize { width: None, height }.most_legend_rows();
        assert_eq!([rows(None), rows(Some(25)), rows(Some(35))], [3, 2, 3]);
    }
}
