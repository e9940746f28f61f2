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

/// The hidden names after a click on the series at `at`; `alone` with Alt. Names that the chart does not have stay: their series may
/// come back.
pub fn toggle(names: &[String], hidden: &[String], at: usize, alone: bool) -> Vec<String> {
    let Some(name) = names.get(at) else { return hidden.to_vec() };
    let is_hidden = |name: &String| hidden.contains(name);
    let mut after: Vec<String> = hidden.to_vec();
    if !alone {
        if is_hidden(name) {
            after.retain(|known| known != name)
        } else {
            after.push(name.clone())
        }
        return after;
    }
    let is_alone = !is_hidden(name) && names.iter().all(|other| other == name || is_hidden(other));
    after.retain(|known| !names.contains(known));
    if !is_alone {
        after.extend(names.iter().filter(|other| *other != name).cloned());
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
        assert_eq!(toggle(&texts("abc"), &texts(""), 1, false), texts("b"));
        assert_eq!(toggle(&texts("abc"), &texts("xb"), 1, false), texts("x"));
        assert_eq!(toggle(&texts("abc"), &texts("b"), 7, false), texts("b"));
    }

    #[test]
    fn alt_and_a_click_isolates_and_brings_all_back() {
        assert_eq!(toggle(&texts("abc"), &texts(""), 1, true), texts("ac"));
        assert_eq!(toggle(&texts("abc"), &texts("xac"), 1, true), texts("x"));
        assert_eq!(toggle(&texts("abc"), &texts("b"), 1, true), texts("ac"));
        assert_eq!(toggle(&texts("a"), &texts(""), 0, true), texts(""));
    }
}
