//! The live line charts of the page. Their points stay outside of the reactive graph: plain buffers, one animation frame for all.
//!
//! `view` and `curves` are pure; `charts` holds all charts, decides what is drawn when, and asks for columns; `seen` which of them are near
//! the screen, `print` what is made for paper; `chart` is one of them in the document, `paint` its canvas; `press` what keys do; `pointer`, `tip`, `legend` and `panel` are what a person touches; `address` keeps the view in the URL.

mod address;
mod chart;
mod charts;
mod curves;
mod drawing;
mod legend;
mod paint;
mod panel;
mod pointer;
mod press;
mod print;
mod seen;
mod tip;
mod view;

pub use address::set as keep_in_address;
pub use charts::{begin, refresh, remove, repaint, start, take, unread, unset};
pub use drawing::{draw, end as end_drawing};
pub use paint::is_dark;
pub use panel::seen;
pub use press::{Press, press};
pub use tip::{ID as TIP, line, stand_beside};
