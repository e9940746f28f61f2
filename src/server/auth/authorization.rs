//! What each address needs, and whether the one who asks has it. What was not declared needs everything.

use std::collections::HashMap;

use axum::extract::{RawPathParams, Request};
use axum::http::Method;
use axum::{RequestExt, body::Body};
use percent_encoding::percent_decode_str;

use super::policy::{Caller, Scope};
use super::tokens::SharedBoard;
use crate::protocol::{ApiError, CellContent, CellId, ErrorKind, MAIN_BOARD};
use crate::server::App;

/// What somebody needs to be let through to a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Nothing: there is no data in it.
    Open,
    /// To read all boards.
    Read,
    /// To read the board that this is about.
    Board(BoardScope),
    Write,
    /// To write, by a token: to be a program of this machine is not enough to make access that lasts, nor to see and end it.
    WriteByToken,
}

/// How the board is found that a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoardScope {
    /// It is the main one.
    Main,
    /// `{board}` in the path.
    Path,
    /// The same, of what a share shows only if it was made to.
    Details,
    /// The page's own view of `?board=`.
    Live,
    /// That of the cell `{id}`.
    Cell,
    /// That of the cell in `{id}.svg` and the like; without a form it is a document, which a share does not show.
    Form,
    /// The handler leaves out what is on other boards.
    Cells,
    /// That of the cell `{id}`; or the address has the signature for it there.
    Figure,
    /// One with a cell that shows the picture `{*path}`.
    Image,
}

impl Permission {
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::Board(_) => "board",
            Self::Write | Self::WriteByToken => "write",
        }
    }
}

/// The permissions of all routes: by path as it was declared, then by method. Finding one allocates nothing.
#[derive(Default)]
pub struct Permissions(HashMap<String, Vec<(Method, Permission)>>);

impl Permissions {
    pub fn insert(&mut self, method: Method, path: &str, permission: Permission) {
        self.0.entry(path.to_owned()).or_default().push((method, permission));
    }

    pub fn find(&self, method: &Method, path: &str) -> Option<Permission> {
        let (_, permission) = self.0.get(path)?.iter().find(|(declared, _)| declared == method)?;
        Some(*permission)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Method, &str, Permission)> {
        self.0.iter().flat_map(|(path, methods)| methods.iter().map(|(method, permission)| (method, path.as_str(), *permission)))
    }
}

/// Whether the caller has the permission. Errors: 401, 403; 404 for what is on another board.
pub async fn check_permission(app: &App, caller: &Caller, need: Permission, request: &mut Request<Body>) -> Result<(), ApiError> {
    match (need, &caller.scope) {
        (Permission::WriteByToken, Scope::Writing) if caller.token.is_none() => Err(ErrorKind::NotAuthenticated.with(
            "Making, listing and ending links needs a write token: 'agnez token new' on the server's machine prints one, \
             'agnez token new share --board NAME' makes a link that shows one board; add '--data FOLDER' if the server was started with it.",
        )),
        (Permission::Open, _) | (_, Scope::Writing) | (Permission::Read | Permission::Board(_), Scope::Reading) => Ok(()),
        (Permission::Board(BoardScope::Figure), _) if has_signature(app, request).await => Ok(()),
        (Permission::Board(BoardScope::Details), Scope::Board(SharedBoard { details: false, .. })) => {
            Err(ErrorKind::Forbidden.with("This link does not show how runs were started nor what they printed: one that was made with details does, and so does a read or write token in a header."))
        }
        (Permission::Board(of), Scope::Board(board)) => is_in_scope(app, &board.name, of, request).await,
        (_, Scope::Nothing) if caller.is_unknown => Err(ErrorKind::NotAuthenticated
            .with("This token is not known here, or was revoked; 'agnez token new' on the server's machine makes another; \
               add '--data FOLDER' if the server was started with it.")),
        (_, Scope::Nothing) => Err(ErrorKind::NotAuthenticated.with(
            "A token is needed: send it as 'Authorization: Bearer agz_...'; 'agnez token new' on the server's machine makes one, and a link for browsers; \
             add '--data FOLDER' if the server was started with it.",
        )),
        (Permission::Write | Permission::WriteByToken, Scope::Reading) => Err(ErrorKind::Forbidden.with("This token may only read; changes need one that may write.")),
        (Permission::Write | Permission::WriteByToken | Permission::Read, Scope::Board(SharedBoard { name: board, .. })) => {
            Err(ErrorKind::Forbidden.with(format!("This link only shows the board '{board}'; for more another token is needed.")))
        }
    }
}

