//! Lookup of tokens for each request: by hash and by id, in constant time in their number.

use std::collections::HashMap;

use super::store::{Secret, Signing, Token, Tokens};

pub struct Index {
    pub tokens: Vec<Token>,
    pub signing: Signing,
    by_hash: HashMap<Secret, usize>,
    by_id: HashMap<String, usize>,
}

impl Index {
    pub fn new(Tokens { tokens, signing }: Tokens) -> Self {
        let by_hash = tokens.iter().enumerate().map(|(at, token)| (token.hash.clone(), at)).collect();
        let by_id = tokens.iter().enumerate().map(|(at, token)| (token.id.clone(), at)).collect();
        Self { tokens, signing, by_hash, by_id }
    }

    /// Finds a token by the SHA-256 of what a request has shown. The time of the lookup depends on that hash only, of which a client cannot choose
    /// the bytes: it tells nothing about a token.
    pub fn by_hash(&self, hash: &Secret) -> Option<&Token> {
        self.by_hash.get(hash).and_then(|at| self.tokens.get(*at))
    }

    pub fn by_id(&self, id: &str) -> Option<&Token> {
        self.by_id.get(id).and_then(|at| self.tokens.get(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::auth::tokens::store::TokenKind;

    #[test]
    fn each_token_is_found_by_its_whole_hash_and_by_its_id() {
        let token = |at: u8, hash: [u8; 32]| Token {
            id: format!("t{at}"),
            kind: TokenKind::Read,
            board: None,
            details: false,
            name: String::new(),
            hash: Secret(hash),
            created: 0,
        };
        let mut near = [7; 32];
        near[31] = 8;
        let hashes = [[7; 32], near, [9; 32]];
        let signing = Signing { pages: Secret::random(), figures: Secret::random() };
        let tokens = hashes.iter().enumerate().map(|(at, hash)| token(at as u8, *hash)).collect();
        let index = Index::new(Tokens { tokens, signing });
        for (at, hash) in hashes.iter().enumerate() {
            assert_eq!(index.by_hash(&Secret(*hash)).map(|token| token.id.as_str()), Some(format!("t{at}").as_str()));
            assert!(index.by_id(&format!("t{at}")).is_some());
        }
        let mut other = [7; 32];
        other[30] = 8;
        assert!(index.by_hash(&Secret(other)).is_none() && index.by_hash(&Secret([0; 32])).is_none() && index.by_id("t9").is_none());
    }
}
