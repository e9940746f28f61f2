//! The addresses of what the panel shows, by the comparison.

use crate::app::state::{Comparison, RowSection, ShowRule};
use crate::protocol::{GroupRow, RunId};
use crate::routes::{encoded, of_runs};

/// The server takes so many further metrics.
const MAX_SECONDARY: usize = 8;

/// The part of the comparison that decides which rows there are, and in which order.
#[derive(Clone, Debug, PartialEq)]
pub struct RowQuery {
    q: String,
    columns: String,
    by: String,
    sort: String,
    group_sort: String,
    /// The further keys of rows of groups.
    group_columns: String,
    /// What the rows of groups say.
    summary: String,
    archived: &'static str,
}

/// Whether an order is one of runs, such as the members of a group; rows of groups have further columns of their own.
fn is_of_runs(sort: &str) -> bool {
    let name = sort.strip_prefix('-').unwrap_or(sort);
    ["config.", "metrics.", "run."].iter().any(|space| name.starts_with(space))
}

/// Whether an order is by a metric of runs, of which groups have means only.
fn names_metric(sort: &str) -> bool {
    sort.strip_prefix('-').unwrap_or(sort).starts_with("metrics.")
}

/// Whether a search has a condition on the key `archived`: it then looks at archived runs, too.
fn names_archived(q: &str) -> bool {
    let words = q.split(|c: char| c.is_whitespace() || matches!(c, '(' | '|'));
    words.filter_map(|word| word.trim_start_matches('-').strip_prefix("archived")).any(|rest| rest.starts_with([':', '=', '!']))
}

/// The further metrics of rows of groups: those that have a column.
fn secondary(comparison: &Comparison) -> String {
    let mut names: Vec<&str> = Vec::new();
    for key in &comparison.columns.keys {
        let name = key.strip_prefix("metrics.").and_then(|rest| Some(rest.rsplit_once('.')?.0));
        let is_compared = |name: &&str| comparison.metric.as_deref() == Some(name);
        if let Some(name) = name.filter(|name| !names.contains(name) && !is_compared(name)) {
            names.push(name);
        }
    }
    names.truncate(MAX_SECONDARY);
    names.join(",")
}

/// The further keys of rows of groups: those that have a column, which may be none; empty: as the server chooses them.
fn group_columns(comparison: &Comparison) -> String {
    if comparison.columns.is_default() {
        return String::new();
    }
    let keys = comparison.columns.keys.iter().filter(|key| !key.starts_with("metrics."));
    columns_pair(keys.map(String::as_str))
}

fn columns_pair<'a>(keys: impl Iterator<Item = &'a str>) -> String {
    ["&columns=", &encoded(&keys.collect::<Vec<_>>().join(","))].concat()
}

impl RowQuery {
    pub fn of(comparison: &Comparison) -> Self {
        let pair = |key: &str, value: &str| if value.is_empty() { String::new() } else { ["&", key, "=", &encoded(value)].concat() };
        let sorts_runs = comparison.by.is_empty() || is_of_runs(&comparison.sort);
        let sorts_groups = !comparison.by.is_empty() && !names_metric(&comparison.sort);
        let (stat, at) = match comparison.stat.as_str() {
            // Until a step is chosen.
            "step" if comparison.at.is_empty() => ("", ""),
            "step" => ("step", comparison.at.as_str()),
            stat => (stat, ""),
        };
        let summary = [
            pair("metric", comparison.metric.as_deref().unwrap_or_default()),
            pair("stat", stat),
            pair("at", at),
            pair("secondary", &secondary(comparison)),
            pair("baseline", comparison.baseline.as_deref().unwrap_or_default()),
            if comparison.is_corrected { "&corrected=1".to_owned() } else { String::new() },
        ];
        Self {
            q: pair("q", &comparison.q),
            columns: pair("columns", &comparison.columns.keys.join(",")),
            // Archived runs are in no group.
            by: if comparison.is_archived { String::new() } else { pair("by", &comparison.by.join(",")) },
            sort: pair("sort", if sorts_runs { &comparison.sort } else { "" }),
            group_sort: pair("sort", if sorts_groups { &comparison.sort } else { "" }),
            group_columns: group_columns(comparison),
            summary: summary.concat(),
            archived: match comparison.is_archived {
                true => "&archived=only",
                false if names_archived(&comparison.q) => "&archived=true",
                false => "",
            },
        }
    }

    pub fn has_groups(&self) -> bool {
        !self.by.is_empty()
    }

