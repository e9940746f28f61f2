//! A change of many line charts at once.

use serde::{Deserialize, Serialize};

use super::{CellId, LineSettingsPatch};

/// How these charts are drawn from now on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChartsPatch {
    pub charts: Vec<CellId>,
    pub settings: LineSettingsPatch,
}
