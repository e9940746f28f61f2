//! Checks the key `layout` of cells and of boards. Keys that are not known are kept, and have no effect.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::protocol::json_path::json_type_name;
use crate::protocol::{ApiError, BoardLayout, CellId, CellLayout, ErrorKind, Mosaic};
use crate::server::limits::{MAX_LAYOUT_BLOCKS, MAX_LAYOUT_SECTIONS, MAX_SERIES_NAME_CHARS};

/// Keys of a cell in a change of the arrangement.
const CELL_KEYS: [&str; 4] = ["section", "order", "width", "height"];
/// Keys of a section, and of a block.
const SECTION_KEYS: [&str; 4] = ["name", "pinned", "width", "height"];
const BLOCK_KEYS: [&str; 3] = ["id", "mosaic", "cells"];
/// Characters of a client's text in an error.
const MAX_SHOWN_CHARS: usize = 80;
/// Characters of the id of a block.
const MAX_BLOCK_ID_CHARS: usize = 64;

/// `{section?, order?, width?, height?}`; `null` stands for a key that is missing. 400 with the wrong key and its rule.
pub fn check_cell(layout: &Value) -> Result<(), ApiError> {
    let Value::Object(keys) = layout else { return Err(wrong_type("layout", "must be an object", layout)) };
    check_keys(keys, "layout")
}

/// `{sections?, density?, blocks?}`. 400 with the wrong key and its rule.
pub fn check_board(layout: &Value) -> Result<(), ApiError> {
    let Value::Object(keys) = layout else { return Err(wrong_type("layout", "must be an object", layout)) };
    if let Some(sections) = present(keys, "sections") {
        check_sections(sections, "layout.sections")?;
    }
    present(keys, "density").map_or(Ok(()), |density| check_density(density, "layout.density"))?;
    present(keys, "blocks").map_or(Ok(()), check_blocks)
}

fn check_density(density: &Value, path: &str) -> Result<(), ApiError> {
    let is_known = density.as_u64().is_some_and(|density| BoardLayout::DENSITIES.iter().any(|known| u64::from(*known) == density));
    if is_known { Ok(()) } else { Err(wrong(path, "must be 2, 3, 4 or 6")) }
}

/// Checks a change of the arrangement of a board: the JSON of a [`LayoutPatch`](crate::protocol::LayoutPatch).
pub fn check_patch(patch: &Value) -> Result<(), ApiError> {
    let Value::Object(keys) = patch else { return Err(wrong_type("layout", "must be an object", patch)) };
    for (key, value) in keys {
        match (key.as_str(), value) {
            ("cells" | "sections" | "density" | "blocks", Value::Null) => {}
            ("cells", Value::Object(cells)) => check_cells(cells)?,
            ("cells", value) => return Err(wrong_type("cells", "must be an object", value)),
            ("sections", value) => check_sections(value, "sections")?,
            ("density", value) => check_density(value, "density")?,
            ("blocks", Value::Array(blocks)) if blocks.len() > MAX_LAYOUT_BLOCKS => {
                let message = format!("'blocks' may have {MAX_LAYOUT_BLOCKS} blocks; nothing was changed.");
                return Err(ErrorKind::PayloadTooLarge.with(message).at("layout", "has too many blocks"));
            }
            ("blocks", Value::Array(blocks)) => {
                blocks.iter().enumerate().try_for_each(|(at, block)| check_block_patch(block, &format!("blocks[{at}]")))?;
            }
            ("blocks", value) => return Err(wrong_type("blocks", "must be an array", value)),
            (key, _) => return Err(unknown(key, "", "cells, sections, density and blocks")),
        }
    }
    Ok(())
}

fn check_cells(cells: &Map<String, Value>) -> Result<(), ApiError> {
    for (cell, layout) in cells {
        if cell.is_empty() {
            return Err(wrong("cells", "must name cells by their ids or names"));
        }
        let path = || format!("cells.{}", shortened(cell));
        let Value::Object(keys) = layout else { return Err(wrong_type(&path(), "must be an object", layout)) };
        check_known(keys, &CELL_KEYS, &path())?;
        check_keys(keys, &path())?;
    }
    Ok(())
}

