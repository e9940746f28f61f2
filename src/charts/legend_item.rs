//! One name of a legend: that of a series, a run or a group.

use super::letters::group_letter;
use super::series_style::SeriesStyle;

/// The widest name in the page's legend, at the size of text in a chart: two of them have room in most tiles.
pub const MAX_LABEL_WIDTH: f64 = 165.0;

/// What stands around the name of a group: its letter, and how many runs it has. That of a run or a series has neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupTag {
    pub letter: String,
    pub members: String,
}

impl GroupTag {
    /// `left`: how many of its runs are in the curve to its end.
    pub fn new(index: u32, left: u32, runs: u32) -> Self {
        Self { letter: group_letter(index), members: member_count(left, runs) }
    }
}

/// `3 runs`, `3 runs, 2 to the end`: all are in the curve as far as they go.
pub fn member_count(left: u32, runs: u32) -> String {
    let left = if left < runs { [", ", &left.to_string(), " to the end"].concat() } else { String::new() };
    [runs.to_string().as_str(), if runs == 1 { " run" } else { " runs" }, &left].concat()
}

/// A name with what stands around it.
pub fn compose(tag: &GroupTag, name: &str, has_members: bool) -> String {
    let members = if has_members { tag.members.as_str() } else { "" };
    let parts = [tag.letter.as_str(), if tag.letter.is_empty() || name.is_empty() { "" } else { " " }, name];
    [parts.concat().as_str(), if members.is_empty() { "" } else { " · " }, members].concat()
}

/// One name of a legend.
#[derive(Clone, Debug, PartialEq)]
pub struct LegendItem {
    pub name: String,
    /// Of groups only.
    pub tag: GroupTag,
    /// The places of its series among all series of the chart.
    pub slots: Vec<usize>,
    /// Its swatch.
    pub style: SeriesStyle,
    /// A split, in all runs: its swatch has the dash only.
    pub is_split: bool,
}

impl LegendItem {
    pub fn is_group(&self) -> bool {
        !self.tag.letter.is_empty()
    }

    pub fn whole_name(&self) -> String {
        compose(&self.tag, &self.name, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_says_how_many_of_its_runs_are_left() {
        let name = |index, name, left, runs| compose(&GroupTag::new(index, left, runs), name, true);
        assert_eq!(
            [name(2, "16 · 0.4", 2, 3), name(0, "cnn", 3, 3), name(1, "mlp", 1, 1)],
            ["c 16 · 0.4 · 3 runs, 2 to the end", "a cnn · 3 runs", "b mlp · 1 run"]
        );
        assert_eq!(compose(&GroupTag::default(), "loss", true), "loss");
    }
}