    /// Rows of the runs that were found, or of those of a group. `columns`: their keys; empty: as the server chooses them.
    pub fn table(&self, board: &str, group: Option<&GroupRow>, columns: &str, skip: usize, limit: usize) -> String {
        let mut query = ["$limit=", &limit.to_string(), &self.q, &self.sort, self.archived].concat();
        if skip > 0 {
            query.extend(["&$skip=", &skip.to_string()]);
        }
        match group {
            None => {}
            Some(group) if group.runs as usize <= group.ids.len() => {
                query.extend(["&runs=", &group.ids.iter().map(RunId::as_str).collect::<Vec<_>>().join(",")]);
            }
            Some(group) => query.extend([&self.by, "&in=", &group.id.to_string()]),
        }
        if columns.is_empty() {
            query.push_str(&self.columns);
        } else {
            query.extend(["&columns=", &encoded(columns)]);
        }
        of_runs(board, "run-table", &query)
    }

    /// The query of the rows that the page's document carries.
    pub fn first_rows(&self) -> String {
        let limit = if self.has_groups() { 1 } else { RowSection::PAGE };
        ["$limit=", &limit.to_string(), &self.q, &self.sort, self.archived, &self.columns].concat()
    }

    /// Whether both find the same runs in the same groups, with the same cells; their order may be another one.
    pub fn finds_same_runs(&self, other: &Self) -> bool {
        (&self.q, &self.columns, &self.by, self.archived) == (&other.q, &other.columns, &other.by, other.archived)
    }

    /// The rows of groups.
    pub fn groups(&self, board: &str) -> String {
        of_runs(board, "run-groups", &self.first_groups())
    }

    fn first_groups(&self) -> String {
        ["$limit=200", &self.q, &self.by, &self.group_sort, &self.group_columns, &self.summary].concat()
    }

    /// The runs that the rule shows: the newest of those that match, or the first ones in the order of the table.
    pub fn of_rule(&self, board: &str, show: &ShowRule, limit: u32) -> String {
        let sort = if matches!(show, ShowRule::Newest(_)) { "" } else { &self.sort };
        of_runs(board, "run-table", &["$limit=", &limit.to_string(), &self.q, sort, self.archived, "&columns=run.name"].concat())
    }
}

/// The query of the table that a page with this query begins with.
pub fn first_table_query(query: &str) -> String {
    RowQuery::of(&Comparison::from_query(query)).first_rows()
}

/// The query of the groups that such a page begins with; `None` without groups.
pub fn first_groups_query(query: &str) -> Option<String> {
    let query = RowQuery::of(&Comparison::from_query(query));
    query.has_groups().then(|| query.first_groups())
}

/// The query of the drawings of charts that such a page begins with: empty, or parts that each begin with `&`.
pub fn first_drawing_query(query: &str) -> String {
    let comparison = Comparison::from_query(query);
    let pair = |key: &str, value: &str| if value.is_empty() { String::new() } else { ["&", key, "=", &encoded(value)].concat() };
    let pinned = pair("pin", &comparison.pinned.join(","));
    let solo = comparison.solo.as_deref().unwrap_or_default();
    if let Some(run) = &comparison.run {
        return [pair("runs", run.as_str()), pair("colour", comparison.colour_by.as_deref().unwrap_or_default())].concat();
    }
    if !comparison.by.is_empty() {
        let (line, band) = (pair("line", comparison.line.as_str()), pair("band", comparison.band.as_str()));
        let hidden = pair("hide", &comparison.hidden_groups.join(","));
        return [pair("by", &comparison.by.join(",")), pair("q", &comparison.q), line, band, hidden, pair("solo", solo), pinned].concat();
    }
    let top = |runs: u32| pair("top", &runs.to_string());
    let runs = match &comparison.show {
        _ if !solo.is_empty() => pair("runs", solo),
        ShowRule::Newest(ShowRule::DEFAULT_RUNS) if comparison.q.is_empty() && pinned.is_empty() => String::new(),
        ShowRule::Newest(runs) => [pair("q", &comparison.q), top(*runs)].concat(),
        ShowRule::First(runs) => [pair("q", &comparison.q), pair("sort", &comparison.sort), top(*runs)].concat(),
        ShowRule::All => [pair("q", &comparison.q), top(ShowRule::MAX_RUNS)].concat(),
        ShowRule::These(runs) => ["&runs=", &runs.iter().map(RunId::as_str).collect::<Vec<_>>().join(",")].concat(),
    };
    [runs, pair("colour", comparison.colour_by.as_deref().unwrap_or_default()), pinned].concat()
}

/// The groups as a file, as the table shows them, with these further keys; `None` without groups. `ending`: `csv` or `tex`.
pub fn groups_file_link<'a>(board: &str, comparison: &Comparison, keys: impl Iterator<Item = &'a str>, ending: &str) -> Option<String> {
    let query = RowQuery { group_columns: columns_pair(keys), ..RowQuery::of(comparison) };
    query.has_groups().then(|| of_runs(board, &["run-groups.", ending].concat(), &query.first_groups()))
}

