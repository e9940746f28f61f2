//! What stands in addresses where a browser can send no header: the key of a page, and the signature of a figure.
//!
//! Both are HMAC-SHA-256 (RFC 2104), cut to 128 bits.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::store::{Secret, Signing, Token};
use crate::protocol::CellId;

const BYTES: usize = 16;

/// `parts` cannot be confused: none of them holds the byte after each.
fn mac(secret: &Secret, parts: &[&str]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.0).expect("a key of any length is taken");
    for part in parts {
        mac.update(part.as_bytes());
        mac.update(b"\0");
    }
    mac
}

fn sign(secret: &Secret, parts: &[&str]) -> String {
    URL_SAFE_NO_PAD.encode(&mac(secret, parts).finalize().into_bytes()[..BYTES])
}

/// In constant time.
fn is_signed(secret: &Secret, parts: &[&str], signature: &str) -> bool {
    let known = URL_SAFE_NO_PAD.decode(signature).ok().filter(|bytes| bytes.len() == BYTES);
    known.is_some_and(|known| mac(secret, parts).verify_truncated_left(&known).is_ok())
}

/// Opens the frame of this cell, in every version, as long as it is on this board; and nothing else.
pub fn figure(secret: &Secret, board: &str, cell: &CellId) -> String {
    sign(secret, &["figure", board, cell.as_str()])
}

pub fn opens_figure(secret: &Secret, board: &str, cell: &str, signature: &str) -> bool {
    is_signed(secret, &["figure", board, cell], signature)
}

/// `<id>.<board>.<mac>`: opens this board for reading as long as the token is there. The token's hash is signed along, so that it ends
/// with this token and with no other; who knows the hash alone can sign nothing.
pub fn page(signing: &Signing, token: &Token, board: &str) -> String {
    let named = format!("{}.{}", token.id, URL_SAFE_NO_PAD.encode(board));
    let signature = sign(&signing.pages, &["page", &token.hash.to_hex(), &named]);
    format!("{named}.{signature}")
}

/// The token's id and the board, not checked yet.
pub fn parse(key: &str) -> Option<(&str, String)> {
    let (id, rest) = key.split_once('.')?;
    let (board, _) = rest.split_once('.')?;
    Some((id, String::from_utf8(URL_SAFE_NO_PAD.decode(board).ok()?).ok()?))
}

pub fn opens_page(signing: &Signing, token: &Token, key: &str) -> bool {
    key.rsplit_once('.').is_some_and(|(named, signature)| is_signed(&signing.pages, &["page", &token.hash.to_hex(), named], signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::auth::tokens::store::TokenKind;

    #[test]
    fn a_signature_opens_one_thing() {
        let (secret, other) = (Secret::random(), Secret::random());
        let (a, b) = (CellId::parse("a").unwrap(), CellId::parse("b").unwrap());
        let signature = figure(&secret, "board", &a);
        assert_eq!(signature.len(), 22);
        assert!(opens_figure(&secret, "board", "a", &signature));
        assert!(!opens_figure(&secret, "board", "b", &signature) && !opens_figure(&other, "board", "a", &signature));
        assert!(!opens_figure(&secret, "other", "a", &signature) && !opens_figure(&secret, "boar", "da", &signature));
        assert_ne!(figure(&secret, "board", &b), signature);
        for wrong in ["", "A", &signature[..21], &format!("{signature}A"), &signature.replace(&signature[..1], "!")] {
            assert!(!opens_figure(&secret, "board", "a", wrong), "{wrong}");
        }
    }

    #[test]
    fn a_key_names_its_board_and_ends_with_its_token() {
        let token = |id: &str| Token {
            id: id.into(),
            kind: TokenKind::Read,
            board: None,
            details: false,
            name: String::new(),
            hash: Secret::random(),
            created: 0,
        };
        let (one, other) = (token("t1"), token("t1"));
        let signing = || Signing { pages: Secret::random(), figures: Secret::random() };
        let (ours, another) = (signing(), signing());
        let key = page(&ours, &one, "run 7.ä");
        assert_eq!(parse(&key), Some(("t1", "run 7.ä".to_owned())));
        assert!(opens_page(&ours, &one, &key) && !opens_page(&ours, &other, &key) && !opens_page(&another, &one, &key));
        // What stands in access.json is not enough to sign with.
        let by_hash = Signing { pages: one.hash.clone(), figures: one.hash.clone() };
        assert!(!opens_page(&ours, &one, &page(&by_hash, &one, "run 7.ä")));
        let forged = key.replacen(&URL_SAFE_NO_PAD.encode("run 7.ä"), &URL_SAFE_NO_PAD.encode("main"), 1);
        assert!(parse(&forged).is_some() && !opens_page(&ours, &one, &forged));
        for wrong in ["", ".", "..", "t1", "t1.bWFpbg", "t1.!.x"] {
            assert!(!opens_page(&ours, &one, wrong), "{wrong}");
        }
    }
}
