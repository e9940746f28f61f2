//! The tokens as they are looked up for each request: by what was shown and by id, whatever their number.

use std::collections::HashMap;

use subtle::ConstantTimeEq;

use super::store::{Secret, Signing, Token, Tokens};

/// The first bytes of a hash, by which it is found. Who measures the time learns at most those, and makes no token of them.
type Start = [u8; 8];

pub struct Index {
    pub tokens: Vec<Token>,
    pub signing: Signing,
    by_hash: HashMap<Start, Vec<usize>>,
    by_id: HashMap<String, usize>,
}

impl Index {
    pub fn new(Tokens { tokens, signing }: Tokens) -> Self {
        let mut by_hash: HashMap<Start, Vec<usize>> = HashMap::with_capacity(tokens.len());
        for (at, token) in tokens.iter().enumerate() {
            by_hash.entry(start(&token.hash)).or_default().push(at);
        }
        let by_id = tokens.iter().enumerate().map(|(at, token)| (token.id.clone(), at)).collect();
        Self { tokens, signing, by_hash, by_id }
    }

    /// What is found is compared in constant time.
    pub fn by_hash(&self, hash: &Secret) -> Option<&Token> {
        let found = self.by_hash.get(&start(hash))?;
        found.iter().filter_map(|at| self.tokens.get(*at)).find(|known| known.hash.0.ct_eq(&hash.0).into())
    }

    pub fn by_id(&self, id: &str) -> Option<&Token> {
        self.by_id.get(id).and_then(|at| self.tokens.get(*at))
    }
}

fn start(hash: &Secret) -> Start {
    let mut start = Start::default();
    start.copy_from_slice(&hash.0[..8]);
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::auth::tokens::store::TokenKind;

    #[test]
    fn each_token_is_found_by_its_whole_hash_and_by_its_id() {
        let token = |at: u8, hash: [u8; 32]| Token {
            id: format!("t{at}"),
            need: TokenKind::Read,
            board: None,
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
