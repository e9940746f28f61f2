//! Which series this tab hides, where that differs from the settings of the chart: in the tab's storage until it is closed.

use crate::browser::dom;
use crate::protocol::CellId;

/// Key of the tab's storage. The value has one name a line: names have no control characters.
fn storage_key(id: &CellId) -> String {
    ["agnez-hidden:", id.as_str()].concat()
}

/// Stores the names that are hidden in this tab; `None`: those of the settings.
pub fn store(id: &CellId, hidden: Option<&[String]>) {
    if let Some(storage) = dom::session_storage() {
        let _ = match hidden {
            Some(names) => storage.set_item(&storage_key(id), &names.join("\n")),
            None => storage.remove_item(&storage_key(id)),
        };
    }
}

pub fn load(id: &CellId) -> Option<Vec<String>> {
    let stored = dom::session_storage()?.get_item(&storage_key(id)).ok()??;
    Some(stored.split('\n').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// The hidden names after a click on the entry of some of them; `alone` with Alt. Names that the chart does not have stay: their series
/// may come back.
pub fn toggle(names: &[String], hidden: &[String], clicked: &[String], alone: bool) -> Vec<String> {
    let is_hidden = |name: &String| hidden.contains(name);
    let is_any_shown = clicked.iter().any(|name| !is_hidden(name));
    let mut after: Vec<String> = hidden.to_vec();
    if !alone {
        after.retain(|known| !clicked.contains(known));
        if is_any_shown {
            after.extend_from_slice(clicked);
        }
        return after;
    }
    let is_alone = is_any_shown && names.iter().all(|other| clicked.contains(other) || is_hidden(other));
    after.retain(|known| !names.contains(known));
    if !is_alone {
        after.extend(names.iter().filter(|other| !clicked.contains(other)).cloned());
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(names: &str) -> Vec<String> {
        names.chars().map(String::from).collect()
    }

    #[test]
    fn a_click_hides_and_shows() {
        assert_eq!(toggle(&texts("abc"), &texts(""), &texts("b"), false), texts("b"));
        assert_eq!(toggle(&texts("abc"), &texts("xb"), &texts("b"), false), texts("x"));
        assert_eq!(toggle(&texts("abc"), &texts("b"), &[], false), texts("b"));
    }

    #[test]
    fn alt_and_a_click_isolates_and_brings_all_back() {
        assert_eq!(toggle(&texts("abc"), &texts(""), &texts("b"), true), texts("ac"));
        assert_eq!(toggle(&texts("abc"), &texts("xac"), &texts("b"), true), texts("x"));
        assert_eq!(toggle(&texts("abc"), &texts("b"), &texts("b"), true), texts("ac"));
        assert_eq!(toggle(&texts("a"), &texts(""), &texts("a"), true), texts(""));
    }

    #[test]
    fn the_entry_of_a_run_has_all_of_its_splits() {
        assert_eq!(toggle(&texts("abc"), &texts(""), &texts("ab"), false), texts("ab"));
        assert_eq!(toggle(&texts("abc"), &texts("a"), &texts("ab"), false), texts("ab"), "what is left is hidden, too");
        assert_eq!(toggle(&texts("abc"), &texts("ab"), &texts("ab"), false), texts(""));
        assert_eq!(toggle(&texts("abc"), &texts(""), &texts("ab"), true), texts("c"));
        assert_eq!(toggle(&texts("abc"), &texts("c"), &texts("ab"), true), texts(""));
    }
}