async fn parameter(request: &mut Request<Body>, name: &str) -> Option<String> {
    let found: RawPathParams = request.extract_parts().await.ok()?;
    found.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// The only value of a key: of two, the handler could take the other.
fn asked(request: &Request<Body>, name: &str) -> Option<String> {
    let mut found = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).filter(|(key, _)| key == name);
    found.next().filter(|_| found.next().is_none()).map(|(_, value)| value.into_owned())
}

async fn has_signature(app: &App, request: &mut Request<Body>) -> bool {
    let (id, signature) = (parameter(request, "id").await, asked(request, "sig"));
    let Some((id, signature)) = id.zip(signature) else { return false };
    let board = app.boards.record(&id).map(|record| record.board.clone());
    board.is_some_and(|board| app.tokens.opens_figure(&board, &id, &signature))
}

/// What is on another board is, for who may read this one only, not there.
async fn is_in_scope(app: &App, board: &str, of: BoardScope, request: &mut Request<Body>) -> Result<(), ApiError> {
    let other = || Err(ErrorKind::Forbidden.with(format!("This link only shows the board '{board}'; for more another token is needed.")));
    let cell = |id: &str| {
        let index = app.boards.index();
        let is_here = CellId::parse(id).and_then(|id| index.cell(&id).map(|record| *record.board == *board));
        if is_here == Some(true) { Ok(()) } else { Err(ErrorKind::NotFound.with(format!("No record found for id '{id}'"))) }
    };
    match of {
        BoardScope::Main if board == MAIN_BOARD => Ok(()),
        BoardScope::Path | BoardScope::Details if parameter(request, "board").await.as_deref() == Some(board) => Ok(()),
        BoardScope::Live if asked(request, "board").as_deref() == Some(board) && asked(request, "view").as_deref() == Some("page") => {
            Ok(())
        }
        BoardScope::Main | BoardScope::Path | BoardScope::Details | BoardScope::Live => other(),
        BoardScope::Cell | BoardScope::Figure => cell(&parameter(request, "id").await.unwrap_or_default()),
        BoardScope::Form => match parameter(request, "id").await.unwrap_or_default().rsplit_once('.') {
            Some((id, _)) => cell(id),
            None => Err(ErrorKind::Forbidden.with("This link shows the board's page; to read documents a token for reading is needed.")),
        },
        BoardScope::Cells => Ok(()),
        BoardScope::Image => {
            let path = parameter(request, "path").await.unwrap_or_default();
            let index = app.boards.index();
            let mut cells = index.board(board).into_iter().flat_map(|board| board.cells.values());
            let is_shown = cells.any(|record| matches!(&record.content, CellContent::Image { src, .. } if matches_image(src, &path)));
            drop(index);
            if is_shown { Ok(()) } else { Err(ErrorKind::NotFound.with(format!("There is no picture '{path}' on this board."))) }
        }
    }
}

/// Whether a cell's address, as it was sent, is this path below `/images/`, as the router has decoded it.
fn matches_image(src: &str, path: &str) -> bool {
    let Some(named) = src.strip_prefix("images/") else { return false };
    let named = named.split(['?', '#']).next().unwrap_or_default();
    named == path || percent_decode_str(named).eq(path.bytes())
}

#[cfg(test)]
mod tests {
    use super::matches_image;

    #[test]
    fn a_picture_is_known_by_the_address_of_its_cell() {
        assert!(
            matches_image("images/a b.gif", "a b.gif")
                && matches_image("images/a%20b.gif?v=1#x", "a b.gif")
                && matches_image("images/sub/é.png", "sub/é.png")
        );
        assert!(
            !matches_image("images/a.gif", "b.gif")
                && !matches_image("images/a.gif", "")
                && !matches_image("https://x.org/images/a.gif", "a.gif")
        );
        assert!(!matches_image("media/a/1", "a/1") && !matches_image("images/sub/a.gif", "a.gif"));
    }
}
