//! `agnez token`: creates, lists and revokes tokens, also while a server runs.

use std::path::Path;

use super::args::TokenCommand;
use super::error::CommandError;
use crate::server::auth::tokens::store::{self, TokenKind};
use crate::server::auth::tokens::{SharedBoard, create, links, revoke};
use crate::server::boards::board_name;
use crate::server::config::data_flag;
use crate::server::store::timestamp;

/// Runs the command, and returns the text to print. `default_address` is used where no server has run in the folder yet.
pub fn token_command(command: &TokenCommand, folder: &Path, default_address: &str) -> Result<String, CommandError> {
    match command {
        TokenCommand::New { kind: None, board: Some(board), .. } => {
            Err(CommandError::BoardWithoutKind { board: board.clone(), data_flag: data_flag(folder) })
        }
        TokenCommand::New { kind, details: true, .. } if *kind != Some(TokenKind::Share) => Err(CommandError::DetailsWithoutShare),
        TokenCommand::New { kind, board, details, name } => {
            let kind = kind.unwrap_or(TokenKind::Write);
            let opened = SharedBoard { name: board.clone().unwrap_or_default(), details: *details };
            new_token(folder, kind, opened, name.as_deref().unwrap_or_default(), default_address)
        }
        TokenCommand::List => list(folder),
        TokenCommand::Revoke { id } => {
            // Looks first, so that no files are created in a folder that was mistyped.
            let exists = store::load(folder)?.tokens.iter().any(|token| token.id == *id);
            if exists && revoke(folder, id, None)? {
                return Ok(format!("The token {id} is revoked. Connections that use it are closed within seconds."));
            }
            Err(CommandError::NoToken { id: id.clone(), folder: folder.to_owned(), data_flag: data_flag(folder) })
        }
    }
}

/// `opened`: the board that the link opens, and that a share shows.
fn new_token(folder: &Path, kind: TokenKind, opened: SharedBoard, name: &str, default_address: &str) -> Result<String, CommandError> {
    let (details, board) = (opened.details, board_name(&opened.name).map_err(|error| CommandError::Board(error.message))?.to_owned());
    let shared = (kind == TokenKind::Share).then(|| SharedBoard { name: board.clone(), details });
    let (entry, token) = create(folder, kind, shared, name)?;
    let address = links::saved_address(folder).unwrap_or_else(|| default_address.to_owned());
    let permits = match kind {
        TokenKind::Write => "writes to all boards",
        TokenKind::Read => "reads all boards",
        TokenKind::Share if details => "reads this board only, with all details of its runs",
        TokenKind::Share => "reads this board only",
    };
    // In another folder than the running server's, the token would open nothing.
    let warning = match folder.join("agnez.sqlite").exists() {
        true => String::new(),
        false => {
            format!("\nNo server has used {} yet. If yours keeps its data elsewhere, name that folder with --data.", folder.display())
        }
    };
    Ok(format!(
        "{}\n\nToken  {token}\nThis {} token {permits}. It is shown only once; 'agnez token revoke {}{}' revokes it.{warning}",
        links::link(&address, &board, &token),
        kind.name(),
        entry.id,
        data_flag(folder)
    ))
}

fn list(folder: &Path) -> Result<String, CommandError> {
    let tokens = store::load(folder)?.tokens;
    if tokens.is_empty() {
        return Ok(format!("There are no tokens in {}; 'agnez token new{}' creates one.", folder.display(), data_flag(folder)));
    }
    let lines = tokens.iter().map(|token| {
        let of = token.board.as_deref().map_or_else(String::new, |board| format!(" of {board}"));
        let details = if token.details { " with details" } else { "" };
        format!("{}  {}{of}{details}  {}  {}", token.id, token.kind.name(), timestamp(token.created), token.name).trim_end().to_owned()
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_without_a_kind_is_no_token_for_all_boards() {
        let folder = tempfile::tempdir().unwrap();
        let made = |kind, board: Option<&str>, details| {
            let command = TokenCommand::New { kind, board: board.map(Into::into), details, name: None };
            token_command(&command, folder.path(), "http://localhost:3000")
        };
        let new = |kind, board| made(kind, board, false);
        for kind in [None, Some(TokenKind::Read), Some(TokenKind::Write)] {
            assert!(made(kind, None, true).unwrap_err().to_string().contains("is for shares"), "{kind:?}");
        }
        let why = new(None, Some("mnist")).unwrap_err().to_string();
        assert!(why.contains("'agnez token new share --board mnist --data '") && why.contains("all boards"), "{why}");
        assert_eq!(store::load(folder.path()).unwrap().tokens.len(), 0);
        assert!(new(None, None).unwrap().contains("writes to all boards"));
        assert!(new(Some(TokenKind::Write), Some("mnist")).unwrap().contains("/b/mnist#token="));
        assert!(new(Some(TokenKind::Share), Some("mnist")).unwrap().contains("reads this board only"));
    }
}
