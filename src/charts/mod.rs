//! How numbers become drawings: pure, the same on the server (SVG) and in the browser (canvas).

pub mod axis_titles;
pub mod canvas;
pub mod csv;
pub mod display_list;
pub mod hit_areas;
pub mod hit_test;
pub mod kinds;
pub mod layout;
mod legend;
pub mod line;
pub mod markers;
pub mod names;
pub mod palette;
pub mod polyline;
mod range;
pub mod render;
pub mod scale;
pub mod series_view;
mod strokes;
pub mod text_metrics;
pub mod ticks;
pub mod zone;

pub use axis_titles::AxisTitles;
pub use canvas::{CanvasSize, ChartCanvas};
pub use display_list::Layer;
pub use layout::{ChartOptions, PlotLayout, Size};
pub use legend::{MAX_FOLDED_NAMES, legend_labels, needs_two_rows};
pub use line::{LineChart, summarize};
pub use markers::{LineMarker, place_markers};
pub use palette::Theme;
pub use scale::Scale;
pub use series_view::{Emphasis, SeriesView};
pub use strokes::{build_layers, nearest_column, nearest_gap};
pub use text_metrics::format_number;
pub use ticks::{Tick, TickFormat, make_ticks};
pub use zone::Zone;
