//! The columns of a comparison of configurations: runs, or groups of runs.

use super::membership::GroupKeys;
use crate::protocol::{ApiError, ErrorKind, GroupId, RunId};
use crate::server::boards::Boards;
use crate::server::boards::existing_run::no_run;
use crate::server::boards::runs::run_diff::{DiffColumn, RunDiff, diff_columns};
use crate::server::boards::runs::{RunQuery, is_private, parse_run_ids};
use crate::server::error::ServerError;
use crate::server::limits::MAX_DIFF_COLUMNS;

/// `?runs=first,second` or `?by=lr&groups=g0123456789ab,gab0123456789&q=lr<1`, with `reference=first`.
#[derive(Clone, Debug)]
pub struct RunDiffQuery {
    columns: Columns,
    /// The id of a column; `None`: the first one.
    reference: Option<String>,
}

#[derive(Clone, Debug)]
enum Columns {
    Runs(Vec<RunId>),
    Groups {
        query: Box<RunQuery>,
        by: Vec<String>,
        /// `None`: the largest ones.
        ids: Option<Vec<GroupId>>,
    },
}

impl RunDiffQuery {
    /// Parses the query of a URL. 400: unknown or too large.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let (mut runs, mut search, mut by, mut groups, mut reference) = (None, None, None, None, None);
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "runs" => runs = Some(parse_run_ids(&value)?),
                "q" => search = Some(value.into_owned()),
                "by" => by = Some(GroupKeys::parse_names(&value)?),
                "groups" => groups = Some(parse_group_ids(&value)?),
                "reference" => reference = Some(value.into_owned()).filter(|id| !id.is_empty()),
                key => {
                    let key: String = key.chars().take(80).collect();
                    let rule = "is no key of this query; known are runs, by, groups, q and reference";
                    return Err(ErrorKind::BadRequest.with(format!("'{key}' {rule}.")).at(&key, rule));
                }
            }
        }
        let columns = match (runs, by) {
            (Some(runs), None) if groups.is_none() && search.is_none() => Columns::Runs(runs),
            (None, Some(by)) => {
                let mut of_runs = form_urlencoded::Serializer::new(String::new());
                of_runs.extend_pairs(search.map(|search| ("q", search)));
                Columns::Groups { query: Box::new(RunQuery::parse(&of_runs.finish())?), by, ids: groups }
            }
            _ => {
                let rule =
                    "must name two runs or more, ?runs=first,second, or 'by' keys to group by, ?by=lr&groups=g0123456789ab,gab0123456789";
                return Err(ErrorKind::BadRequest.with(format!("'runs' {rule}.")).at("runs", rule));
            }
        };
        Ok(Self { columns, reference })
    }
}

/// Ids with commas between them.
fn parse_group_ids(value: &str) -> Result<Vec<GroupId>, ApiError> {
    let ids = value.split(',').map(str::trim).filter(|id| !id.is_empty());
    let ids = ids.map(|id| {
        let short: String = id.chars().take(80).collect();
        GroupId::parse(id).ok_or_else(|| wrong_groups(&format!("must be ids of groups, 'g' and 12 hexadecimal digits, not '{short}'")))
    });
    ids.collect()
}

fn wrong_groups(rule: &str) -> ApiError {
    ErrorKind::BadRequest.with(format!("'groups' {rule}.")).at("groups", rule)
}

impl Boards {
    /// What differs between runs or groups. `is_public`: without what a share does not show. 404: one of them is not there.
    pub async fn run_diff(&self, board: &str, query: RunDiffQuery, is_public: bool) -> Result<RunDiff, ServerError> {
        let columns = match query.columns {
            Columns::Runs(ids) => self.run_columns(board, &ids)?,
            Columns::Groups { query, by, ids } => {
                let groups = self.groups_of_runs(board, &query, &by, is_public).await?;
                let missing = ids.iter().flatten().find(|id| groups.iter().all(|group| group.id != **id));
                if let Some(id) = missing {
                    return Err(ErrorKind::NotFound.with(format!("There is no group '{id}' of runs by these keys.")).into());
                }
                let column = |id: GroupId, runs: &[_]| DiffColumn { id: id.to_string(), runs: runs.to_vec() };
                match ids {
                    None => groups.iter().take(MAX_DIFF_COLUMNS).map(|group| column(group.id, &group.runs)).collect(),
                    Some(ids) => {
                        let of = |id: &GroupId| groups.iter().find(|group| group.id == *id).map(|group| column(group.id, &group.runs));
                        ids.iter().filter_map(of).collect()
                    }
                }
            }
        };
        if !(2..=MAX_DIFF_COLUMNS).contains(&columns.len()) {
            let rule = format!("compares 2 to {MAX_DIFF_COLUMNS} runs or groups, not {}", columns.len());
            return Err(ErrorKind::BadRequest.with(format!("'run-diff' {rule}.")).at("runs", rule).into());
        }
        let reference = match &query.reference {
            None => 0,
            Some(id) => columns.iter().position(|column| column.id == *id).ok_or_else(|| {
                let rule = "must be one of the runs or groups that are compared";
                ErrorKind::BadRequest.with(format!("'reference' {rule}.")).at("reference", rule)
            })?,
        };
        let diff = move |_: &_, _: &str, _: &_| diff_columns(&columns, reference, |key| !is_public || !is_private(key));
        self.search_board(board, diff).await
    }

    /// A column for each of these runs. 404: one of them is not there.
    fn run_columns(&self, board: &str, ids: &[RunId]) -> Result<Vec<DiffColumn>, ApiError> {
        let index = self.store.index();
        let known = index.board(board).map(|board| &board.runs);
        let column = |id: &RunId| {
            let run = known.and_then(|runs| runs.get(id)).cloned().ok_or_else(|| no_run(board, id))?;
            Ok(DiffColumn { id: id.to_string(), runs: vec![run] })
        };
        ids.iter().map(column).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_runs_or_groups() {
        let parse = RunDiffQuery::parse;
        assert!(matches!(parse("runs=a,b").unwrap().columns, Columns::Runs(ids) if ids.len() == 2));
        let groups = parse("by=lr&groups=g0123456789ab,g000000000001&q=lr<1&reference=g000000000001").unwrap();
        assert_eq!(groups.reference.as_deref(), Some("g000000000001"));
        assert!(matches!(groups.columns, Columns::Groups { by, ids: Some(ids), .. } if by == ["lr"] && ids.len() == 2));
        assert!(matches!(parse("by=lr").unwrap().columns, Columns::Groups { ids: None, .. }));
        for query in ["", "runs=a,b&by=lr", "runs=a,b&q=x", "groups=g0123456789ab", "by=lr&groups=x", "x=1"] {
            assert_eq!(parse(query).unwrap_err().code, 400, "{query}");
        }
    }
}