fn check_block_patch(block: &Value, path: &str) -> Result<(), ApiError> {
    let Value::Object(keys) = block else { return Err(wrong_type(path, "must be an object", block)) };
    check_known(keys, &BLOCK_KEYS, path)?;
    let id = present(keys, "id");
    if id.is_some_and(|id| !id.as_str().is_some_and(is_block_id)) {
        return Err(wrong(&format!("{path}.id"), BLOCK_ID_RULE));
    }
    let Some(mosaic) = present(keys, "mosaic") else {
        return if id.is_some() { Ok(()) } else { Err(wrong(&format!("{path}.mosaic"), "is needed for a block without 'id'")) };
    };
    let named = mosaic.as_str().and_then(Mosaic::named).map(Value::from);
    let mosaic = check_mosaic(named.as_ref().unwrap_or(mosaic), &format!("{path}.mosaic"))?;
    let path = format!("{path}.cells");
    let cells = keys.get("cells").and_then(Value::as_object).filter(|cells| !cells.is_empty());
    for (letter, cell) in cells.ok_or_else(|| wrong(&path, "must be an object with a cell for a letter of the mosaic"))? {
        check_letter(letter, &mosaic, &path)?;
        if !cell.as_str().is_some_and(|cell| (1..=MAX_SERIES_NAME_CHARS).contains(&cell.chars().count())) {
            return Err(wrong(&path, "must name cells by their ids or names"));
        }
    }
    Ok(())
}

fn check_known(keys: &Map<String, Value>, known: &[&str], path: &str) -> Result<(), ApiError> {
    let foreign = keys.keys().find(|key| !known.contains(&key.as_str()));
    foreign.map_or(Ok(()), |key| Err(unknown(key, &format!("{path}."), &known.join(", "))))
}

fn unknown(key: &str, path: &str, known: &str) -> ApiError {
    wrong(&format!("{path}{}", shortened(key)), &format!("is unknown here; known are {known}"))
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_SHOWN_CHARS).collect()
}

