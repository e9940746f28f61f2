//! Patterns of names: `*` stands for any characters, `?` for one.

/// Whether `name` contains a sign that makes it a pattern.
pub fn is_glob(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// Whether `pattern` stands for all of `name`. Upper and lower case differ. Takes at most the product of both lengths: only the last
/// `*` is tried again, because an earlier one that stands for more leaves less to the rest.
pub fn matches_glob(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern.chars(), name.chars());
    // The pattern behind the last `*`, and the name behind what that `*` stands for.
    let mut retry = None;
    loop {
        match (pattern.clone().next(), name.clone().next()) {
            (Some('*'), _) => {
                pattern.next();
                retry = Some((pattern.clone(), name.clone()));
            }
            (Some(sign), Some(char)) if sign == '?' || sign == char => {
                pattern.next();
                name.next();
            }
            (None, None) => return true,
            _ => {
                let Some((behind, rest)) = &mut retry else { return false };
                if rest.next().is_none() {
                    return false;
                }
                (pattern, name) = (behind.clone(), rest.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split_mix::SplitMix64;

    /// The definition, in exponential time.
    fn by_definition(pattern: &[char], name: &[char]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some(('*', behind)), _) => (0..=name.len()).any(|skipped| by_definition(behind, &name[skipped..])),
            (Some((sign, behind)), Some((char, rest))) => (*sign == '?' || sign == char) && by_definition(behind, rest),
            _ => false,
        }
    }

    #[test]
    fn patterns_match_as_defined() {
        let mut rng = SplitMix64(7);
        let mut matched = 0;
        for _ in 0..20_000 {
            let pattern: Vec<char> = (0..rng.below(7)).map(|_| rng.pick(&['a', 'b', 'ß', '*', '*', '?'])).collect();
            let name: Vec<char> = (0..rng.below(8)).map(|_| rng.pick(&['a', 'b', 'ß'])).collect();
            let expected = by_definition(&pattern, &name);
            let (pattern, name): (String, String) = (pattern.iter().collect(), name.iter().collect());
            assert_eq!(matches_glob(&pattern, &name), expected, "{pattern} {name}");
            matched += u32::from(expected);
        }
        assert!((2_000..18_000).contains(&matched), "{matched}");
        assert!(is_glob("lr/pg?") && is_glob("*") && !is_glob("loss"));
    }

    #[test]
    fn a_hostile_pattern_takes_no_longer_than_the_product_of_the_lengths() {
        let pattern = format!("{}b", "*a".repeat(100));
        assert!(!matches_glob(&pattern, &"a".repeat(200)));
    }
}
