//! The names of the rows, each by its difference from the others where it is long.

use std::collections::HashMap;
use std::sync::Arc;

use leptos::prelude::*;

use crate::app::state::{RunRows, RunsState};
use crate::charts::names::lead_with_difference;

/// The room of a name in CSS pixels, by which long ones are cut.
const NAME_ROOM: f64 = 165.0;
/// The same of groups, which are bold and have a letter.
const GROUP_ROOM: f64 = 130.0;
/// Names that are compared; those of later rows are compared with none.
const MAX_NAMES: usize = 500;

/// The short forms of long names.
pub type ShortNames = Memo<Arc<HashMap<String, String>>>;

/// Those of the loaded rows, of runs and of groups.
pub fn short_names(runs: RunsState) -> ShortNames {
    let of_rows = |rows: &RunRows| {
        let mut names = shorten(rows.runs().map(|run| run.name.as_str()), NAME_ROOM);
        names.extend(shorten(rows.sections.iter().filter_map(|section| Some(section.group.as_ref()?.label.as_str())), GROUP_ROOM));
        names
    };
    Memo::new(move |_| Arc::new(runs.rows.with(of_rows)))
}

fn shorten<'a>(names: impl Iterator<Item = &'a str>, room: f64) -> HashMap<String, String> {
    let mut names: Vec<&str> = names.take(MAX_NAMES).collect();
    crate::sorting::sort(&mut names);
    names.dedup();
    let short = lead_with_difference(&names, room);
    let changed = names.into_iter().zip(short).filter(|(name, short)| name != short);
    changed.map(|(name, short)| (name.to_owned(), short)).collect()
}

/// A name that has no others beside it.
pub fn short_alone(name: &str) -> String {
    lead_with_difference(&[name], NAME_ROOM).pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_runs_share_counts_once() {
        let name = |at: usize| format!("resnet50-imagenet-augmented-seed={at}-with-a-long-tail-of-settings-and-more");
        let (a, b) = (name(1), name(2));
        let short = shorten([a.as_str(), &b, &a, &b].into_iter(), NAME_ROOM);
        assert_eq!(short, shorten([a.as_str(), &b].into_iter(), NAME_ROOM));
        assert!(short[&a].starts_with("…1"), "{short:?}");
    }
}
