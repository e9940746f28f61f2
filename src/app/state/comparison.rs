//! Which runs are compared, and how: the search, the groups, what is drawn. It is a part of the address, so that a link shows what its
//! sender saw: `?q=lr<0.01&group=config.lr&show=newest:20&baseline=first`. `comparison_url` keeps the address up to date.

use std::fmt::Write;

use super::column_list::ColumnList;
use crate::protocol::RunId;
use crate::protocol::groups::{Band, GroupLine};
use crate::routes::{decoded, encoded};

/// The choice of runs and groups. Its default is what a board shows first, and what the address leaves out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// The search of the runs; empty: all.
    pub q: String,
    /// The keys of the groups, as searches name them; empty: no groups. With groups the charts draw one curve for each of them.
    pub by: Vec<String>,
    pub line: GroupLine,
    pub band: Band,
    pub show: ShowRule,
    /// The order of the rows, as `sort` of the server; empty: the newest first.
    pub sort: String,
    /// The id of a run or of a group.
    pub baseline: Option<String>,
    /// Runs and groups that are always drawn, thick and on top.
    pub pinned: Vec<String>,
    /// Groups that are not drawn.
    pub hidden_groups: Vec<String>,
    /// The run or the group that is drawn alone.
    pub solo: Option<String>,
    /// The run that the board is narrowed to.
    pub run: Option<RunId>,
    /// The key that decides the colours of runs; `None`: each run has its own colour.
    pub colour_by: Option<String>,
    /// The columns of the table.
    pub columns: ColumnList,
    /// The statistic of the metric in the rows of groups: `last`, `best`, `mean10` or `step`; empty: `last`.
    pub stat: String,
    /// The step of the statistic `step`, as it was written; empty: none.
    pub at: String,
    /// The metric that groups are compared by; `None`: the goal of the board.
    pub metric: Option<String>,
    /// Intervals are widened for the number of comparisons.
    pub is_corrected: bool,
    /// The table shows the archived runs instead of the others, without groups.
    pub is_archived: bool,
}

/// Which runs the charts draw. The eye of a row overrides it for one run.
#[derive(Clone, Debug, PartialEq)]
pub enum ShowRule {
    /// So many of the newest that match the search.
    Newest(u32),
    /// So many of the first rows, in the order of the table.
    First(u32),
    /// Everything that matches the search, at most [`ShowRule::MAX_RUNS`].
    All,
    These(Vec<RunId>),
}

impl Default for ShowRule {
    fn default() -> Self {
        Self::Newest(Self::DEFAULT_RUNS)
    }
}

impl ShowRule {
    pub const DEFAULT_RUNS: u32 = 20;
    /// More lines cannot be distinguished, and are too many for a request.
    pub const MAX_RUNS: u32 = 100;

    /// `newest:20`, `first:10`, `all` or `these:a,b`; `None` if the text is nothing of these.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let count = || value.parse().ok().filter(|count| (1..=Self::MAX_RUNS).contains(count));
        Some(match name {
            "newest" => Self::Newest(count()?),
            "first" => Self::First(count()?),
            "all" => Self::All,
            "these" => Self::These(value.split(',').filter_map(RunId::parse).take(Self::MAX_RUNS as usize).collect()),
            _ => return None,
        })
    }

    pub fn to_text(&self) -> String {
        let count = |name: &str, count: &u32| [name, &count.to_string()].concat();
        match self {
            Self::Newest(runs) => count("newest:", runs),
            Self::First(runs) => count("first:", runs),
            Self::All => "all".to_owned(),
            Self::These(runs) => "these:".to_owned() + &runs.iter().map(RunId::as_str).collect::<Vec<_>>().join(","),
        }
    }
}

/// The keys of the address.
const KEYS: [&str; 19] = [
    "q",
    "group",
    "line",
    "band",
    "show",
    "sort",
    "baseline",
    "pin",
    "hide",
    "solo",
    "run",
    "colour",
    "columns",
    "fixed",
    "stat",
    "at",
    "metric",
    "corrected",
    "archived",
];

impl Comparison {
    /// Reads the query of an address, with or without its `?`. What is not valid is left out.
    pub fn from_query(query: &str) -> Self {
        let mut read = Self::default();
        for (key, value) in query.trim_start_matches('?').split('&').filter_map(|part| part.split_once('=')) {
            if !value.is_empty() {
                read.set(key, value);
            }
        }
        let is_given = query.contains("band=");
        read.columns.fixed = read.columns.fixed.min(read.columns.keys.len()).min(ColumnList::MAX_FIXED);
        if !is_given || !read.line.is_valid_with(read.band) {
            read.band = read.line.default_band();
        }
        read
    }

    /// `value` is still encoded: a comma within an item is `%2C`.
    fn set(&mut self, key: &str, value: &str) {
        let text = || decoded(value);
        let list = || value.split(',').map(decoded).filter(|item| !item.is_empty()).collect::<Vec<_>>();
        match key {
            "q" => self.q = text(),
            "group" => self.by = list(),
            "line" => self.line = GroupLine::parse(&text()).unwrap_or_default(),
            "band" => self.band = Band::parse(&text()).unwrap_or_default(),
            "show" => self.show = ShowRule::parse(&text()).unwrap_or_default(),
            "sort" => self.sort = text(),
            "baseline" => self.baseline = Some(text()),
            "pin" => self.pinned = list(),
            "hide" => self.hidden_groups = list(),
            "solo" => self.solo = Some(text()),
            "run" => self.run = RunId::parse(&text()),
            "colour" => self.colour_by = Some(text()),
            "columns" => self.columns.keys = list().into_iter().take(ColumnList::MAX_KEYS).collect(),
            "fixed" => self.columns.fixed = value.parse().unwrap_or(0),
            "stat" => self.stat = text(),
            "at" => self.at = text(),
            "metric" => self.metric = Some(text()),
            "corrected" => self.is_corrected = value == "1",
            "archived" => self.is_archived = value == "1",
            _ => {}
        }
    }

