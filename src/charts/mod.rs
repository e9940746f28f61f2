//! How numbers become drawings: pure, the same on the server (SVG) and in the browser (canvas).

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
pub mod scene;
mod strokes;
pub mod text_metrics;
pub mod ticks;
pub mod time_ticks;
pub mod zone;

pub use layout::{Anchor, Ask, Curve, Frame, Look, Size};
pub use legend::{FOLDED, is_long, shown};
pub use line::{Sheet, line, summary};
pub use markers::{Mark, marks};
pub use palette::Theme;
pub use render::pixels::Pixels;
pub use render::raster::Stroke;
pub use render::svg::{Place, Svg};
pub use scale::Scale;
pub use strokes::{Layer, gap, layers, nearest};
pub use text_metrics::number;
pub use ticks::{Measure, Tick, ticks};
pub use zone::Zone;
