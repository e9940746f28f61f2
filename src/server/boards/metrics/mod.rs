//! From the names that scripts log to the charts of a board: the rule, the settings of a board that override it, and the ids of cells;
//! and the metrics that are the step of others.

mod cell_id;
mod direction;
mod glob;
mod place;
#[cfg(test)]
mod place_tests;
mod rank;
mod settings;
mod settings_cache;
mod step_metric;

pub use cell_id::cell_id;
pub use direction::best_direction;
pub use place::{MetricPlace, place_metric, section_of};
pub use rank::MetricRank;
pub use settings::{MetricSetting, MetricSettings};
pub use settings_cache::MetricSettingsCache;
pub use step_metric::{STEP_METRICS, StepMetrics, chart_by, check_step_metrics};