/// Checks those of the keys of a cell's layout that are there. `path`: what holds them.
pub fn check_keys(keys: &Map<String, Value>, path: &str) -> Result<(), ApiError> {
    for (key, value) in keys.iter().filter(|(_, value)| !value.is_null()) {
        let path = || format!("{path}.{key}");
        match key.as_str() {
            "section" => check_section_name(value, &path())?,
            "order" if !value.is_number() => return Err(wrong_type(&path(), "must be a number", value)),
            "width" if !value.as_u64().is_some_and(CellLayout::is_width) => {
                return Err(wrong(&path(), &format!("must be an integer from 1 to {}", CellLayout::COLUMNS)));
            }
            "height" if !value.as_u64().is_some_and(CellLayout::is_height) => {
                return Err(wrong(&path(), &format!("must be an integer from {} to {}", CellLayout::MIN_HEIGHT, CellLayout::MAX_HEIGHT)));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A text of 1 to 120 characters, none of them a control character, without spaces around it.
pub fn check_section_name(name: &Value, path: &str) -> Result<(), ApiError> {
    let Value::String(name) = name else { return Err(wrong_type(path, "must be a string", name)) };
    match name.chars().count() {
        1..=CellLayout::MAX_SECTION_CHARS if name.contains(char::is_control) => Err(wrong(path, "must have no control characters")),
        1..=CellLayout::MAX_SECTION_CHARS if name.trim() != name => Err(wrong(path, "must not begin or end with a space")),
        1..=CellLayout::MAX_SECTION_CHARS => Ok(()),
        _ => Err(wrong(path, &format!("must have 1 to {} characters", CellLayout::MAX_SECTION_CHARS))),
    }
}

fn check_sections(sections: &Value, path: &str) -> Result<(), ApiError> {
    let Value::Array(sections) = sections else { return Err(wrong_type(path, "must be an array", sections)) };
    if sections.len() > MAX_LAYOUT_SECTIONS {
        return Err(wrong(path, &format!("may have {} sections", MAX_LAYOUT_SECTIONS)));
    }
    let mut names = HashSet::new();
    for (at, section) in sections.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let Value::Object(keys) = section else { return Err(wrong_type(&path, "must be an object", section)) };
        check_known(keys, &SECTION_KEYS, &path)?;
        let name = keys.get("name").unwrap_or(&Value::Null);
        check_section_name(name, &format!("{path}.name"))?;
        if !names.insert(name.as_str()) {
            return Err(wrong(&path, "has the name of another section"));
        }
        if let Some(pinned) = present(keys, "pinned").filter(|pinned| !pinned.is_boolean()) {
            return Err(wrong_type(&format!("{path}.pinned"), "must be true or false", pinned));
        }
        check_keys(keys, &path)?;
    }
    Ok(())
}

fn check_blocks(blocks: &Value) -> Result<(), ApiError> {
    let Value::Array(blocks) = blocks else { return Err(wrong_type("layout.blocks", "must be an array", blocks)) };
    if blocks.len() > MAX_LAYOUT_BLOCKS {
        return Err(wrong("layout.blocks", &format!("may have {} blocks", MAX_LAYOUT_BLOCKS)));
    }
    let (mut ids, mut cells) = (HashSet::new(), HashSet::new());
    for (at, block) in blocks.iter().enumerate() {
        let path = format!("layout.blocks[{at}]");
        let Value::Object(keys) = block else { return Err(wrong_type(&path, "must be an object", block)) };
        check_known(keys, &BLOCK_KEYS, &path)?;
        let id = keys.get("id").and_then(Value::as_str).filter(|id| is_block_id(id));
        let id = id.ok_or_else(|| wrong(&format!("{path}.id"), BLOCK_ID_RULE))?;
        if !ids.insert(id) {
            return Err(wrong(&path, "has the id of another block"));
        }
        let mosaic = check_mosaic(keys.get("mosaic").unwrap_or(&Value::Null), &format!("{path}.mosaic"))?;
        let path = format!("{path}.cells");
        let Some(Value::Object(of_letters)) = keys.get("cells") else {
            return Err(wrong(&path, "must be an object of letters and ids of cells"));
        };
        for (letter, cell) in of_letters {
            check_letter(letter, &mosaic, &path)?;
            let cell =
                cell.as_str().filter(|cell| CellId::parse(cell).is_some()).ok_or_else(|| wrong(&path, "must name cells by their ids"))?;
            if !cells.insert(cell) {
                return Err(wrong(&path, &format!("names the cell '{cell}' twice, which can be in one block at most")));
            }
        }
    }
    Ok(())
}

pub const BLOCK_ID_RULE: &str = "must be 1 to 64 letters, digits, '-' or '_'";

pub fn is_block_id(id: &str) -> bool {
    (1..=MAX_BLOCK_ID_CHARS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// A mosaic, as it is written in full.
pub fn check_mosaic(mosaic: &Value, path: &str) -> Result<Mosaic, ApiError> {
    let Value::String(text) = mosaic else { return Err(wrong_type(path, "must be a string", mosaic)) };
    Mosaic::parse(text).map_err(|why| wrong(path, &why.to_string()))
}

/// The letter of a mosaic that a key is.
pub fn check_letter(key: &str, mosaic: &Mosaic, path: &str) -> Result<char, ApiError> {
    let mut chars = key.chars();
    let letter = chars.next().filter(|letter| chars.next().is_none() && mosaic.area(*letter).is_some());
    letter.ok_or_else(|| wrong(path, &format!("names '{}', which is no letter of the mosaic", shortened(key))))
}

/// The value of a key that is there and not `null`.
pub fn present<'a>(keys: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    keys.get(key).filter(|value| !value.is_null())
}

pub fn wrong(path: &str, rule: &str) -> ApiError {
    ErrorKind::BadRequest.with(format!("'{path}' {rule}; nothing was changed.")).at("layout", rule)
}

pub fn wrong_type(path: &str, rule: &str, found: &Value) -> ApiError {
    wrong(path, &format!("{rule}, not {}", json_type_name(found)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn known_keys_of_a_cell_have_rules_and_others_none() {
        for layout in [
            json!({}),
            json!({ "order": -2.5, "width": 12, "height": 4, "section": "größe" }),
            json!({ "order": null, "width": null, "height": null, "section": null }),
            json!({ "w": 3, "columns": "x", "column": [] }),
            json!({ "height": 160, "width": 1, "section": "s".repeat(120) }),
        ] {
            assert_eq!(check_cell(&layout), Ok(()), "{layout}");
        }
        for (layout, why) in [
            (json!([]), "'layout' must be an object, not an array; nothing was changed."),
            (json!({ "width": 0 }), "'layout.width' must be an integer from 1 to 12; nothing was changed."),
            (json!({ "width": 13 }), "'layout.width' must be an integer from 1 to 12; nothing was changed."),
            (json!({ "width": "50%" }), "'layout.width' must be an integer from 1 to 12; nothing was changed."),
            (json!({ "height": 3 }), "'layout.height' must be an integer from 4 to 160; nothing was changed."),
            (json!({ "height": 20.5 }), "'layout.height' must be an integer from 4 to 160; nothing was changed."),
            (json!({ "order": "1" }), "'layout.order' must be a number, not a string; nothing was changed."),
            (json!({ "section": 1 }), "'layout.section' must be a string, not a number; nothing was changed."),
            (json!({ "section": "" }), "'layout.section' must have 1 to 120 characters; nothing was changed."),
            (json!({ "section": "s".repeat(121) }), "'layout.section' must have 1 to 120 characters; nothing was changed."),
            (json!({ "section": "a\nb" }), "'layout.section' must have no control characters; nothing was changed."),
        ] {
            assert_eq!(check_cell(&layout).unwrap_err().message, why, "{layout}");
        }
    }

    #[test]
    fn the_layout_of_a_board_is_typed() {
        let block = |cells: Value| json!({ "blocks": [{ "id": "b", "mosaic": "AB", "cells": cells }] });
        for layout in [
            json!({}),
            json!({ "sections": null, "density": null, "blocks": null, "unknown": [] }),
            json!({ "sections": [{ "name": "a", "pinned": true, "width": 3, "height": 20 }, { "name": "b" }], "density": 6 }),
            block(json!({ "A": "x", "B": "y" })),
            json!({ "sections": [{ "name": "a", "pinned": null, "width": null, "height": null }], "density": 2 }),
            block(json!({})),
        ] {
            assert_eq!(check_board(&layout), Ok(()), "{layout}");
            assert!(serde_json::from_value::<BoardLayout>(layout).is_ok());
        }
        for (layout, why) in [
            (json!(1), "'layout' must be an object, not a number"),
            (json!({ "sections": [{ "name": " " }] }), "'layout.sections[0].name' must not begin or end with a space"),
            (
                json!({ "sections": [{ "name": "a", "own": 1 }] }),
                "'layout.sections[0].own' is unknown here; known are name, pinned, width, height",
            ),
            (json!({ "blocks": [{ "id": "a", "own": 1 }] }), "'layout.blocks[0].own' is unknown here; known are id, mosaic, cells"),
            (json!({ "sections": {} }), "'layout.sections' must be an array, not an object"),
            (json!({ "sections": [{}] }), "'layout.sections[0].name' must be a string, not null"),
            (json!({ "sections": [{ "name": "a" }, { "name": "a" }] }), "'layout.sections[1]' has the name of another section"),
            (json!({ "sections": [{ "name": "a", "pinned": 1 }] }), "'layout.sections[0].pinned' must be true or false, not a number"),
            (json!({ "sections": [{ "name": "a", "width": 20 }] }), "'layout.sections[0].width' must be an integer from 1 to 12"),
            (json!({ "sections": vec![json!({ "name": "a" }); 1001] }), "'layout.sections' may have 1000 sections"),
            (json!({ "density": 5 }), "'layout.density' must be 2, 3, 4 or 6"),
            (json!({ "blocks": vec![json!(1); 201] }), "'layout.blocks' may have 200 blocks"),
            (json!({ "blocks": [{ "id": "a b" }] }), "'layout.blocks[0].id' must be 1 to 64 letters, digits, '-' or '_'"),
            (
                json!({ "blocks": [{ "id": "a", "mosaic": "AB;A" }] }),
                "'layout.blocks[0].mosaic' has rows of equal length, but row 2 is not as long as the first",
            ),
            (
                json!({ "blocks": [{ "id": "a", "mosaic": "AB" }] }),
                "'layout.blocks[0].cells' must be an object of letters and ids of cells",
            ),
            (block(json!({ "C": "x" })), "'layout.blocks[0].cells' names 'C', which is no letter of the mosaic"),
            (block(json!({ "AB": "x" })), "'layout.blocks[0].cells' names 'AB', which is no letter of the mosaic"),
            (block(json!({ "A": 1 })), "'layout.blocks[0].cells' must name cells by their ids"),
            (block(json!({ "A": "x", "B": "x" })), "'layout.blocks[0].cells' names the cell 'x' twice, which can be in one block at most"),
        ] {
            assert_eq!(check_board(&layout).unwrap_err().message, format!("{why}; nothing was changed."), "{layout}");
        }
    }
}
