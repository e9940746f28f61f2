//! The heads of the columns, which sort the rows.

use leptos::prelude::*;

use super::columns::{ColumnRole, ShownColumn};
use crate::app::erased::Erase;
use crate::app::state::use_dashboard;

/// The order after a press on a head: the better end first, then the other one, then the order of the server.
fn next_sort(sort: &str, key: &str, begins_descending: bool) -> String {
    let descending = ["-", key].concat();
    let (first, second) = if begins_descending { (descending.as_str(), key) } else { (key, descending.as_str()) };
    match sort {
        sort if sort == first => second.to_owned(),
        sort if sort == second => String::new(),
        _ => first.to_owned(),
    }
}

/// The word of `aria-sort`.
fn sort_word(sort: &str, key: &str) -> Option<&'static str> {
    match sort.strip_prefix('-') {
        Some(descending) => (descending == key).then_some("descending"),
        None => (sort == key).then_some("ascending"),
    }
}

#[component]
pub fn ColumnHeads(columns: Memo<Vec<ShownColumn>>) -> impl IntoView {
    let runs = use_dashboard().runs;
    let head = move |column: ShownColumn, class: &'static str| {
        let begins_descending = column.begins_descending();
        let (span, ShownColumn { key, name, note, .. }) = (column.span().to_string(), column);
        let sorted = {
            let key = key.clone();
            move || runs.comparison.with(|comparison| sort_word(&comparison.sort, &key))
        };
        let press = move |_| runs.update_comparison(|comparison| comparison.sort = next_sort(&comparison.sort, &key, begins_descending));
        let title = ["Sort by ", &name, " ", &note].concat();
        view! {
            <th scope="col" class=class colspan=span aria-sort=sorted>
                <button type="button" title=title on:click=press>
                    <b>{name}</b>
                    {(!note.is_empty()).then(|| view! { <small>{note}</small> })}
                </button>
            </th>
        }
        .erase()
    };
    move || {
        let columns = columns.get().into_iter().map(|column| {
            let class = match column.role {
                ColumnRole::Metric | ColumnRole::Difference => "metric",
                ColumnRole::Number | ColumnRole::Count => "number",
                ColumnRole::Text => "plain",
            };
            head(column, class)
        });
        let (key, name) = runs.comparison.with(|comparison| match comparison.by.as_slice() {
            [] => ("run.name", "Name".to_owned()),
            keys => ("label", keys.iter().map(|key| super::rules::short_key(key)).collect::<Vec<_>>().join(" · ")),
        });
        let name = ShownColumn {
            role: ColumnRole::Text,
            at: None,
            key: key.to_owned(),
            name,
            note: String::new(),
            direction: None,
            decimals: None,
        };
        view! { <tr>{head(name, "name")} {columns.collect_view()}</tr> }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_sorts_by_the_better_end_first() {
        assert_eq!(next_sort("", "metrics.acc.max", true), "-metrics.acc.max");
        assert_eq!(next_sort("-metrics.acc.max", "metrics.acc.max", true), "metrics.acc.max");
        assert_eq!(next_sort("metrics.acc.max", "metrics.acc.max", true), "");
        assert_eq!(next_sort("-x", "config.lr", false), "config.lr");
        assert_eq!((sort_word("-a", "a"), sort_word("a", "a"), sort_word("b", "a")), (Some("descending"), Some("ascending"), None));
    }
}