    /// The encoded value of a key; empty for the default.
    fn value(&self, key: &str) -> String {
        let list = |items: &[String]| items.iter().map(|item| encoded(item)).collect::<Vec<_>>().join(",");
        let option = |text: &Option<String>| text.as_deref().map(encoded).unwrap_or_default();
        match key {
            "q" => encoded(&self.q),
            "group" => list(&self.by),
            "line" if self.line != GroupLine::default() => self.line.as_str().to_owned(),
            "band" if self.band != self.line.default_band() => self.band.as_str().to_owned(),
            "show" if self.show != ShowRule::default() => self.show.to_text(),
            "sort" => encoded(&self.sort),
            "baseline" => option(&self.baseline),
            "pin" => list(&self.pinned),
            "hide" => list(&self.hidden_groups),
            "solo" => option(&self.solo),
            "run" => self.run.as_ref().map(RunId::to_string).unwrap_or_default(),
            "colour" => option(&self.colour_by),
            "columns" => list(&self.columns.keys),
            "fixed" if self.columns.fixed > 0 => self.columns.fixed.to_string(),
            "stat" => encoded(&self.stat),
            "at" => encoded(&self.at),
            "metric" => option(&self.metric),
            "corrected" if self.is_corrected => "1".to_owned(),
            "archived" if self.is_archived => "1".to_owned(),
            _ => String::new(),
        }
    }

    /// A query with this comparison in it; its other keys stay. Empty, or with a `?` at its beginning.
    pub fn write_query(&self, query: &str) -> String {
        let is_own = |part: &str| KEYS.contains(&part.split('=').next().unwrap_or_default());
        let mut written = String::new();
        let mut push = |key: &str, value: &str| {
            let joint = if written.is_empty() { '?' } else { '&' };
            // Writing to a string does not fail.
            let _ = write!(written, "{joint}{key}{value}");
        };
        for part in query.trim_start_matches('?').split('&').filter(|part| !part.is_empty() && !is_own(part)) {
            push(part, "");
        }
        for key in KEYS {
            let value = self.value(key);
            if !value.is_empty() {
                push(key, &["=", &value].concat());
            }
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> RunId {
        RunId::parse(text).unwrap()
    }

    #[test]
    fn the_default_leaves_no_trace_in_an_address() {
        assert_eq!(Comparison::default().write_query(""), "");
        assert_eq!(Comparison::from_query(""), Comparison::default());
        let read = Comparison::from_query("?q=&group=&show=newest:20&line=mean&band=t95&corrected=0");
        assert_eq!(read, Comparison::default());
    }

    #[test]
    fn everything_is_read_as_it_was_written() {
        let all = Comparison {
            q: "lr<0.01 \"top 5\"=1 & a|b".into(),
            by: vec!["config.lr".into(), "a,b".into(), "ä".into()],
            line: GroupLine::Median,
            band: Band::MinMax,
            show: ShowRule::These(vec![id("a"), id("b.2")]),
            sort: "-metrics.val/acc.max,config.lr".into(),
            baseline: Some("g0123456789ab".into()),
            pinned: vec!["a".into(), "g1".into()],
            hidden_groups: vec!["g2".into()],
            solo: Some("b.2".into()),
            run: Some(id("a")),
            colour_by: Some("config.opt.name".into()),
            columns: ColumnList { keys: vec!["config.lr".into(), "metrics.\"a,b\".min".into()], fixed: 1 },
            stat: "step".into(),
            at: "1e3".into(),
            metric: Some("val/acc".into()),
            is_corrected: true,
            is_archived: true,
        };
        let query = all.write_query("");
        assert_eq!(Comparison::from_query(&query), all, "{query}");
        assert_eq!(all.write_query(&query), query);
    }

    #[test]
    fn other_keys_of_the_address_stay() {
        let search = Comparison { q: "a b".into(), ..Default::default() };
        assert_eq!(search.write_query("?zoom=x:1:2&q=old&full=c"), "?zoom=x:1:2&full=c&q=a%20b");
        assert_eq!(Comparison::default().write_query("?zoom=x:1:2&q=old"), "?zoom=x:1:2");
    }

    #[test]
    fn what_is_not_valid_is_left_out() {
        let read = Comparison::from_query("?line=sum&band=x&show=newest:0&run=..&q=%E4%zz&group=,,");
        assert_eq!(Comparison { q: String::new(), ..read.clone() }, Comparison::default());
        for text in ["newest", "newest:101", "first:x", "some", ""] {
            assert_eq!(ShowRule::parse(text), None, "{text}");
        }
        assert_eq!(ShowRule::parse("first:7"), Some(ShowRule::First(7)));
        assert_eq!(ShowRule::parse("these:a,..,b"), Some(ShowRule::These(vec![id("a"), id("b")])));
        assert_eq!(Comparison::from_query("line=median").band, Band::Iqr);
        assert_eq!(Comparison::from_query("line=median&band=t95").band, Band::Iqr, "no interval of a median by t");
    }

    #[test]
    fn addresses_typed_by_hand_are_read() {
        let read = Comparison::from_query("?q=lr<0.01+tag:ok&group=lr,opt.name&show=all");
        assert_eq!(
            (read.q.as_str(), read.by.as_slice(), &read.show),
            ("lr<0.01 tag:ok", &["lr".to_owned(), "opt.name".into()][..], &ShowRule::All)
        );
    }
}
