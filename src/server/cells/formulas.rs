//! Formulas of texts as MathML, which browsers typeset without a script: for files that need no server.

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

use crate::server::limits::{MAX_FORMULA_BYTES, MAX_FORMULA_GROUPS};

/// The parser calls itself for each group; a level takes up to 64 KiB without optimisations. Only what is used takes memory.
const STACK_BYTES: usize = 128 << 20;
/// As `pulldown-cmark` writes formulas.
const BEGINS: [(&str, MathDisplay); 2] =
    [("<span class=\"math math-inline\">", MathDisplay::Inline), ("<span class=\"math math-display\">", MathDisplay::Block)];
const END: &str = "</span>";

/// The HTML of a text with its formulas as MathML. One that is not understood, or too large, stays as it was written, with the signs
/// that enclose it. Takes a processor for a while.
pub fn with_mathml(html: &str) -> String {
    if BEGINS.iter().all(|(begin, _)| !html.contains(begin)) {
        return html.to_owned();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("formulas".to_owned()).stack_size(STACK_BYTES);
        let converted = thread.spawn_scoped(scope, || convert_all(html)).ok().and_then(|thread| thread.join().ok());
        converted.unwrap_or_else(|| html.to_owned())
    })
}

fn convert_all(html: &str) -> String {
    let Ok(converter) = LatexToMathML::new(MathCoreConfig::default()) else { return html.to_owned() };
    let mut out = String::with_capacity(html.len() * 2);
    let mut rest = html;
    while let Some((at, begin, display)) = next_formula(rest) {
        let (before, formula) = (&rest[..at], &rest[at + begin.len()..]);
        let Some((formula, after)) = formula.split_once(END) else { break };
        out.push_str(before);
        let latex = unescaped(formula);
        let sign = if matches!(display, MathDisplay::Block) { "$$" } else { "$" };
        match converted(&converter, &latex, display) {
            Some(mathml) => out.extend([begin, &mathml, END]),
            None => out.extend([begin, sign, formula, sign, END]),
        }
        rest = after;
    }
    out + rest
}

/// Where the next formula begins, and with what.
fn next_formula(html: &str) -> Option<(usize, &'static str, MathDisplay)> {
    let found = BEGINS.into_iter().filter_map(|(begin, display)| Some((html.find(begin)?, begin, display)));
    found.min_by_key(|(at, ..)| *at)
}

fn converted(converter: &LatexToMathML, latex: &str, display: MathDisplay) -> Option<String> {
    let groups = latex.bytes().filter(|byte| b"\\{^_".contains(byte)).count();
    if latex.len() > MAX_FORMULA_BYTES || groups > MAX_FORMULA_GROUPS {
        return None;
    }
    converter.convert_with_local_state(latex, display).ok().map(|result| result.mathml)
}

/// A text between tags as it was written.
fn unescaped(html: &str) -> String {
    html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::cells::markdown_fragment;

    #[test]
    fn formulas_become_mathml_and_the_rest_of_a_text_stays() {
        let html =
            with_mathml(&markdown_fragment("Norm $\\lVert g\\rVert_2 < \\sqrt{x}$ of **all**:\n\n$$\\sum_i g_i^2$$\n\nfor $5 or $6"));
        assert!(html.starts_with("<p>Norm <span class=\"math math-inline\"><math>"), "{html}");
        assert!(html.contains("<msqrt><mi>x</mi></msqrt></math></span> of <strong>all</strong>"), "{html}");
        assert!(html.contains("<span class=\"math math-display\"><math display=\"block\">") && html.contains("for $5 or $6"), "{html}");
        assert!(html.contains("<mo>&lt;</mo>"), "{html}");
        assert_eq!(with_mathml("<p>none</p>"), "<p>none</p>");
    }

    #[test]
    fn what_is_not_understood_or_too_large_stays_as_it_was_written() {
        let written = |formula: &str| with_mathml(&markdown_fragment(&format!("${formula}$")));
        assert_eq!(written("\\unknown{x} < 1"), "<p><span class=\"math math-inline\">$\\unknown{x} &lt; 1$</span></p>\n");
        assert!(written(&"x".repeat(MAX_FORMULA_BYTES)).contains("<math>"));
        assert!(!written(&"x".repeat(MAX_FORMULA_BYTES + 1)).contains("<math>"));
        let script = written("\\text{</span><script>alert(1)</script>}");
        assert!(!script.contains("<script>"), "{script}");
    }

    /// Of each kind of group; a stack that is too small ends the whole program.
    #[test]
    fn the_deepest_formula_fits_the_stack() {
        for (open, close) in [
            ("{", "}"),
            ("\\sqrt{", "}"),
            ("\\left(", "\\right)"),
            ("x^{", "}"),
            ("\\sqrt ", ""),
            ("\\frac1", ""),
            ("\\hat ", ""),
            ("\\begin{matrix}", "\\end{matrix}"),
        ] {
            let groups = open.bytes().chain(close.bytes()).filter(|byte| b"\\{^_".contains(byte)).count();
            let depth = (MAX_FORMULA_GROUPS / groups).min(MAX_FORMULA_BYTES / (open.len() + close.len()) - 1);
            let formula = format!("<span class=\"math math-inline\">{}x{}</span>", open.repeat(depth), close.repeat(depth));
            assert!(with_mathml(&formula).contains("<math>"), "{open}");
        }
    }
}
