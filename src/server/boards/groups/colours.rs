//! The colours of runs by the value of a key: equal values have one colour, the same as the groups by this key. Many numbers are on a
//! scale.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use serde_json::Value;

use super::membership::{GroupKeys, RunGroup};
use crate::charts::palette::{COLOURS, NEUTRAL, scale_slot};
use crate::protocol::{ApiError, ErrorKind, RunId};
use crate::server::boards::Boards;
use crate::server::boards::runs::RunQuery;
use crate::server::boards::runs::run_query::parse_run_ids;
use crate::server::error::ServerError;

/// From this ratio of the ends on a scale of positive numbers is logarithmic.
const LOG_RATIO: f64 = 30.0;

/// `?by=config.lr&runs=first,second`.
#[derive(Clone, Debug)]
pub struct RunColoursQuery {
    by: Vec<String>,
    runs: Vec<RunId>,
}

/// The values of a key that some runs have.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct RunColours {
    /// The key by its full name, such as `config.lr`.
    pub by: String,
    /// The numbers at the ends of the scale; `None`: each value has a colour of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<(f64, f64)>,
    /// On a scale ascending, otherwise in the order in which they occurred first.
    pub values: Vec<ColouredValue>,
    /// The place in `values` of the value of each run.
    pub runs: BTreeMap<RunId, usize>,
}

/// A value of the key.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColouredValue {
    pub label: String,
    /// The place among all values of the board's runs in the order in which they occurred first. It is that of letter and colour.
    pub index: usize,
    /// Runs of the board that have it.
    pub runs: usize,
    /// The place on the scale, from 0 to 1; `None` of what is no number, and without a scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
}

impl RunColours {
    /// The slot of the colour of a run; `None` if its value is not known.
    pub fn slot(&self, run: &RunId) -> Option<usize> {
        let value = &self.values[*self.runs.get(run)?];
        Some(if self.scale.is_none() { value.index } else { value.share.map_or(NEUTRAL, scale_slot) })
    }

    /// `groups`: those of all runs by one key.
    fn new(mut groups: Vec<RunGroup>, runs: &[RunId]) -> Self {
        let number = |group: &RunGroup| group.key.first().and_then(|(_, value)| value.as_ref()?.as_f64());
        let is_missing = |group: &RunGroup| group.key.first().is_none_or(|(_, value)| value.as_ref().is_none_or(Value::is_null));
        let numbers: Vec<f64> = groups.iter().filter_map(number).collect();
        let is_scale = numbers.len() > COLOURS && groups.iter().all(|group| is_missing(group) || number(group).is_some());
        let ends = || numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), number| (lo.min(*number), hi.max(*number)));
        let scale = is_scale.then(ends);
        groups.sort_by(|one, other| match (number(one), number(other)) {
            (Some(one), Some(other)) if is_scale => one.total_cmp(&other),
            (one, other) if is_scale => other.is_some().cmp(&one.is_some()),
            _ => one.index.cmp(&other.index),
        });
        let by = groups.first().and_then(|group| group.key.first()).map(|(name, _)| name.clone()).unwrap_or_default();
        let mut colours = Self { by, scale, ..Self::default() };
        let wanted: HashSet<&RunId> = runs.iter().collect();
        for group in groups {
            let before = colours.runs.len();
            let members = group.runs.iter().filter(|run| wanted.contains(&run.id));
            colours.runs.extend(members.map(|run| (run.id.clone(), colours.values.len())));
            if colours.runs.len() > before {
                let share = scale.and_then(|ends| Some(share(number(&group)?, ends)));
                colours.values.push(ColouredValue { label: group.label, index: group.index, runs: group.runs.len(), share });
            }
        }
        colours
    }
}

/// The place of a number between the ends.
fn share(number: f64, (lo, hi): (f64, f64)) -> f64 {
    // Halved, so that not even the whole range of doubles overflows.
    let between = |number: f64, lo: f64, hi: f64| (number / 2.0 - lo / 2.0) / (hi / 2.0 - lo / 2.0);
    let is_log = lo > 0.0 && hi / lo >= LOG_RATIO;
    if is_log { between(number.ln(), lo.ln(), hi.ln()) } else { between(number, lo, hi) }
}

impl RunColoursQuery {
    /// Parses the query of a URL. 400: unknown, not one key, or no run.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let refuse = |key: &str, rule: &str| {
            let key: String = key.chars().take(80).collect();
            ErrorKind::BadRequest.with(format!("'{key}' {rule}.")).at(&key, rule)
        };
        let (mut by, mut runs) = (Vec::new(), None);
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "by" => by = GroupKeys::parse_names(&value)?,
                "runs" => runs = Some(parse_run_ids(&value)?),
                key => return Err(refuse(key, "is no key of this query; known are by and runs")),
            }
        }
        if by.len() != 1 {
            return Err(refuse("by", "must name one key: by=config.lr"));
        }
        Ok(Self { by, runs: runs.ok_or_else(|| refuse("runs", "must name runs: runs=first,second"))? })
    }
}

