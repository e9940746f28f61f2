//! What stands on paper above the table: the search, the groups, what lines and bands are, and the time.

use leptos::prelude::*;

use super::columns::metric_of_groups;
use super::key_text::short_key;
use super::rules::line_text;
use super::window::{Viewport, window_range};
use crate::app::in_browser::InBrowser;
use crate::app::state::{Comparison, RowKey, RunRows, use_dashboard};
use crate::browser::local_time;
use crate::protocol::RunGroups;

/// It is in the document at all times, since no frame comes before the paper. The time is in the reader's zone: the server makes none.
#[component]
pub fn PrintedView() -> impl IntoView {
    let runs = use_dashboard().runs;
    let text = move || {
        let (groups, rows) = runs.rows.with(|rows| (rows.groups.clone(), count_rows(rows)));
        let view = runs.comparison.with(|comparison| describe(comparison, groups.as_deref()));
        [&view, &rows, " · ", &local_time::format(runs.now_ms.get())].concat()
    };
    InBrowser(view! { <p class="printed-view">{text}</p> })
}

/// Rows that were never in sight are not loaded, and a table of thousands is no paper.
fn count_rows(rows: &RunRows) -> String {
    let all = rows.count();
    let printed = window_range(rows, &Viewport::PAPER).filter(|index| !matches!(rows.key(*index), Some(RowKey::Missing(_)) | None)).count();
    if printed == all { String::new() } else { [" · ", &printed.to_string(), " of ", &all.to_string(), " rows"].concat() }
}

/// `Search: lr<0.1 · groups by model, lr · lines: mean, 95 % t · numbers: acc/val, last · baseline: cnn · lr 0.1`
fn describe(comparison: &Comparison, groups: Option<&RunGroups>) -> String {
    let mut parts = Vec::new();
    let search = comparison.q.trim();
    parts.push(if search.is_empty() { "All runs".to_owned() } else { ["Search: ", search].concat() });
    if let Some(groups) = groups {
        let keys: Vec<String> = comparison.by.iter().map(|key| short_key(key)).collect();
        parts.push(["groups by ", &keys.join(", ")].concat());
        parts.push(["lines: ", &line_text(comparison.line, comparison.band)].concat());
        parts.push(["numbers: ", &metric_of_groups(groups)].concat());
        parts.extend(groups.baseline.as_ref().map(|baseline| ["baseline: ", &baseline.label].concat()));
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::RowSection;

    #[test]
    fn paper_says_how_many_rows_it_has_not() {
        let section = |rows| RowSection { is_open: true, rows, ..Default::default() };
        let rows = |section: RowSection| RunRows { sections: vec![section], ..Default::default() };
        assert_eq!(count_rows(&rows(section(Vec::new()))), "");
        assert_eq!(count_rows(&rows(section(vec![None; 3]))), " · 0 of 3 rows");
        assert!(count_rows(&rows(section(vec![None; 10_000]))).ends_with(" of 10000 rows"));
    }

    #[test]
    fn paper_says_what_is_compared() {
        assert_eq!(describe(&Comparison::default(), None), "All runs");
        let groups = RunGroups { metric: Some("acc/val".into()), ..RunGroups::default() };
        let comparison = Comparison::from_query("q=model:cnn&group=config.model,lr");
        let expected = "Search: model:cnn · groups by model, lr · lines: mean, 95 % t · numbers: acc/val, last";
        assert_eq!(describe(&comparison, Some(&groups)), expected);
    }
}
