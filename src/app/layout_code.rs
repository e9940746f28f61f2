//! A block of the board as code that makes it again: Python, the JSON of the request, and the request as a command.

use leptos::prelude::*;
use serde_json::{Map, Value, json};

use super::state::{Dashboard, PageInfo};
use crate::protocol::{CellId, CellLayout, LayoutBlock, NAMED_MOSAICS};
use crate::routes;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutCode {
    Python,
    Json,
    Curl,
}

/// `name`: the name of a cell, or its id where the name stands for no cell or for another one.
pub fn layout_code(kind: LayoutCode, page: &PageInfo, block: &LayoutBlock, name: impl Fn(&CellId) -> String) -> String {
    let body = || {
        let cells: Map<String, Value> = block.cells.iter().map(|(letter, id)| (letter.to_string(), name(id).into())).collect();
        json!({ "blocks": [{ "mosaic": block.mosaic, "cells": cells }] })
    };
    match kind {
        LayoutCode::Python => {
            let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
            format!("board = agnez.Board({})\n{}", quoted(&page.board), block_code(block, &name))
        }
        LayoutCode::Json => serde_json::to_string_pretty(&body()).unwrap_or_default(),
        LayoutCode::Curl => {
            let text = body().to_string().replace('\'', r"'\''");
            format!("curl -X PUT {}/{} -d '{text}'", page.curl_origin(), routes::layout(&page.board))
        }
    }
}

/// The cells of a section with their sizes, as Python. Each has its name, or its id where the name stands for no cell or for another one.
fn section_code(board: &str, section: &str, cells: &[(String, CellLayout)], blocks: &[String]) -> String {
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let size = |key: &str, size: Option<u16>| size.map(|size| format!(", \"{key}\": {size}")).unwrap_or_default();
    let line = |(name, layout): &(String, CellLayout)| {
        let sizes = [size("width", layout.width.map(u16::from)), size("height", layout.height)].concat();
        format!("        {}: {{\"section\": {}{sizes}}},\n", quoted(name), quoted(section))
    };
    let lines: String = cells.iter().map(line).collect();
    let blocks: String = blocks.iter().map(|block| format!("\n{block}")).collect();
    format!("board = agnez.Board({})\nboard.layout({{\n    \"cells\": {{\n{lines}    }},\n}}){blocks}", quoted(board))
}

/// A block as Python, by the call of a board.
fn block_code(block: &LayoutBlock, name: impl Fn(&CellId) -> String) -> String {
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let label = NAMED_MOSAICS.iter().find(|(_, mosaic)| *mosaic == block.mosaic).map(|(name, _)| *name);
    let lines: String = block.cells.iter().map(|(letter, id)| format!("    {letter}={},\n", quoted(&name(id)))).collect();
    format!("board.layout(\n    {},\n{lines})", quoted(label.unwrap_or(&block.mosaic)))
}

impl Dashboard {
    /// What makes a section as it is: its cells, their sizes, and the blocks that begin in it.
    pub fn section_code(self, section: &str) -> String {
        untrack(|| {
            let ids = self.cells_of(section);
            let layout = |id: &CellId| self.cell(id).map(|cell| cell.layout.get_untracked()).unwrap_or_default();
            let cells: Vec<_> = ids.iter().map(|id| (self.unique_name(id), layout(id))).collect();
            let blocks = self.with_layout(|layout| {
                let is_here = |block: &&LayoutBlock| block.cells.values().any(|id| ids.contains(id));
                layout.blocks.iter().filter(is_here).map(|block| block_code(block, |id| self.unique_name(id))).collect::<Vec<_>>()
            });
            section_code(&self.page().board, section, &cells, &blocks)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(kind: LayoutCode) -> String {
        let page = PageInfo {
            board: "digits".into(),
            origin: "http://h".into(),
            needs_token: false,
            durable: true,
            build: String::new(),
            may_write: true,
        };
        let id = |text: &str| CellId::parse(text).unwrap();
        let block = LayoutBlock { id: "b".into(), mosaic: "AA;BC".into(), cells: [('A', id("a")), ('B', id("b"))].into() };
        layout_code(kind, &page, &block, |id| if id.as_str() == "a" { "it's \"Loss\"".to_owned() } else { id.to_string() })
    }

    #[test]
    fn a_section_is_written_with_its_sizes() {
        let cell = |name: &str, width, height| (name.to_owned(), CellLayout { section: None, width, height });
        let code =
            section_code("digits", "train", &[cell("train/loss", Some(6), None), cell("a \"b\"", None, None)], &["board.layout(…)".into()]);
        let cells = "        \"train/loss\": {\"section\": \"train\", \"width\": 6},\n        \"a \\\"b\\\"\": {\"section\": \"train\"},\n";
        assert_eq!(
            code,
            format!("board = agnez.Board(\"digits\")\nboard.layout({{\n    \"cells\": {{\n{cells}    }},\n}})\nboard.layout(…)")
        );
    }

    #[test]
    fn code_runs_as_it_is_pasted() {
        let python = "board = agnez.Board(\"digits\")\nboard.layout(\n    \"two-and-one\",\n    A=\"it's \\\"Loss\\\"\",\n    B=\"b\",\n)";
        assert_eq!(code(LayoutCode::Python), python);
        let body = json!({ "blocks": [{ "mosaic": "AA;BC", "cells": { "A": "it's \"Loss\"", "B": "b" } }] });
        assert_eq!(serde_json::from_str::<Value>(&code(LayoutCode::Json)).unwrap(), body);
        let curl = code(LayoutCode::Curl);
        assert!(curl.starts_with("curl -X PUT http://h/boards/digits/layout -d '{\"blocks\":"), "{curl}");
        assert!(curl.contains(r#"it'\''s \"Loss\""#), "{curl}");
    }
}
