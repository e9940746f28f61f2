//! How numbers become drawings: pure, the same on the server (SVG) and in the browser (canvas).
//!
//! ```text
//! value (JSON) ── kinds ──────────────────┐
//!                                         ├─▶ display list ─▶ render::svg (server, exports)
//! columns ─ SeriesView ─ PlotLayout ──────┘   and hit areas    canvas (the page's painter)
//! ```
//!
//! - [`kinds`] has the charts of one value (bar, histogram, heatmap, scatter). A kind is one file and
//!   one line in its table: it parses the value, draws it and says where it can be pointed at.
//! - [`LineChart`] draws the columns of series: [`layout`] finds the ranges, the ticks and the
//!   legend; [`strokes`](build_layers) make the curves; [`markers`] are values that no line shows; [groups](GroupView) of runs have a
//!   line with a band.
//! - [`display_list`] is what is drawn. In it x is a share of the plot's width plus CSS pixels, and y
//!   is CSS pixels from the top, so one list fits every width.
//! - [`Scale`] maps data units to 0..1, linearly or by the logarithm; [`ticks`] chooses round values
//!   (Heckbert, "Nice Numbers for Graph Labels", Graphics Gems, 1990).

mod attrition;
pub mod axis_titles;
mod beyond;
pub mod canvas;
mod chart_options;
pub mod csv;
pub mod display_list;
pub mod event_marks;
mod glyph;
mod goal_lines;
mod group_hit;
mod group_range;
mod groups;
pub mod hit_areas;
pub mod hit_test;
mod ink;
pub mod kinds;
pub mod layout;
mod legend;
mod legend_fit;
mod legend_item;
mod letters;
pub mod line;
mod line_ends;
mod mark_lines;
pub mod markers;
pub mod names;
pub mod palette;
pub mod polyline;
mod range;
pub mod render;
pub mod scale;
mod series_label;
mod series_style;
pub mod series_view;
mod strokes;
mod superseded;
pub mod text_metrics;
pub mod ticks;
pub mod time_zone;

pub use attrition::{Attrition, Diverged};
pub use axis_titles::AxisTitles;
pub use canvas::{CanvasSize, ChartCanvas};
pub use chart_options::{AllHidden, ChartOptions};
pub use display_list::{Area, Layer};
pub use goal_lines::summarize_goal_lines;
pub use group_hit::{GroupHitRow, hit_test_groups};
pub use groups::{build_bands, draw_marks};
pub use layout::{PlotLayout, Size};
pub use legend::{
    MAX_FOLDED_NAMES, MAX_NAMES, NamedSeries, group_labels, group_labels_of_server, legend_items, legend_labels, owner_labels,
    rows_of_groups, rows_of_names, value_name,
};
pub use legend_item::{GroupTag, LegendItem};
pub use letters::{group_letter, has_letters};
pub use line::{LineChart, summarize};
pub use markers::{LineMarker, place_markers};
pub use palette::Theme;
pub use range::{YBounds, y_range};
pub use scale::Scale;
pub use series_label::{is_series_hidden, series_key, series_label};
pub use series_style::{SeriesStyle, StyledSeries, series_styles};
pub use series_view::{Emphasis, GroupView, SeriesView};
pub use strokes::{build_layers, nearest_column, nearest_gap};
pub use superseded::{has_superseded, without_superseded};
pub use text_metrics::{format_number, format_significant, format_ungrouped};
pub use ticks::{Tick, TickFormat, make_ticks, make_y_ticks};
pub use time_zone::TimeZone;
