//! What a request shows to be let in: a token in a header, or the key of a page in its path. Never in a query, which others would log.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::policy::Scope;
use super::request::single_header;
use super::tokens::{PREFIX, SharedBoard, Token, TokenKind, TokenRegistry};
use crate::protocol::ApiError;

/// Among the subprotocols of a WebSocket, for which browsers let no header be set.
const SUBPROTOCOL: &str = "agnez.token.";

/// How far a request may go, and by which token.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    pub scope: Scope,
    pub token: Option<String>,
}

#[derive(Debug, PartialEq)]
pub enum Credential {
    Nothing,
    /// A token or a key that opens nothing, or nothing any more.
    Unknown,
    Known(Grant),
}

/// A header is preferred to the key in the path: the page's own requests have both, and the key only reads.
pub fn credential(headers: &HeaderMap, path: &str, key: Option<&str>, tokens: &TokenRegistry) -> Result<Credential, ApiError> {
    let token = match token(headers)? {
        None if path == "/live" => subprotocol(headers),
        token => token,
    };
    Ok(match (token, key) {
        (Some(token), _) => tokens.find(&token).map_or(Credential::Unknown, |token| Credential::Known(granted(token))),
        (None, Some(key)) => tokens
            .opened_by(key)
            .map_or(Credential::Unknown, |(token, board)| Credential::Known(Grant { scope: Scope::Board(board), token: Some(token.id) })),
        (None, None) => Credential::Nothing,
    })
}

fn granted(token: Token) -> Grant {
    let scope = match (token.kind, token.board) {
        (TokenKind::Write, _) => Scope::Writing,
        (TokenKind::Read, _) => Scope::Reading,
        (TokenKind::Share, Some(name)) => Scope::Board(SharedBoard { name, details: token.details }),
        // Nobody writes such a share; it shows nothing.
        (TokenKind::Share, None) => Scope::Nothing,
    };
    Grant { scope, token: Some(token.id) }
}

/// `Bearer agz_…`, or as the password of `Basic` for tools that know nothing else. What is no token of ours is for others.
fn token(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = single_header(headers, header::AUTHORIZATION.as_str())? else { return Ok(None) };
    let Some((scheme, rest)) = value.split_once(' ') else { return Ok(None) };
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Some(rest.to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let pair = STANDARD.decode(rest).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let password = pair.as_deref().and_then(|pair| pair.split_once(':')).map(|(_, password)| password);
    Ok(password.filter(|password| password.starts_with(PREFIX)).map(str::to_owned))
}

fn subprotocol(headers: &HeaderMap) -> Option<String> {
    let lists = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).find_map(|name| name.trim().strip_prefix(SUBPROTOCOL)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        pairs.iter().for_each(|(name, value)| {
            map.append(*name, value.parse().unwrap());
        });
        map
    }

    #[test]
    fn tokens_come_in_a_header_and_a_header_is_preferred_to_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = TokenRegistry::open(folder.path()).unwrap();
        let (known, token) = tokens.create(TokenKind::Write, None, "").unwrap();
        let key = tokens.page_key(&known.id, "a").unwrap();
        let read = |pairs: &[(&'static str, &str)], path: &str, key: Option<&str>| match credential(&headers(pairs), path, key, &tokens)
            .map_err(|error| error.code)
        {
            Ok(Credential::Known(grant)) => Ok(Some(grant.scope)),
            Ok(Credential::Unknown) => Ok(None),
            Ok(Credential::Nothing) => Ok(Some(Scope::Nothing)),
            Err(code) => Err(code),
        };
        let bearer = format!("Bearer {token}");
        let basic = format!("Basic {}", STANDARD.encode(format!("anybody:{token}")));
        let list = format!("agnez, agnez.token.{token}");
        assert_eq!(read(&[("authorization", &bearer)], "/", None), Ok(Some(Scope::Writing)));
        assert_eq!(read(&[("authorization", &bearer.replace("Bearer", "bearer"))], "/", Some(&key)), Ok(Some(Scope::Writing)));
        assert_eq!(read(&[("authorization", &basic)], "/", None), Ok(Some(Scope::Writing)));
        assert_eq!(read(&[("sec-websocket-protocol", &list)], "/live", None), Ok(Some(Scope::Writing)));
        assert_eq!(read(&[("sec-websocket-protocol", &list)], "/values", None), Ok(Some(Scope::Nothing)));
        assert_eq!(read(&[], "/live", Some(&key)), Ok(Some(Scope::Board(SharedBoard { name: "a".into(), details: false }))));
        // One that is wrong is not passed over for the key beside it.
        assert_eq!(read(&[("authorization", "Bearer agz_x")], "/", Some(&key)), Ok(None));
        assert_eq!(read(&[("authorization", "Bearer ")], "/", None), Ok(None));
        assert_eq!(read(&[], "/", Some("x")), Ok(None));
        for other in ["Basic YTpi", "Basic !", "Digest x", "Negotiate"] {
            assert_eq!(read(&[("authorization", other)], "/", None), Ok(Some(Scope::Nothing)), "{other}");
        }
        assert_eq!(read(&[("authorization", &bearer), ("authorization", &bearer)], "/", None), Err(400));
    }
}
