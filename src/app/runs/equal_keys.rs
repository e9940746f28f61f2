//! The keys in which all runs that were found agree: they are said once.

use leptos::prelude::*;

use super::cell_text::value_text;
use crate::app::erased::Erase;
use crate::app::state::use_dashboard;

#[component]
pub fn EqualKeys() -> impl IntoView {
    let runs = use_dashboard().runs;
    let equal = Memo::new(move |_| runs.rows.with(|rows| (rows.table.equal_count, rows.table.equal.clone())));
    let content = move || {
        let (count, keys) = equal.get();
        if count == 0 || runs.rows.with(|rows| rows.table.total) < 2 {
            return None;
        }
        let left_out = (count as usize).saturating_sub(keys.len());
        let pair = |(key, value): (String, serde_json::Value)| {
            let key = key.strip_prefix("config.").unwrap_or(&key).to_owned();
            view! {
                <span>
                    {key}
                    " "
                    <b>{value_text(&value)}</b>
                </span>
            }
        };
        let label = if count == 1 { "1 key is equal".to_owned() } else { [&count.to_string(), " keys are equal"].concat() };
        Some(view! {
            <details class="equal-keys">
                <summary>
                    <u>{label}</u>
                    {keys.iter().take(8).cloned().map(pair).collect_view()}
                </summary>
                {keys.into_iter().skip(8).map(pair).collect_view()}
                {(left_out > 0).then(|| ["and ", &left_out.to_string(), " more"].concat())}
            </details>
        })
    };
    content.erase_built()
}
