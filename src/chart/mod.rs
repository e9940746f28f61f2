//! How numbers become drawings: pure, the same on the server (SVG) and in the browser (canvas).

pub mod clock;
pub mod frame;
pub mod kinds;
mod layer;
mod legend;
pub mod line;
pub mod marks;
pub mod names;
pub mod palette;
pub mod path;
mod pixels;
mod range;
pub mod raster;
pub mod reading;
pub mod scale;
pub mod scene;
pub mod svg;
pub mod text;
pub mod ticks;
pub mod zone;

pub use frame::{Anchor, Ask, Curve, Frame, Look, Size};
pub use layer::{Layer, gap, layers, nearest};
pub use legend::{FOLDED, is_long, shown};
pub use line::{Sheet, line, summary};
pub use marks::{Mark, marks};
pub use palette::Theme;
pub use pixels::Pixels;
pub use raster::Stroke;
pub use scale::Scale;
pub use svg::{Place, Svg};
pub use text::number;
pub use ticks::{Measure, Tick, ticks};
pub use zone::Zone;
