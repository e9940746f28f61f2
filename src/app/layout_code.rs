//! A block of the board as code that makes it again: Python, the JSON of the request, and the request as a command.

use serde_json::{Map, Value, json};

use super::state::PageInfo;
use crate::protocol::{CellId, LayoutBlock, NAMED_MOSAICS};
use crate::routes;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutCode {
    Python,
    Json,
    Curl,
}

/// `name`: the name of a cell, or its id where the name stands for no cell or for another one.
pub fn layout_code(kind: LayoutCode, page: &PageInfo, block: &LayoutBlock, name: impl Fn(&CellId) -> String) -> String {
    let label = NAMED_MOSAICS.iter().find(|(_, mosaic)| *mosaic == block.mosaic).map(|(name, _)| *name);
    let cells = block.cells.iter().map(|(letter, id)| (letter, name(id)));
    let body = || {
        let cells: Map<String, Value> = cells.clone().map(|(letter, name)| (letter.to_string(), name.into())).collect();
        json!({ "blocks": [{ "mosaic": block.mosaic, "cells": cells }] })
    };
    match kind {
        LayoutCode::Python => {
            let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
            let mosaic = quoted(label.unwrap_or(&block.mosaic));
            let lines: String = cells.clone().map(|(letter, name)| format!("    {letter}={},\n", quoted(&name))).collect();
            format!("board = agnez.Board({})\nboard.layout(\n    {mosaic},\n{lines})", quoted(&page.board))
        }
        LayoutCode::Json => serde_json::to_string_pretty(&body()).unwrap_or_default(),
        LayoutCode::Curl => {
            let text = body().to_string().replace('\'', r"'\''");
            format!("curl -X PUT {}/{} -d '{text}'", page.curl_origin(), routes::layout(&page.board))
        }
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
