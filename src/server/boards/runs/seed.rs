//! Which keys of configurations say that a run is a repetition.

/// Last words of such keys.
const WORDS: [&str; 6] = ["seed", "seeds", "fold", "repeat", "replicate", "trial"];

/// Whether runs that differ in this key alone are repetitions: its last word is `seed`, or one like it.
pub fn is_seed(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let word = last.rsplit(['_', '-']).next().unwrap_or_default();
    WORDS.contains(&word) || last == "random_state" || last == "rng"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_says_it() {
        for key in ["seed", "Seed", "data.random_seed", "np-seed", "random_state", "cv.fold", "trial"] {
            assert!(is_seed(key), "{key}");
        }
        for key in ["", "seedling", "seed.size", "state", "folder", "lr"] {
            assert!(!is_seed(key), "{key}");
        }
    }
}
