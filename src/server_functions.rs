//! The server functions of the page. The work is done in [`crate::server`]'s `boards`.
//!
//! Each replies when the change is on disk; the page itself changes when the event arrives over `/live`.

use leptos::prelude::*;
use leptos::server_fn::codec::{Json, JsonEncoding};
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};

use crate::browser::api_client::AuthorizedClient;
use crate::protocol::{ApiError, CellId, ChartsPatch, ErrorKind, LayoutPatch};

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            // The server reads requests, the browser replies.
            ServerFnErrorErr::Deserialization(_) if cfg!(not(feature = "ssr")) => {
                ErrorKind::GeneralError.with("The server's answer could not be read; reload the page to see what was saved.")
            }
            ServerFnErrorErr::Args(why) | ServerFnErrorErr::MissingArg(why) | ServerFnErrorErr::Deserialization(why) => {
                ErrorKind::BadRequest.with(format!("The request could not be read: {why}."))
            }
            ServerFnErrorErr::Request(_) => {
                ErrorKind::Unavailable.with("The server could not be reached; check whether the change is there.")
            }
            other => ErrorKind::GeneralError.with(other.to_string()),
        }
    }
}

/// Creates an empty cell at the end of the board, or of one of its sections.
#[server(prefix = "/rpc", endpoint = "cells/create", input = Json, client = AuthorizedClient)]
pub async fn create_cell(board: String, name: String, section: Option<String>) -> Result<CellId, ApiError> {
    use crate::server;
    server::respond(server::boards()?.create_empty(board, name, section).await)
}

/// Changes the title, the note, or both; `None` leaves it as it is.
#[server(prefix = "/rpc", endpoint = "cells/edit", input = Json, client = AuthorizedClient)]
pub async fn edit_cell(id: CellId, name: Option<String>, note: Option<String>) -> Result<(), ApiError> {
    use crate::server;
    server::respond(server::boards()?.edit(id, name, note).await)
}

/// What a text cell would show of this Markdown, as HTML.
#[server(prefix = "/rpc", endpoint = "text/preview", input = Json, client = AuthorizedClient)]
pub async fn preview_text(text: String) -> Result<String, ApiError> {
    Ok(crate::server::markdown_fragment(&text))
}

/// Puts the cell into a section, before another one or at its end, and out of its block. The answer undoes it, by [`change_layout`].
#[server(prefix = "/rpc", endpoint = "cells/move", input = Json, client = AuthorizedClient)]
pub async fn move_cell(id: CellId, section: Option<String>, before: Option<CellId>) -> Result<LayoutPatch, ApiError> {
    use crate::server;
    server::respond(server::boards()?.move_cell(id, section, before).await)
}

/// Changes sizes of cells, the density, sections and blocks, at once. The answer undoes it.
#[server(prefix = "/rpc", endpoint = "board/layout", input = Json, client = AuthorizedClient)]
pub async fn change_layout(board: String, patch: LayoutPatch) -> Result<LayoutPatch, ApiError> {
    use crate::server;
    server::respond(server::boards()?.change_layout(board, patch).await)
}

/// Gives a section another name; the cells come to one of that name, if it is there. The answer undoes it.
#[server(prefix = "/rpc", endpoint = "board/section/rename", input = Json, client = AuthorizedClient)]
pub async fn rename_section(board: String, from: String, to: String) -> Result<LayoutPatch, ApiError> {
    use crate::server;
    server::respond(server::boards()?.rename_section(board, from, to).await)
}

/// Moves a section before another one, or to the end. The answer undoes it.
#[server(prefix = "/rpc", endpoint = "board/section/move", input = Json, client = AuthorizedClient)]
pub async fn move_section(board: String, name: String, before: Option<String>) -> Result<LayoutPatch, ApiError> {
    use crate::server;
    server::respond(server::boards()?.move_section(board, name, before).await)
}

/// Puts a section above all others, or back. The answer undoes it.
#[server(prefix = "/rpc", endpoint = "board/section/pin", input = Json, client = AuthorizedClient)]
pub async fn pin_section(board: String, name: String, pinned: bool) -> Result<LayoutPatch, ApiError> {
    use crate::server;
    server::respond(server::boards()?.pin_section(board, name, pinned).await)
}

/// Gives all cells of a section one size; `None` is the default. The answer undoes it.
#[server(prefix = "/rpc", endpoint = "board/section/resize", input = Json, client = AuthorizedClient)]
pub async fn resize_section(
    board: String,
    section: Option<String>,
    width: Option<u8>,
    height: Option<u16>,
) -> Result<LayoutPatch, ApiError> {
    use crate::server;
    server::respond(server::boards()?.resize_section(board, section, width, height).await)
}

/// Removes the cell; [`restore_cell`] brings it back while it is among the last 100 that were removed from its board.
#[server(prefix = "/rpc", endpoint = "cells/remove", input = Json, client = AuthorizedClient)]
pub async fn remove_cell(id: CellId) -> Result<(), ApiError> {
    use crate::server;
    server::respond(server::boards()?.discard(id).await)
}

/// Brings a removed cell back, whole, under its old id and place.
#[server(prefix = "/rpc", endpoint = "cells/restore", input = Json, client = AuthorizedClient)]
pub async fn restore_cell(id: CellId) -> Result<(), ApiError> {
    use crate::server;
    server::respond(server::boards()?.restore(id).await)
}

/// Changes how line charts are drawn, in every browser, at once. Those that are gone are skipped. The answer undoes it.
#[server(prefix = "/rpc", endpoint = "cells/charts", input = Json, client = AuthorizedClient)]
pub async fn change_charts(changes: Vec<ChartsPatch>) -> Result<Vec<ChartsPatch>, ApiError> {
    use crate::server;
    server::respond(server::boards()?.change_charts(changes).await)
}
