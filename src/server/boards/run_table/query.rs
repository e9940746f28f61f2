//! What the address of a table says.

use crate::protocol::{ApiError, GroupId, RunTable};
use crate::server::boards::groups::membership::GroupKeys;
use crate::server::boards::runs::RunQuery;
use crate::server::boards::runs::run_query::{is_timed, wrong_parameter as wrong};
use crate::server::boards::runs::table_columns::parse_columns;
use crate::server::limits::MAX_RUN_TABLE_ROWS;

const KNOWN: &str = "q, sort, runs, by, in, columns, archived, $skip and $limit";

/// `?q=lr<0.01&sort=-metrics.val/acc.max,config.lr&columns=config.lr,metrics.val/acc.max&archived=true&$skip=50&$limit=50`
#[derive(Clone, Debug)]
pub struct RunTableQuery {
    /// The search, the order, ids of runs and the page.
    pub(super) runs: RunQuery,
    /// Names of columns; `None`: those by difference.
    pub(super) columns: Option<Vec<String>>,
    pub(super) archived: Archived,
    /// The keys of groups, and the group whose members are listed.
    pub(super) group: Option<(Vec<String>, GroupId)>,
}

/// Which runs are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Archived {
    /// Those that are not archived.
    #[default]
    No,
    /// All.
    Yes,
    /// The archived ones.
    Only,
}

impl Archived {
    pub fn includes(self, is_archived: bool) -> bool {
        match self {
            Self::No => !is_archived,
            Self::Yes => true,
            Self::Only => is_archived,
        }
    }
}

impl RunTableQuery {
    /// Parses the query of a URL. 400: unknown or too large.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let mut of_runs = form_urlencoded::Serializer::new(String::new());
        let (mut columns, mut archived, mut by, mut group) = (None, Archived::default(), Vec::new(), None);
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "q" | "sort" | "runs" | "$skip" | "$limit" => drop(of_runs.append_pair(&key, &value)),
                "by" => by = GroupKeys::parse_names(&value)?,
                "in" if value.is_empty() => {}
                "in" => {
                    let id = GroupId::parse(&value);
                    group = Some(id.ok_or_else(|| wrong("in", "must be the id of a group, as 'run-groups' answers it", &value))?);
                }
                "columns" => columns = Some(parse_columns(&value)?),
                "archived" => {
                    archived = match &*value {
                        "" | "false" => Archived::No,
                        "true" => Archived::Yes,
                        "only" => Archived::Only,
                        _ => return Err(wrong("archived", "must be true, false or only", &value)),
                    }
                }
                key => return Err(wrong(key, &format!("is no key of this query; known are {KNOWN}"), &value)),
            }
        }
        let group = group.map(|group| (by, group));
        Ok(Self { runs: RunQuery::parse(&of_runs.finish())?, columns, archived, group })
    }

    /// Whether the table changes when time passes.
    pub(super) fn depends_on_time(&self) -> bool {
        self.runs.depends_on_time() || self.columns.iter().flatten().any(|name| is_timed(name))
    }

    /// How many rows are passed over, and how many follow at most.
    pub(super) fn page(&self) -> (usize, usize) {
        let (skip, limit) = self.runs.page(RunTable::DEFAULT_ROWS);
        (skip, limit.min(MAX_RUN_TABLE_ROWS))
    }

    /// The number of the row behind the last one of the page.
    pub(super) fn end(&self) -> usize {
        let (skip, limit) = self.page();
        skip.saturating_add(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::limits::MAX_RUN_TABLE_COLUMNS;

    #[test]
    fn a_query_is_checked() {
        let query = RunTableQuery::parse("q=lr<1&sort=-a,b&columns=config.lr, config.\"a,b\",&archived=only&$skip=5&$limit=999").unwrap();
        assert_eq!(query.columns.as_deref(), Some(&["config.lr".to_owned(), "config.\"a,b\"".to_owned()][..]));
        assert_eq!((query.page(), query.archived), ((5, MAX_RUN_TABLE_ROWS), Archived::Only));
        let query = RunTableQuery::parse("").unwrap();
        assert_eq!((query.page(), query.archived, query.columns), ((0, RunTable::DEFAULT_ROWS), Archived::No, None));
        let is_timed = |query: &str| RunTableQuery::parse(query).unwrap().depends_on_time();
        for query in ["sort=age", "sort=-\"age\"", "sort=run.\"took\"", "columns=lr,run.\"took\"", "columns=\"state\"", "q=\"age\"<7d"] {
            assert!(is_timed(query), "{query}");
        }
        assert!(!is_timed("sort=lr&columns=config.stage,run.startedAt&q=lr<1"));
        let message = |query: &str| RunTableQuery::parse(query).unwrap_err().message;
        assert_eq!(message("archived=x"), "'archived' must be true, false or only, not 'x'.");
        assert!(message("status=failed").contains("known are q, sort"));
        assert_eq!(message(&format!("columns={}", "a,".repeat(MAX_RUN_TABLE_COLUMNS + 1))), "'columns' may name 100 columns.");
    }
}
