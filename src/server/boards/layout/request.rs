//! The body of `PUT /boards/:board/layout`.

use serde_json::Value;

use crate::protocol::{ApiError, LayoutPatch};
use crate::server::boards::layout_rules::{check_patch, wrong};
use crate::server::boards::runs::parse_object;

/// Parses the body of `PUT /boards/:board/layout`, and returns it with its size. 400 with the wrong key and its rule.
pub fn parse_layout(body: &[u8]) -> Result<(LayoutPatch, usize), ApiError> {
    let patch = Value::Object(parse_object(body)?);
    check_patch(&patch)?;
    let patch = serde_json::from_value(patch).map_err(|why| wrong("layout", &format!("cannot be read: {why}")))?;
    Ok((patch, body.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::limits::MAX_LAYOUT_BLOCKS;

    #[test]
    fn so_many_blocks_are_refused_before_the_writer_sees_them() {
        let blocks =
            |count: usize| serde_json::json!({ "blocks": vec![serde_json::json!({ "id": "b", "mosaic": null }); count] }).to_string();
        assert!(parse_layout(blocks(MAX_LAYOUT_BLOCKS).as_bytes()).is_ok());
        let refused = parse_layout(blocks(MAX_LAYOUT_BLOCKS + 1).as_bytes()).unwrap_err();
        assert_eq!((refused.code, refused.message.as_str()), (413, "'blocks' may have 200 blocks; nothing was changed."));
    }

    #[test]
    fn a_change_is_checked_before_it_begins() {
        for body in [
            r#"{}"#,
            r#"{"sections":null,"density":null,"cells":{"loss":{"width":null,"order":1.5}}}"#,
            r#"{"sections":[{"name":"a","pinned":null,"width":null,"height":null}],"cells":null,"blocks":null}"#,
            r#"{"blocks":[{"id":"b","mosaic":null,"cells":null},{"id":null,"mosaic":"A","cells":{"A":"a"}}]}"#,
            r#"{"blocks":[{"mosaic":"hero-thirds","cells":{"H":"loss"}},{"id":"b","mosaic":null},{"id":"b"}]}"#,
        ] {
            assert!(parse_layout(body.as_bytes()).is_ok(), "{body}");
        }
        for (body, why) in [
            (r#"[]"#, "The body must be a JSON object, not an array; nothing was changed."),
            (r#"{"mosaic":"A"}"#, "'mosaic' is unknown here; known are cells, sections, density and blocks; nothing was changed."),
            (r#"{"undone":null}"#, "'undone' is unknown here; known are cells, sections, density and blocks; nothing was changed."),
            (r#"{"cells":{"":{}}}"#, "'cells' must name cells by their ids or names; nothing was changed."),
            (
                r#"{"sections":[{"name":"a","colour":1}]}"#,
                "'sections[0].colour' is unknown here; known are name, pinned, width, height; nothing was changed.",
            ),
            (r#"{"cells":[]}"#, "'cells' must be an object, not an array; nothing was changed."),
            (
                r#"{"cells":{"a":{"widht":1}}}"#,
                "'cells.a.widht' is unknown here; known are section, order, width, height; nothing was changed.",
            ),
            (r#"{"cells":{"a":{"width":"wide"}}}"#, "'cells.a.width' must be an integer from 1 to 12; nothing was changed."),
            (r#"{"sections":[{"name":""}]}"#, "'sections[0].name' must have 1 to 120 characters; nothing was changed."),
            (r#"{"density":7}"#, "'density' must be 2, 3, 4 or 6; nothing was changed."),
            (r#"{"blocks":{}}"#, "'blocks' must be an array, not an object; nothing was changed."),
            (r#"{"blocks":[{"cells":{"A":"a"}}]}"#, "'blocks[0].mosaic' is needed for a block without 'id'; nothing was changed."),
            (
                r#"{"blocks":[{"mosaic":"hero","cells":{"H":"a"}}]}"#,
                "'blocks[0].cells' names 'H', which is no letter of the mosaic; nothing was changed.",
            ),
            (
                r#"{"blocks":[{"mosaic":"AB"}]}"#,
                "'blocks[0].cells' must be an object with a cell for a letter of the mosaic; nothing was changed.",
            ),
            (
                r#"{"blocks":[{"mosaic":"AB","cells":{"A":""}}]}"#,
                "'blocks[0].cells' must name cells by their ids or names; nothing was changed.",
            ),
        ] {
            assert_eq!(parse_layout(body.as_bytes()).unwrap_err().message, why, "{body}");
        }
    }
}
