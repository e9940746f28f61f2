//! What the comparison means for the charts: the groups that they draw, or the runs.

use leptos::prelude::*;

use super::run_rows::RowSection;
use super::{Comparison, Dashboard};
use crate::app::charts::{DrawnRun, Grouping};
use crate::charts::Emphasis;
use crate::protocol::{GroupId, RunId};
use crate::routes::encoded;

impl Dashboard {
    /// Hands the charts the groups that are compared, whenever the comparison changes.
    pub fn draw_groups(self) {
        let grouping = Memo::new(move |_| self.runs.comparison.with(grouping));
        Effect::new(move |_| self.charts.set_grouping(grouping.get()));
        Effect::new(move |_| {
            let id = |section: &RowSection| Some(section.group.as_ref()?.id);
            self.charts.set_group_order(self.runs.rows.with(|rows| rows.sections.iter().filter_map(id).collect()));
        });
    }

    /// The runs that the charts draw. With groups these are the pinned runs, and the members of the group that is pointed at.
    pub fn runs_in_charts(self) -> Vec<DrawnRun> {
        let runs = self.runs;
        let (is_grouped, pinned, solo) = runs.comparison.with(|comparison| {
            let pinned: Vec<RunId> = comparison.pinned.iter().filter_map(|id| run_id(id)).collect();
            (!comparison.by.is_empty(), pinned, comparison.solo.as_deref().and_then(run_id))
        });
        let drawn = |id: &RunId, emphasis: Emphasis| {
            let (name, colour) = runs.run(id).map_or_else(|| (id.to_string(), 0), |run| (run.name, run.colour));
            DrawnRun { id: id.clone(), name, colour: colour.into(), value: None, emphasis }
        };
        if !is_grouped {
            let emphasis = |id: &RunId| if pinned.contains(id) { Emphasis::Bold } else { Emphasis::Normal };
            let coloured = |id: &RunId| {
                let run = drawn(id, emphasis(id));
                runs.colours.with(|colours| DrawnRun {
                    colour: colours.slot(id, run.colour as u8),
                    value: colours.value(id).map(|(place, value)| (place, value.name.clone())),
                    ..run
                })
            };
            return runs.drawn_in_order.get().iter().map(coloured).collect();
        }
        let mut all: Vec<DrawnRun> = match &solo {
            Some(run) => vec![drawn(run, Emphasis::Bold)],
            None => pinned.iter().map(|run| drawn(run, Emphasis::Bold)).collect(),
        };
        if let Some(group) = self.charts.highlighted_group.get() {
            let (members, colour) = self.charts.members_of(group);
            let members = members.iter().filter(|member| !pinned.contains(member));
            all.extend(members.map(|member| DrawnRun { colour, ..drawn(member, Emphasis::Thin) }));
        }
        all
    }
}

/// `None`: runs are drawn.
fn grouping(comparison: &Comparison) -> Option<Grouping> {
    if comparison.by.is_empty() {
        return None;
    }
    let mut query = ["&by=", &encoded(&comparison.by.join(","))].concat();
    if !comparison.q.is_empty() {
        query.extend(["&q=", &encoded(&comparison.q)]);
    }
    query.extend(["&line=", comparison.line.as_str(), "&band=", comparison.band.as_str()]);
    let groups = |ids: &[String]| ids.iter().filter_map(|id| GroupId::parse(id)).collect();
    let solo = comparison.solo.as_deref().and_then(GroupId::parse);
    Some(Grouping {
        query,
        line: comparison.line,
        band: comparison.band,
        pinned: groups(&comparison.pinned),
        hidden: groups(&comparison.hidden_groups),
        solo,
        is_run_solo: solo.is_none() && comparison.solo.is_some(),
    })
}

/// The id of a run, where it is not one of a group.
fn run_id(id: &str) -> Option<RunId> {
    RunId::parse(id).filter(|_| GroupId::parse(id).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::groups::{Band, GroupLine};

    #[test]
    fn an_address_says_which_groups_and_what_is_in_the_foreground() {
        assert_eq!(grouping(&Comparison::default()), None);
        let comparison = Comparison {
            q: "lr<0.1 tag:ok".into(),
            by: vec!["config.lr".into(), "config.opt.name".into()],
            line: GroupLine::Median,
            band: Band::Iqr,
            pinned: vec!["first".into(), "g0123456789ab".into()],
            solo: Some("g00000000000f".into()),
            ..Comparison::default()
        };
        let grouping = grouping(&comparison).unwrap();
        assert_eq!(grouping.query, "&by=config.lr%2Cconfig.opt.name&q=lr%3C0.1%20tag%3Aok&line=median&band=iqr");
        assert_eq!((grouping.pinned.len(), grouping.solo, grouping.is_run_solo), (1, GroupId::parse("g00000000000f"), false));
        assert!(grouping.draws(GroupId::from_bits(15)) && !grouping.draws(GroupId::from_bits(14)));
    }
}
