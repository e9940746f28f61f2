//! By what the runs are grouped, and which groups are drawn.

use crate::charts::Emphasis;
use crate::protocol::GroupId;
use crate::protocol::groups::{Band, GroupLine};

/// What the charts know of a comparison of groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grouping {
    /// The keys of an address that say which groups: `&by=config.lr&q=…&line=mean&band=t95`.
    pub query: String,
    pub line: GroupLine,
    pub band: Band,
    pub pinned: Vec<GroupId>,
    pub hidden: Vec<GroupId>,
    /// Only this one is drawn.
    pub solo: Option<GroupId>,
    /// A run is drawn alone, and no group.
    pub is_run_solo: bool,
}

impl Grouping {
    pub fn draws(&self, group: GroupId) -> bool {
        !self.is_run_solo && self.solo.map_or_else(|| !self.hidden.contains(&group), |solo| solo == group)
    }

    /// How a group is drawn while `highlighted` is pointed at.
    pub fn emphasis(&self, group: GroupId, highlighted: Option<GroupId>) -> Emphasis {
        if highlighted == Some(group) || (highlighted.is_none() && self.pinned.contains(&group)) {
            Emphasis::Bold
        } else if highlighted.is_some() {
            Emphasis::Faint
        } else {
            Emphasis::Normal
        }
    }

    /// What ± is in a tooltip: `mean ± 95 % (t)`.
    pub fn describe(&self) -> String {
        let line = match self.line {
            GroupLine::GeoMean => "geometric mean",
            line => line.as_str(),
        };
        let band = match self.band {
            Band::None => "",
            Band::T95 if self.line == GroupLine::Mean => " ± 95 % (t)",
            Band::T95 => ", 95 % (t)",
            Band::Std => " ± std",
            Band::StdErr => " ± standard error",
            Band::MinMax => ", min to max",
            Band::Iqr => ", quartiles",
        };
        [line, band].concat()
    }

    /// Whether the band reaches as far down as up.
    pub fn is_symmetric(&self) -> bool {
        self.line == GroupLine::Mean && matches!(self.band, Band::T95 | Band::Std | Band::StdErr)
    }
}
