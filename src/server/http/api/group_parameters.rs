//! The keys of an address that choose groups: `?by=config.lr&q=lr<0.1&line=mean&band=t95`.

use super::invalid_parameter as wrong;
use crate::protocol::groups::{Band, GroupLine};
use crate::protocol::{ApiError, GroupId};
use crate::server::boards::groups::membership::GroupKeys;
use crate::server::limits::MAX_GROUPS;
use crate::server::render::drawn_groups::GroupsView;

/// What was read so far. Without `by` there are no groups.
#[derive(Default)]
pub struct GroupParameters {
    by: Option<Vec<String>>,
    search: String,
    line: GroupLine,
    band: Option<Band>,
    hidden: Vec<GroupId>,
    solo: Option<GroupId>,
}

impl GroupParameters {
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ApiError> {
        match key {
            "by" => self.by = Some(GroupKeys::parse_names(value)?),
            "q" => self.search = value.to_owned(),
            "line" => {
                let known = GroupLine::parse(value);
                self.line = known.ok_or_else(|| wrong(key, "must be 'mean', 'median', 'geomean', 'min' or 'max'", value))?;
            }
            "hide" => self.hidden = value.split(',').filter_map(GroupId::parse).take(MAX_GROUPS).collect(),
            "solo" => self.solo = GroupId::parse(value),
            _ => {
                let rule = "must be 't95', 'std', 'stderr', 'minmax', 'iqr' or 'none'";
                self.band = Some(Band::parse(value).ok_or_else(|| wrong(key, rule, value))?);
            }
        }
        Ok(())
    }

    /// 400: the search is wrong, or the band does not belong to the line.
    pub fn finish(self, is_public: bool) -> Result<Option<GroupsView>, ApiError> {
        let Self { by, search, line, band, hidden, solo } = self;
        let band = band.unwrap_or(line.default_band());
        if !line.is_valid_with(band) {
            return Err(wrong("band", &format!("must be one that belongs to the line '{}'", line.as_str()), band.as_str()));
        }
        let is_grouped = by.is_some();
        let view = GroupsView { search, by: by.unwrap_or_default(), line, band, hidden, solo, is_public };
        // Without groups the search is not used, but a wrong one is refused all the same.
        view.runs()?;
        Ok(is_grouped.then_some(view))
    }
}
