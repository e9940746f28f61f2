//! Keys that are similar to a name that no run has.

/// Suggestions in one error.
const MAX_SUGGESTIONS: usize = 3;
/// Names that are compared; of more the first ones are.
const MAX_COMPARED: usize = 10_000;
/// Jaro-Winkler similarity of a suggestion: above it a word differs by a letter or two.
const MIN_SIMILARITY: f64 = 0.8;

/// The most similar names, best first. A name without its space (`lr` of `config.lr`) counts too.
pub(super) fn similar(wanted: &str, names: &[String]) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let score = |name: &str| {
        let bare =
            name.split_once('.').filter(|(space, _)| matches!(*space, "config" | "metrics" | "summary")).map_or(name, |(_, bare)| bare);
        let bare = bare.to_lowercase();
        let part = bare.contains(&*wanted) || (bare.chars().count() > 1 && wanted.contains(&bare));
        strsim::jaro_winkler(&wanted, &bare).max(if part { MIN_SIMILARITY } else { 0.0 })
    };
    let mut scored: Vec<(f64, &String)> = names.iter().take(MAX_COMPARED).map(|name| (score(name), name)).collect();
    scored.retain(|(score, _)| *score >= MIN_SIMILARITY);
    scored.sort_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| one.cmp(other)));
    scored.into_iter().take(MAX_SUGGESTIONS).map(|(_, name)| name.clone()).collect()
}
