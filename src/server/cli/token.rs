//! `agnez token`: what is done on the command line, and what the person who asked is told.

use std::path::Path;

use super::args::TokenCommand;
use crate::server::auth::tokens::store::{self, TokenKind};
use crate::server::auth::tokens::{create, link, revoke};
use crate::server::boards::{board_name, page_path};
use crate::server::config::DEFAULT_DATA;

/// Where the running server, or the last one, was found: links are made of it.
const ADDRESS: &str = "address";

/// Kept for `agnez token new`; without it links would name the usual port.
pub fn note_address(folder: &Path, address: &str) {
    if let Err(why) = std::fs::write(folder.join(ADDRESS), address) {
        tracing::debug!("the address was not noted: {why}");
    }
}

/// Beside the hashes, where programs of this user could not come in without it: they read it here, and only this user can.
pub fn keep_link(folder: &Path, link: &str) -> Result<(), String> {
    let path = folder.join("token");
    store::write(folder, &path, format!("{link}\n").as_bytes())
        .map_err(|why| format!("The link could not be kept in {}: {why}.", path.display()))
}

/// The flag that names this data folder in a command, where one is needed.
pub fn named(folder: &Path) -> String {
    if folder == Path::new(DEFAULT_DATA) { String::new() } else { format!(" --data '{}'", folder.display()) }
}

/// Both answers are sentences for a terminal. `usual` is the address that the flags name.
pub fn token_command(command: &TokenCommand, folder: &Path, usual: &str) -> Result<String, String> {
    let named = named(folder);
    match command {
        TokenCommand::New { kind, board, name } => {
            if let (None, Some(board)) = (kind, board) {
                return Err(format!(
                    "Say what the token is for: 'agnez token new share --board {board}{named}' makes a link that shows this board only; \
                     'write' and 'read' tokens open all boards, and their link begins with this one."
                ));
            }
            let kind = &kind.unwrap_or(TokenKind::Write);
            let board = board_name(board.as_deref().unwrap_or_default()).map_err(|error| error.message)?.to_owned();
            let shown = (*kind == TokenKind::Share).then(|| board.clone());
            let (known, token) = create(folder, *kind, shown, name.as_deref().unwrap_or_default()).map_err(|why| why.to_string())?;
            let noted = std::fs::read_to_string(folder.join(ADDRESS));
            let address = noted.as_deref().map_or(usual, str::trim);
            let (name, id) = (kind.name(), known.id);
            let scope = match kind {
                TokenKind::Write => "writes to all boards",
                TokenKind::Read => "reads all boards",
                TokenKind::Share => "reads this board only",
            };
            // Without --data in another folder, the running server would never see the token.
            let warning = match folder.join("agnez.sqlite").exists() {
                true => String::new(),
                false => format!(
                    "\nNo server has used {} yet. If yours keeps its data elsewhere, name that folder with --data.",
                    folder.display()
                ),
            };
            Ok(format!(
                "{}\n\nToken  {token}\nThis {name} token {scope}. It is shown only once; 'agnez token revoke {id}{named}' revokes it.{warning}",
                link(address, &page_path(&board), &token)
            ))
        }
        TokenCommand::List => {
            let tokens = store::load(folder)?.tokens;
            if tokens.is_empty() {
                return Ok(format!("There are no tokens in {}; 'agnez token new{named}' makes one.", folder.display()));
            }
            let lines = tokens.iter().map(|token| {
                let of = token.board.as_deref().map_or_else(String::new, |board| format!(" of {board}"));
                format!("{}  {}{of}  {}  {}", token.id, token.need.name(), token.created_at(), token.name).trim_end().to_owned()
            });
            Ok(lines.collect::<Vec<_>>().join("\n"))
        }
        TokenCommand::Revoke { id } => {
            // Nothing is made in a folder that was not meant.
            let is_there = store::load(folder)?.tokens.iter().any(|token| token.id == *id);
            if is_there && revoke(folder, id, None).map_err(|why| why.to_string())? {
                return Ok(format!("The token {id} is revoked. Who came in with it is cut off within seconds."));
            }
            Err(format!("There is no token '{id}' in {}; 'agnez token list{named}' names those that are there.", folder.display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_for_the_own_user_is_read_by_that_user_only() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        for link in ["http://localhost:3000/#token=agz_a", "http://localhost:3001/#token=agz_b"] {
            keep_link(folder.path(), link).unwrap();
            let path = folder.path().join("token");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{link}\n"));
            assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_board_without_a_kind_is_no_token_for_all_boards() {
        let folder = tempfile::tempdir().unwrap();
        let new = |kind, board: Option<&str>| {
            let command = TokenCommand::New { kind, board: board.map(Into::into), name: None };
            token_command(&command, folder.path(), "http://localhost:3000")
        };
        let why = new(None, Some("mnist")).unwrap_err();
        assert!(why.contains("'agnez token new share --board mnist --data '") && why.contains("all boards"), "{why}");
        assert_eq!(store::load(folder.path()).unwrap().tokens.len(), 0);
        assert!(new(None, None).unwrap().contains("writes to all boards"));
        assert!(new(Some(TokenKind::Write), Some("mnist")).unwrap().contains("/b/mnist#token="));
        assert!(new(Some(TokenKind::Share), Some("mnist")).unwrap().contains("reads this board only"));
    }
}
