//! The configuration of a run, and a field that searches a long one.

use leptos::prelude::*;

use super::document::Row;
use super::rows_table;

/// A longer configuration has a field.
const SEARCHED_ROWS: usize = 20;

#[component]
pub fn ConfigTable(rows: Memo<Vec<Row>>) -> impl IntoView {
    let search = RwSignal::new(String::new());
    let is_long = Memo::new(move |_| rows.with(|rows| rows.len() > SEARCHED_ROWS));
    let field = move || {
        is_long.get().then(|| {
            view! {
                <input
                    type="search"
                    class="config-search"
                    placeholder="Search keys and values"
                    aria-label="Search the configuration"
                    autocomplete="off"
                    on:input:target=move |event| search.set(event.target().value())
                />
            }
        })
    };
    let table = move || {
        let found = search.with(|search| rows.with(|rows| matching(rows, search)));
        let is_empty = found.is_empty();
        let none = is_long.get() && is_empty;
        view! {
            {(!is_empty).then(|| rows_table("Configuration", found))}
            {none.then(|| view! { <p>"No key or value matches."</p> })}
        }
    };
    view! {
        {field}
        {table}
    }
}

/// The rows whose key or value contains the text, in any case.
fn matching(rows: &[Row], search: &str) -> Vec<Row> {
    let search = search.trim().to_lowercase();
    let is_match = |(key, value): &&Row| search.is_empty() || [key, value].into_iter().any(|text| text.to_lowercase().contains(&search));
    rows.iter().filter(is_match).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_searched() {
        let rows = [("opt.lr", "0.1"), ("model", "ResNet"), ("seed", "3")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let found = |search| matching(&rows, search).into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        assert_eq!((found("resnet"), found("OPT "), found("x")), (vec!["model".to_owned()], vec!["opt.lr".to_owned()], vec![]));
        assert_eq!(found("").len(), 3);
    }
}
