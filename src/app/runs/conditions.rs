//! The conditions of the search above the table: each can be removed by itself, while the text stays to be edited.

use leptos::prelude::*;

use crate::app::state::use_dashboard;

/// More conditions have no room; the text has them all.
const MAX_CONDITIONS: usize = 20;

#[component]
pub fn Conditions() -> impl IntoView {
    let dashboard = use_dashboard();
    let runs = dashboard.runs;
    let remove = move |at: usize| {
        let q = runs.comparison.with_untracked(|comparison| comparison.q.clone());
        runs.update_comparison(|comparison| comparison.q = without(&q, at));
        // The button is removed with its condition.
        if let Some(field) = dashboard.refs.run_search.get_untracked() {
            let _ = field.focus();
        }
    };
    move || {
        let q = runs.comparison.with(|comparison| comparison.q.clone());
        let texts: Vec<String> = conditions(&q).into_iter().take(MAX_CONDITIONS).map(|(from, to)| q[from..to].to_owned()).collect();
        let chip = |(at, text): (usize, String)| {
            view! {
                <li>
                    <code>{text.clone()}</code>
                    <button
                        type="button"
                        class="quiet"
                        aria-label=["Remove ", &text].concat()
                        title="Remove this condition"
                        on:click=move |_| remove(at)
                    >
                        "×"
                    </button>
                </li>
            }
        };
        let chips = texts.into_iter().enumerate().map(chip).collect_view();
        (!q.is_empty()).then(|| view! { <ul class="run-conditions" aria-label="Conditions">{chips}</ul> })
    }
}

/// The conditions that must all hold, as bytes of the search. Alternatives are one condition.
fn conditions(search: &str) -> Vec<(usize, usize)> {
    let (mut list, mut start, mut depth, mut before) = (Vec::new(), None, 0_usize, ' ');
    // The quote or slash that ends what has begun.
    let (mut closing, mut is_escaped, mut has_alternatives) = (None, false, false);
    let is_sign = |c: char| matches!(c, '<' | '>' | '=' | ':' | '!' | '-');
    for (at, c) in search.char_indices() {
        if let Some(end) = closing {
            closing = if c == end && !is_escaped { None } else { closing };
            is_escaped = c == '\\' && !is_escaped;
            before = c;
            continue;
        }
        let is_begin = start.is_none() || is_sign(before) || before == '(' || before.is_whitespace();
        match c {
            '"' => closing = Some('"'),
            '/' if is_begin => closing = Some('/'),
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => has_alternatives = true,
            _ => {}
        }
        let rest = || search[at..].trim_start().chars().next();
        // Blanks around a sign are within the condition.
        let is_joined = || (is_sign(before) && before != '-') || rest().is_some_and(|next| is_sign(next) && next != '-' && next != '!');
        if c.is_whitespace() && depth == 0 && !is_joined() {
            list.extend(start.take().map(|from| (from, at)));
        } else if !c.is_whitespace() && start.is_none() {
            start = Some(at);
        }
        before = if c.is_whitespace() && is_sign(before) { before } else { c };
    }
    list.extend(start.map(|from| (from, search.trim_end().len())));
    if has_alternatives {
        let whole = (search.len() - search.trim_start().len(), search.trim_end().len());
        return vec![whole];
    }
    list
}

/// The search without one of its conditions.
fn without(search: &str, condition: usize) -> String {
    let others = conditions(search).into_iter().enumerate().filter(|(at, _)| *at != condition);
    others.map(|(_, (from, to))| &search[from..to]).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(search: &str) -> Vec<&str> {
        conditions(search).into_iter().map(|(from, to)| &search[from..to]).collect()
    }

    #[test]
    fn blanks_separate_conditions_unless_they_are_within_one() {
        assert_eq!(texts("  lr<0.01 tag:ok  -status:failed "), ["lr<0.01", "tag:ok", "-status:failed"]);
        assert_eq!(texts("\"top 5\"=1 name:\"a \\\" b\" vit"), ["\"top 5\"=1", "name:\"a \\\" b\"", "vit"]);
        assert_eq!(texts("/^vit small/ model:/a b/i val/acc.max>0.9 x"), ["/^vit small/", "model:/a b/i", "val/acc.max>0.9", "x"]);
        assert_eq!(texts("-(a=1 b=2) (model=a | model=b) c"), ["-(a=1 b=2)", "(model=a | model=b)", "c"]);
        assert_eq!(texts("lr < 0.01 b= 2"), ["lr < 0.01", "b= 2"]);
        assert_eq!(texts("a=1 | b=2 c=3"), ["a=1 | b=2 c=3"], "alternatives are one condition");
        assert!(texts("").is_empty() && texts("  ").is_empty());
        assert_eq!(texts("(a \"b"), ["(a \"b"], "what is not closed reaches to the end");
    }

    #[test]
    fn a_condition_is_removed_with_its_blanks() {
        assert_eq!(without("lr<0.01  tag:ok -x", 1), "lr<0.01 -x");
        assert_eq!((without("a", 0), without("a b", 7)), (String::new(), "a b".to_owned()));
    }
}
