//! What a request shows to be let in: a token in a header, or the key of a page in its path. Never in a query, which others would log.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::policy::{Reach, one};
use super::tokens::{Access, PREFIX, Right, Token};
use crate::protocol::ApiError;

/// Among the subprotocols of a WebSocket, for which browsers let no header be set.
const SUBPROTOCOL: &str = "agnez.token.";

/// How far a request may go, and by which token.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    pub reach: Reach,
    pub token: Option<String>,
}

#[derive(Debug, PartialEq)]
pub enum Shown {
    Nothing,
    /// A token or a key that opens nothing, or nothing any more.
    Unknown,
    Known(Grant),
}

/// A header is preferred to the key in the path: the page's own requests have both, and the key only reads.
pub fn shown(headers: &HeaderMap, path: &str, key: Option<&str>, access: &Access) -> Result<Shown, ApiError> {
    let token = match token(headers)? {
        None if path == "/live" => subprotocol(headers),
        token => token,
    };
    Ok(match (token, key) {
        (Some(token), _) => access.find(&token).map_or(Shown::Unknown, |token| Shown::Known(granted(token))),
        (None, Some(key)) => access
            .opened_by(key)
            .map_or(Shown::Unknown, |(token, board)| Shown::Known(Grant { reach: Reach::Board(board), token: Some(token.id) })),
        (None, None) => Shown::Nothing,
    })
}

fn granted(token: Token) -> Grant {
    let reach = match (token.need, token.board) {
        (Right::Write, _) => Reach::Writing,
        (Right::Read, _) => Reach::Reading,
        (Right::Share, Some(board)) => Reach::Board(board),
        // Nobody writes such a share; it shows nothing.
        (Right::Share, None) => Reach::Nothing,
    };
    Grant { reach, token: Some(token.id) }
}

/// `Bearer agz_…`, or as the password of `Basic` for tools that know nothing else. What is no token of ours is for others.
fn token(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = one(headers, header::AUTHORIZATION.as_str())? else { return Ok(None) };
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
        let access = Access::open(folder.path()).unwrap();
        let (known, token) = access.create(Right::Write, None, "").unwrap();
        let key = access.page_key(&known.id, "a").unwrap();
        let read = |pairs: &[(&'static str, &str)], path: &str, key: Option<&str>| match shown(&headers(pairs), path, key, &access)
            .map_err(|error| error.code)
        {
            Ok(Shown::Known(grant)) => Ok(Some(grant.reach)),
            Ok(Shown::Unknown) => Ok(None),
            Ok(Shown::Nothing) => Ok(Some(Reach::Nothing)),
            Err(code) => Err(code),
        };
        let bearer = format!("Bearer {token}");
        let basic = format!("Basic {}", STANDARD.encode(format!("anybody:{token}")));
        let list = format!("agnez, agnez.token.{token}");
        assert_eq!(read(&[("authorization", &bearer)], "/", None), Ok(Some(Reach::Writing)));
        assert_eq!(read(&[("authorization", &bearer.replace("Bearer", "bearer"))], "/", Some(&key)), Ok(Some(Reach::Writing)));
        assert_eq!(read(&[("authorization", &basic)], "/", None), Ok(Some(Reach::Writing)));
        assert_eq!(read(&[("sec-websocket-protocol", &list)], "/live", None), Ok(Some(Reach::Writing)));
        assert_eq!(read(&[("sec-websocket-protocol", &list)], "/values", None), Ok(Some(Reach::Nothing)));
        assert_eq!(read(&[], "/live", Some(&key)), Ok(Some(Reach::Board("a".into()))));
        // One that is wrong is not passed over for the key beside it.
        assert_eq!(read(&[("authorization", "Bearer agz_x")], "/", Some(&key)), Ok(None));
        assert_eq!(read(&[("authorization", "Bearer ")], "/", None), Ok(None));
        assert_eq!(read(&[], "/", Some("x")), Ok(None));
        for other in ["Basic YTpi", "Basic !", "Digest x", "Negotiate"] {
            assert_eq!(read(&[("authorization", other)], "/", None), Ok(Some(Reach::Nothing)), "{other}");
        }
        assert_eq!(read(&[("authorization", &bearer), ("authorization", &bearer)], "/", None), Err(400));
    }
}