impl Boards {
    /// The colours of runs by one key: those of all values of the board's runs, archived ones left out. `is_public`: without what a share
    /// does not show. 400: the name is no key of the board, or no key to group by.
    pub async fn run_colours(&self, board: &str, query: &RunColoursQuery, is_public: bool) -> Result<RunColours, ServerError> {
        self.colours_by(board, &query.by, &query.runs, is_public).await
    }

    /// The same by a list of one key.
    pub async fn colours_by(&self, board: &str, by: &[String], runs: &[RunId], is_public: bool) -> Result<RunColours, ServerError> {
        Ok(RunColours::new(self.groups_of_runs(board, &RunQuery::parse("")?, by, is_public).await?, runs))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::boards::runs::{RunTarget, parse_run};
    use crate::server::testing::model::app;

    async fn colours(values: &[serde_json::Value]) -> (RunColours, Vec<usize>) {
        let folder = tempfile::tempdir().unwrap();
        let boards = app(folder.path()).await.boards.clone();
        let ids: Vec<RunId> = (0..values.len()).map(|at| RunId::parse(&format!("r{at}")).unwrap()).collect();
        for (id, value) in ids.iter().zip(values) {
            let keys = json!({"config": if value.is_null() { json!({}) } else { json!({ "lr": value }) }}).to_string();
            boards.patch_runs("b".into(), RunTarget::One(id.clone()), parse_run(keys.as_bytes()).unwrap(), true, None).await.unwrap();
        }
        let colours = boards.colours_by("b", &["lr".to_owned()], &ids, false).await.unwrap();
        let slots = ids.iter().map(|id| colours.slot(id).unwrap()).collect();
        (colours, slots)
    }

    #[tokio::test]
    async fn equal_values_have_one_colour_and_many_numbers_are_on_a_scale() {
        let (few, slots) = colours(&[json!(0.1), json!("0.1"), json!(0.01), json!(0.1), json!(null)]).await;
        assert_eq!((few.by.as_str(), few.scale, slots), ("config.lr", None, vec![0, 1, 2, 0, 3]));
        let labels: Vec<_> = few.values.iter().map(|value| (value.label.as_str(), value.runs)).collect();
        assert_eq!(labels, [("lr 0.1", 2), ("lr \"0.1\"", 1), ("lr 0.01", 1), ("no lr", 1)]);
        let tens: Vec<_> = (0..10).rev().map(|at| json!(10_f64.powi(-at))).chain([json!(null)]).collect();
        let (many, slots) = colours(&tens).await;
        assert_eq!(many.scale, Some((1e-9, 1.0)));
        assert!(slots.iter().take(10).is_sorted() && slots[10] == NEUTRAL, "{slots:?}");
        assert_eq!((slots[0], slots[9]), (scale_slot(0.0), scale_slot(1.0)));
        let shares: Vec<f64> = many.values.iter().filter_map(|value| value.share).collect();
        assert!((shares[3] - 1.0 / 3.0).abs() < 1e-9, "each power of ten is as far from the next: {shares:?}");
        let texts: Vec<_> = (0..9).map(|at| json!(format!("m{at}"))).collect();
        assert_eq!(colours(&texts).await.0.scale, None, "texts have no scale");
    }

    #[tokio::test]
    async fn colours_do_not_depend_on_the_runs_that_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let boards = app(folder.path()).await.boards.clone();
        for (id, lr) in [("a", 0.1), ("b", 0.01), ("c", 0.001)] {
            let keys = json!({"config": {"lr": lr}}).to_string();
            let target = RunTarget::One(RunId::parse(id).unwrap());
            boards.patch_runs("b".into(), target, parse_run(keys.as_bytes()).unwrap(), true, None).await.unwrap();
        }
        let query = RunColoursQuery::parse("by=config.lr&runs=c").unwrap();
        let one = boards.run_colours("b", &query, false).await.unwrap();
        let c = RunId::parse("c").unwrap();
        assert_eq!((one.slot(&c), one.values.len(), one.values[0].index, one.runs.len()), (Some(2), 1, 2, 1));
        for (query, message) in [
            ("by=lr,wd&runs=a", "'by' must name one key: by=config.lr."),
            ("by=lr", "'runs' must name runs: runs=first,second."),
            ("by=lr&runs=a&x=1", "'x' is no key of this query; known are by and runs."),
        ] {
            assert_eq!(RunColoursQuery::parse(query).unwrap_err().message, message);
        }
    }
}
