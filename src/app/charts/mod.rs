//! The live line charts of the page. Their points stay outside of the reactive graph: plain buffers, one animation frame for all.
//!
//! `view` and `curves` are pure; `charts` holds all charts, decides what is drawn when, and asks for columns; `seen` which of them are near
//! the screen, `print` what is made for paper; `chart` is one of them in the document, `paint` its canvas; `press` what keys do; `pointer`, `tip`, `legend` and `panel` are what a person touches; `address` keeps the view in the URL.

mod canvas;
mod column_cache;
mod gestures;
mod keys;
mod legend;
mod line_chart;
mod print;
mod registry;
mod settings_panel;
mod tooltip;
mod url_state;
mod value_chart;
mod viewport;
mod visibility;

pub use canvas::is_dark;
pub use keys::{Press, press};
pub use registry::{begin, refresh, remove, repaint, start, take, unread, unset};
pub use settings_panel::seen;
pub use tooltip::{ID as TIP, line, stand_beside};
pub use url_state::set as keep_in_address;
pub use value_chart::{draw, end as end_drawing};
