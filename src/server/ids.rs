//! Random ids: 16 letters and digits, as those of NeDB.

use crate::protocol::CellId;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// 95 bits from the system's random source.
pub fn random() -> String {
    let mut id = String::with_capacity(16);
    let mut bytes = [0_u8; 32];
    while id.len() < 16 {
        getrandom::fill(&mut bytes).expect("the system has a source of random numbers");
        // 248 = 4 * 62: larger bytes are dropped, so that all characters are equally likely.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        id.extend(fair.take(16 - id.len()).map(|byte| char::from(ALPHABET[usize::from(byte % 62)])));
    }
    id
}

pub fn cell() -> CellId {
    CellId::parse(&random()).expect("letters and digits are an id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_sixteen_letters_and_digits() {
        let (one, other) = (random(), random());
        assert_eq!(one.len(), 16);
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(one, other);
    }
}
