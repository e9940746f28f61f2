//! The parts of the table that are loaded apart, each from its own address.

use crate::app::state::RunRows;
use crate::protocol::GroupId;

/// What an address is loaded for.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A page of all runs that were found.
    Rows(usize),
    /// Counts and columns beside groups.
    Counts,
    Groups,
    Members(GroupId, usize),
    Rule,
    /// The run that the address names.
    Linked,
    /// The colours of the runs that are drawn and of those in sight.
    Colours,
}

/// The section that a part is of.
pub fn section(rows: &RunRows, part: &Part) -> Option<usize> {
    rows.sections.iter().position(|section| match (part, &section.group) {
        (Part::Rows(_), None) => true,
        (Part::Members(id, _), Some(group)) => group.id == *id,
        _ => false,
    })
}
