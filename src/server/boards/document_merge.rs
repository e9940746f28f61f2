//! Two documents of a board as one: that of a board from the trash, and that of the board that has begun under its name since.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::board_document::{LAYOUT, layout_in};
use super::board_list::BoardList;
use super::marks::MARKS;
use super::views::VIEWS;
use crate::protocol::{BoardLayout, CellId};
use crate::server::limits::{MAX_KEYS_BYTES, MAX_LAYOUT_BLOCKS, MAX_LAYOUT_SECTIONS};

/// Adds the keys of an older document to a newer one, whose keys stay. Marks, views, sections and blocks of both are there, as far as they
/// fit. Returns the keys, and the names of those of the older document that are left out because the whole would be too large.
pub fn merge_documents(older: &Map<String, Value>, newer: &Map<String, Value>) -> (Map<String, Value>, Vec<String>) {
    let mut keys = newer.clone();
    for (key, old) in older {
        let merged = match (key.as_str(), newer.get(key)) {
            (_, None) => old.clone(),
            (LAYOUT, Some(new)) => merged_layout(old, new),
            (key, Some(new)) => match [MARKS, VIEWS].iter().find(|list| list.key == key) {
                Some(list) => merged_list(list, old, new),
                None => continue,
            },
        };
        keys.insert(key.clone(), merged);
    }
    let size = |value: &Value| value.to_string().len();
    let mut largest: Vec<_> = older.iter().map(|(key, value)| (size(value), key)).collect();
    largest.sort();
    let mut left_out = Vec::new();
    while serde_json::to_string(&keys).map_or(0, |text| text.len()) > MAX_KEYS_BYTES
        && let Some((_, key)) = largest.pop()
    {
        match newer.get(key) {
            Some(new) if keys.get(key) == Some(new) => continue,
            Some(new) => drop(keys.insert(key.clone(), new.clone())),
            None => drop(keys.shift_remove(key)),
        }
        left_out.push(key.clone());
    }
    (keys, left_out)
}

/// The items of both lists, each `_id` once. Of too many the oldest are left out.
fn merged_list(list: &BoardList, old: &Value, new: &Value) -> Value {
    let (Value::Array(old), Value::Array(new)) = (old, new) else { return new.clone() };
    let known: HashSet<_> = new.iter().filter_map(|item| item["_id"].as_str()).collect();
    let mut items: Vec<_> = old.iter().filter(|item| !item["_id"].as_str().is_some_and(|id| known.contains(id))).cloned().collect();
    items.drain(..items.len().saturating_sub(list.max_items.saturating_sub(new.len())));
    items.extend(new.iter().cloned());
    items.into()
}

fn merged_layout(old: &Value, new: &Value) -> Value {
    let (Value::Object(old_keys), Value::Object(new_keys)) = (old, new) else { return new.clone() };
    let (old, mut layout) = (layout_in(Some(old)), layout_in(Some(new)));
    let named: HashSet<String> = layout.sections.iter().map(|section| section.name.clone()).collect();
    layout.sections.extend(old.sections.into_iter().filter(|section| !named.contains(&section.name)));
    layout.sections.truncate(MAX_LAYOUT_SECTIONS);
    layout.density = layout.density.or(old.density);
    let placed: HashSet<CellId> = layout.blocks.iter().flat_map(|block| block.cells.values().cloned()).collect();
    let ids: HashSet<String> = layout.blocks.iter().map(|block| block.id.clone()).collect();
    let blocks = old.blocks.into_iter().filter(|block| !ids.contains(&block.id) && !block.cells.values().any(|cell| placed.contains(cell)));
    layout.blocks.extend(blocks);
    layout.blocks.truncate(MAX_LAYOUT_BLOCKS);
    let mut keys = old_keys.clone();
    keys.extend(new_keys.clone());
    with_layout(keys, &layout).into()
}

/// The key `layout` of a document with this layout. Keys that are not known stay.
pub fn with_layout(mut keys: Map<String, Value>, layout: &BoardLayout) -> Map<String, Value> {
    ["sections", "density", "blocks"].into_iter().for_each(|key| drop(keys.shift_remove(key)));
    if let Value::Object(known) = serde_json::json!(layout) {
        keys.extend(known);
    }
    keys
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merge(older: Value, newer: Value) -> (Value, Vec<String>) {
        let object = |value: Value| value.as_object().unwrap().clone();
        let (keys, left_out) = merge_documents(&object(older), &object(newer));
        (keys.into(), left_out)
    }

    #[test]
    fn what_is_newer_stays_and_lists_have_the_items_of_both() {
        let older = json!({
            "title": "Old", "goal": { "metric": "loss" }, "marks": [{ "_id": "a", "text": "old" }, { "_id": "b", "text": "b" }],
            "layout": {
                "own": 1, "density": 4, "sections": [{ "name": "train", "width": 6 }, { "name": "val" }],
                "blocks": [{ "id": "one", "mosaic": "A", "cells": { "A": "x" } }, { "id": "two", "mosaic": "A", "cells": { "A": "y" } }],
            },
        });
        let newer = json!({
            "title": "New", "marks": [{ "_id": "a", "text": "new" }, { "_id": "c", "text": "c" }],
            "layout": { "sections": [{ "name": "train" }], "blocks": [{ "id": "three", "mosaic": "A", "cells": { "A": "x" } }] },
        });
        let (merged, left_out) = merge(older, newer);
        assert_eq!((&merged["title"], &merged["goal"], left_out.len()), (&json!("New"), &json!({ "metric": "loss" }), 0));
        let texts: Vec<_> = merged["marks"].as_array().unwrap().iter().map(|mark| mark["text"].clone()).collect();
        assert_eq!(texts, ["b", "new", "c"]);
        let layout = json!({
            "own": 1, "density": 4, "sections": [{ "name": "train" }, { "name": "val" }],
            "blocks": [{ "id": "three", "mosaic": "A", "cells": { "A": "x" } }, { "id": "two", "mosaic": "A", "cells": { "A": "y" } }],
        });
        assert_eq!(merged["layout"], layout);
    }

    #[test]
    fn a_document_that_would_be_too_large_says_what_is_left_out() {
        let text = |length: usize| "x".repeat(length);
        let (merged, left_out) = merge(json!({ "a": text(1000), "b": text(200 << 10) }), json!({ "c": text(100 << 10) }));
        assert_eq!((left_out, merged.as_object().unwrap().len(), merged["a"].as_str().unwrap().len()), (vec!["b".to_owned()], 2, 1000));
        let marks = |from: usize| (from..from + MARKS.max_items).map(|at| json!({ "_id": format!("m{at}") })).collect::<Vec<_>>();
        let (merged, left_out) = merge(json!({ "marks": marks(0) }), json!({ "marks": marks(100) }));
        assert_eq!((merged["marks"].clone(), left_out.len()), (marks(100).into(), 0), "the oldest are left out");
    }
}