/// All runs that were found as a file.
pub fn file_link(board: &str, comparison: &Comparison) -> String {
    let RowQuery { q, sort, archived, columns, .. } = RowQuery::of(comparison);
    of_runs(board, "run-table.csv", [q.as_str(), &sort, archived, &columns].concat().trim_start_matches('&'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_what_the_comparison_chooses() {
        let query = RowQuery::of(&Comparison::from_query("q=lr<1&sort=-metrics.val/acc.max&group=config.a,config.b&stat=best"));
        assert_eq!(query.table("a b", None, "", 0, 50), "boards/a%20b/run-table?$limit=50&q=lr%3C1&sort=-metrics.val%2Facc.max");
        assert!(query.groups("d").ends_with("&by=config.a%2Cconfig.b&stat=best"));
        // A key sorts the groups, and the members of each.
        let by_key = RowQuery::of(&Comparison::from_query("sort=-config.lr&group=config.a"));
        assert!(by_key.groups("d").ends_with("&by=config.a&sort=-config.lr"));
        assert_eq!(by_key.first_rows(), "$limit=1&sort=-config.lr");
        let no_key = RowQuery::of(&Comparison::from_query("group=config.a&columns=metrics.loss.min"));
        assert!(no_key.groups("d").contains("&columns=&"), "the page shows none, either");
        let by_mean = RowQuery::of(&Comparison::from_query("sort=-mean&group=config.a"));
        assert_eq!(by_mean.groups("d"), "boards/d/run-groups?$limit=200&by=config.a&sort=-mean");
        assert_eq!(by_mean.first_rows(), "$limit=1");
        assert_eq!(query.of_rule("d", &ShowRule::Newest(9), 9), "boards/d/run-table?$limit=9&q=lr%3C1&columns=run.name");
        let first = RowQuery::of(&Comparison::default());
        assert_eq!(first.table("d", None, "", 0, 50), "boards/d/run-table?$limit=50");
        assert_eq!(first_table_query("q=a&zoom=x:1:2"), "$limit=50&q=a");
        assert_eq!((first_groups_query("q=a"), first_groups_query("group=lr")), (None, Some("$limit=200&by=lr".to_owned())));
        let archived = RowQuery::of(&Comparison::from_query("group=config.a&sort=-mean&archived=1"));
        assert_eq!(
            (archived.has_groups(), archived.table("d", None, "", 0, 50)),
            (false, "boards/d/run-table?$limit=50&archived=only".into())
        );
        let by_search = |query: &str| first_table_query(query).ends_with("&archived=true");
        assert!(
            by_search("q=archived=true") && by_search("q=a -(archived:false)") && !by_search("q=archived") && !by_search("q=name:archived")
        );
        assert_eq!(first_drawing_query("zoom=x:1:2"), "");
        assert_eq!(first_drawing_query("q=lr<1&colour=lr&pin=a"), "&q=lr%3C1&top=20&colour=lr&pin=a");
        assert_eq!(first_drawing_query("group=lr&hide=g1&pin=a&colour=lr"), "&by=lr&line=mean&band=t95&hide=g1&pin=a");
        assert_eq!(first_drawing_query("show=first:5&sort=-config.lr"), "&sort=-config.lr&top=5");
        assert_eq!([first_drawing_query("run=a&group=lr"), first_drawing_query("solo=b")], ["&runs=a", "&runs=b"]);
        let chosen =
            RowQuery::of(&Comparison::from_query("columns=config.lr,metrics.val/acc.max,metrics.loss.min,metrics.loss.last&metric=loss"));
        assert_eq!(chosen.first_rows(), "$limit=50&columns=config.lr%2Cmetrics.val%2Facc.max%2Cmetrics.loss.min%2Cmetrics.loss.last");
        assert!(chosen.groups("d").ends_with("&columns=config.lr&metric=loss&secondary=val%2Facc"));
        let step = |query: &str| RowQuery::of(&Comparison::from_query(query)).groups("d");
        assert!(step("group=a&stat=step&at=500").ends_with("&stat=step&at=500") && step("group=a&stat=step").ends_with("&by=a"));
        assert!(step("group=a&stat=best&at=500").ends_with("&stat=best"));
        let files = |query: &str| {
            let comparison = Comparison::from_query(query);
            (file_link("d", &comparison), groups_file_link("d", &comparison, ["config.a", "run.b"].into_iter(), "tex"))
        };
        assert_eq!(files("q=a&sort=b"), ("boards/d/run-table.csv?q=a&sort=b".into(), None));
        let of_groups = "boards/d/run-groups.tex?$limit=200&q=a&by=lr&sort=-mean&columns=config.a%2Crun.b&metric=acc&baseline=g1";
        assert_eq!(files("q=a&group=lr&sort=-mean&metric=acc&baseline=g1").1.as_deref(), Some(of_groups));
    }
}
