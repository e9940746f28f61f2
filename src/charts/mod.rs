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
mod strokes;
pub mod text_metrics;
pub mod ticks;
pub mod time_ticks;
pub mod zone;

pub use axis_titles::AxisTitles;
pub use canvas::{CanvasSize, ChartCanvas};
pub use display_list::Layer;
pub use layout::{Ask, Curve, Frame, Look, Size};
pub use legend::{FOLDED, is_long, shown};
pub use line::{LineChart, summary};
pub use markers::{Mark, marks};
pub use palette::Theme;
pub use scale::Scale;
pub use strokes::{gap, layers, nearest};
pub use text_metrics::number;
pub use ticks::{Measure, Tick, ticks};
pub use zone::Zone;
