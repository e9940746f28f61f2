//! The search of the runs, with suggestions, and with what is wrong in it.

use std::time::Duration;

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::key_names::KeyNames;
use super::loader::RowLoader;
use super::suggestions::{Suggestion, is_part_of_name, quoted, suggest};
use crate::app::erased::Erase;
use crate::app::in_browser::InBrowser;
use crate::app::signals::SetIfChanged;
use crate::app::state::use_dashboard;

/// Time after the last key until the runs are searched.
const DELAY: Duration = Duration::from_millis(250);
/// The same where the last word may become the name of a key: until then the last result stays.
const NAME_DELAY: Duration = Duration::from_millis(1200);

#[component]
pub fn SearchField(loader: RowLoader, key_names: KeyNames) -> impl IntoView {
    let dashboard = use_dashboard();
    let runs = dashboard.runs;
    let field = dashboard.refs.run_search;
    let names = key_names.list;
    let (suggestions, chosen) = (RwSignal::new(Vec::<Suggestion>::new()), RwSignal::new(None::<usize>));
    let typed = StoredValue::new(0_u32);
    let search = move |text: String| runs.update_comparison(|comparison| comparison.q = text.trim().to_owned());
    // The history of the browser, and buttons beside the field; not other changes while something is typed.
    let q = Memo::new(move |_| runs.comparison.with(|comparison| comparison.q.clone()));
    Effect::new(move |_| {
        let q = q.get();
        if let Some(field) = field.get().filter(|field| field.value().trim() != q) {
            field.set_value(&q);
        }
    });
    let close = move || {
        suggestions.set_if_changed(Vec::new());
        chosen.set_if_changed(None);
    };
    let on_input = move |_| {
        let Some(field) = field.get_untracked() else { return };
        let text = field.value();
        let caret = field.selection_start().ok().flatten().map_or(text.len(), |units| byte_of_unit(&text, units as usize));
        let is_name = names.with_untracked(|names| {
            suggestions.set_if_changed(suggest(&text, caret, names));
            is_part_of_name(&text, names)
        });
        chosen.set_if_changed(None);
        let number = typed.try_update_value(|typed| {
            *typed += 1;
            *typed
        });
        set_timeout(
            move || {
                if typed.try_get_value() == number {
                    search(text);
                }
            },
            if is_name { NAME_DELAY } else { DELAY },
        );
    };
    let replace = move |text: &str, (from, to): (usize, usize)| {
        let Some(field) = field.get_untracked() else { return };
        let value = field.value();
        let (Some(before), Some(after)) = (value.get(..from), value.get(to..)) else { return };
        let caret = [before, text].concat();
        field.set_value(&[caret.as_str(), after].concat());
        let units = caret.encode_utf16().count() as u32;
        let _ = field.focus();
        let _ = field.set_selection_range(units, units);
        close();
    };
    let take = move |at: usize| {
        if let Some(Suggestion { text, range }) = suggestions.with_untracked(|list| list.get(at).cloned()) {
            replace(&text, range);
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let count = suggestions.with_untracked(Vec::len);
        match (event.key().as_str(), chosen.get_untracked()) {
            ("ArrowDown", at) if count > 0 => chosen.set(Some(at.map_or(0, |at| (at + 1) % count))),
            ("ArrowUp", at) if count > 0 => chosen.set(Some(at.map_or(count - 1, |at| (at + count - 1) % count))),
            ("Enter" | "Tab", Some(at)) => take(at),
            ("Enter", None) => {
                close();
                typed.update_value(|typed| *typed += 1);
                search(field.get_untracked().map(|field| field.value()).unwrap_or_default());
            }
            ("Escape", _) if count > 0 => close(),
            ("Escape", _) => {
                super::focus_panel(dashboard);
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let option = move |(at, suggestion): (usize, Suggestion)| {
        let is_chosen = move || chosen.get() == Some(at);
        view! {
            <li
                id=option_id(at)
                role="option"
                aria-selected=move || if is_chosen() { "true" } else { "false" }
                on:pointerdown=move |event| {
                    event.prevent_default();
                    take(at);
                }
            >
                {suggestion.text}
            </li>
        }
    };
    let error = move || {
        let error = loader.error.get()?;
        let at = error.column.checked_sub(1);
        // The part of the search before the fault, and the character that is at fault.
        let marked = at.map(|at| {
            let q = runs.comparison.with_untracked(|comparison| comparison.q.clone());
            let before: String = q.chars().take(at).collect();
            let rest: String = q.chars().skip(at).collect();
            view! {
                <code>
                    {before}
                    <mark>{if rest.is_empty() { " ".to_owned() } else { rest }}</mark>
                </code>
            }
        });
        let near = error.near.into_iter().map(|name| {
            let text = quoted(&name);
            let use_name = move |_| {
                let q = runs.comparison.with_untracked(|comparison| comparison.q.clone());
                let from = at.map_or(q.len(), |at| q.chars().take(at).map(char::len_utf8).sum());
                let is_end = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '=' | ':' | '!' | ')' | '|');
                let to = q[from..].find(is_end).map_or(q.len(), |end| from + end);
                let fixed = [&q[..from], &text, &q[to..]].concat();
                if let Some(field) = field.get_untracked() {
                    field.set_value(&fixed);
                    let _ = field.focus();
                }
                search(fixed);
            };
            view! {
                <button type="button" on:click=use_name>
                    {name}
                </button>
            }
        });
        let near = near.collect_view();
        Some(view! {
            <p class="search-error" role="alert">
                {marked}
                {error.message}
                {near}
            </p>
        })
    };
    let has_text = move || runs.comparison.with(|comparison| !comparison.q.is_empty());
    view! {
        <div class="runs-search">
            <input
                id="run-search"
                type="text"
                role="combobox"
                autocomplete="off"
                spellcheck="false"
                maxlength="2000"
                placeholder="Search runs: lr<0.01 val/acc.max>0.9 -tag:debug"
                aria-label="Search runs"
                aria-autocomplete="list"
                aria-controls="run-suggestions"
                aria-expanded=move || if suggestions.with(Vec::is_empty) { "false" } else { "true" }
                aria-activedescendant=move || chosen.get().map(option_id)
                aria-invalid=move || loader.error.with(Option::is_some).then_some("true")
                node_ref=field
                value=runs.comparison.with_untracked(|comparison| comparison.q.clone())
                on:focus=move |_| key_names.load()
                on:input=on_input
                on:keydown=on_key
                on:blur=move |_| close()
            />
            <button
                type="button"
                class="quiet"
                aria-label="Clear the search"
                title="Clear the search"
                hidden=move || !has_text()
                on:click=move |_| {
                    if let Some(field) = field.get_untracked() {
                        field.set_value("");
                        let _ = field.focus();
                    }
                    search(String::new());
                }
            >
                "×"
            </button>
            <ul id="run-suggestions" role="listbox" aria-label="Suggestions" hidden=move || suggestions.with(Vec::is_empty)>
                {move || suggestions.get().into_iter().enumerate().map(|entry| InBrowser(option(entry))).collect_view()}
            </ul>
        </div>
        {error}
    }
    .erase_built()
}

fn option_id(at: usize) -> String {
    ["run-suggestion-", &at.to_string()].concat()
}

/// The byte at which a UTF-16 unit begins, as browsers count characters.
fn byte_of_unit(text: &str, unit: usize) -> usize {
    let mut units = 0;
    text.char_indices()
        .find(|(_, c)| {
            let is_there = units >= unit;
            units += c.len_utf16();
            is_there
        })
        .map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_are_found_behind_characters_of_two_units() {
        assert_eq!(["", "a", "😀b"].map(|text| byte_of_unit(text, 0)), [0, 0, 0]);
        assert_eq!((byte_of_unit("😀b", 2), byte_of_unit("😀b", 3), byte_of_unit("äb", 1), byte_of_unit("a", 9)), (4, 5, 2, 1));
    }
}
