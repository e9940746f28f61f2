//! Links that open a page with a token, and the files in the data folder that they need.

use std::path::Path;

use super::error::TokenError;
use super::store;
use crate::protocol::MAIN_BOARD;

/// The address of the running server, or of the last one.
const ADDRESS_FILE: &str = "address";
/// The link for programs of the server's own user.
const LINK_FILE: &str = "token";

/// Writes down the address for `agnez token new`, whose links would name the default port without it.
pub fn save_address(folder: &Path, address: &str) {
    if let Err(error) = std::fs::write(folder.join(ADDRESS_FILE), address) {
        tracing::debug!("the address could not be written down: {error}");
    }
}

pub fn saved_address(folder: &Path) -> Option<String> {
    let text = std::fs::read_to_string(folder.join(ADDRESS_FILE)).ok()?;
    Some(text.trim().to_owned())
}

/// Writes the link to a file that only the owner of the folder can read, for systems where programs of that user need a token.
pub fn save_link(folder: &Path, link: &str) -> Result<(), TokenError> {
    let path = folder.join(LINK_FILE);
    store::write(folder, &path, format!("{link}\n").as_bytes())
        .map_err(|error| TokenError::Link { path: path.clone(), reason: error.to_string() })
}

/// Opens the page of a board. Browsers do not send the part after `#`; the page's script takes the token out of it.
pub fn link(address: &str, board: &str, token: &str) -> String {
    let address = address.trim_end_matches('/');
    let path = if board == MAIN_BOARD { String::new() } else { format!("b/{board}") };
    format!("{address}/{path}#token={token}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_of_the_own_user_is_readable_for_that_user_only() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        for link in ["http://localhost:3000/#token=agz_a", "http://localhost:3001/#token=agz_b"] {
            save_link(folder.path(), link).unwrap();
            let path = folder.path().join(LINK_FILE);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{link}\n"));
            assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        }
    }
}
