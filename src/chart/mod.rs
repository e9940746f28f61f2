//! How numbers become drawings: pure, the same on the server (SVG) and in the browser (canvas).

mod clock;
pub mod frame;
pub mod kinds;
pub mod palette;
pub mod scale;
pub mod svg;
pub mod text;
pub mod ticks;

pub use frame::{Anchor, Ask, Curve, Frame, Look, Size};
pub use palette::Theme;
pub use scale::Scale;
pub use svg::{Place, Svg};
pub use text::number;
pub use ticks::{Measure, Tick, ticks};
pub mod marks;
pub mod path;
pub mod raster;
