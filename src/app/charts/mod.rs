//! The live line charts of the page, as components over a registry that the context provides.
//!
//! - State, outside of the reactive graph: `registry` holds all charts, `chart_state` one of them, with its `column_cache` and `viewport`, and
//!   `chart_drawing` draws it;
//!   `scheduler` draws them in one animation frame, `requests` loads their columns, `visibility` observes which are near the screen.
//! - Components: `line_chart` with `toolbar`, `crosshair` and `legend`; `tooltip` and `settings_panel`, one each for the page. The signals
//!   of `display` and `panel_state` connect them with the state.
//! - Input: `chart_events` and `listeners`; what they do is `chart_input`, with `gestures` and `commands`, which are loaded later; `readout` and `readout_control` read values of lines at a place, `hover` those of charts of one value.
//! - Outside: `history` keeps viewports in the URL, `print` draws for paper, `value_chart` draws charts of one value; `painter` draws display lists.

mod axis_fields;
mod axis_format;
mod axis_space;
mod canvas;
mod chart_curves;
mod chart_drawing;
mod chart_events;
mod chart_input;
mod chart_runs;
mod chart_state;
mod chart_summary;
mod column_cache;
mod commands;
mod crosshair;
mod display;
mod event_marks;
mod figure_fields;
mod gestures;
mod groups;
mod groups_control;
mod groups_readout;
mod groups_requests;
mod hidden_series;
mod history;
mod hover;
mod legend;
mod line_chart;
mod linked_zoom;
mod listeners;
mod overrides;
mod painter;
mod panel_fields;
mod panel_state;
mod panel_values;
mod pointer_state;
mod print;
mod readout;
mod readout_control;
mod registry;
mod requests;
mod runs_control;
mod scheduler;
mod series_looks;
mod settings_panel;
mod superseded_choice;
mod superseded_field;
mod toolbar;
mod tooltip;
mod url_state;
mod value_chart;
mod value_charts;
mod viewport;
mod visibility;
mod x_axis_fields;
mod y_zoom;
mod zoom_link;

pub use chart_input::ChartCommand;
pub use chart_runs::DrawnRun;
pub use chart_state::ChartSource;
pub use display::{NewestNumber, hex_color};
pub use gestures::install_chart_input;
pub use groups::Grouping;
pub use history::set_query_key;
pub use hover::{ChartHover, HoverOutline, HoverTarget, provide_chart_hover, use_chart_hover};
pub use line_chart::{LineChart, Prerendered};
pub use panel_state::PanelTarget;
pub use print::NotPrinted;
pub use registry::{ChartRegistry, use_charts};
pub use settings_panel::{PanelActions, SettingsPanel, chart_panel};
pub use tooltip::Tooltip;
pub use value_charts::Outcome;
