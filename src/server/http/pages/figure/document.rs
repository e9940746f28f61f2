//! The document of a figure's frame: what was sent, with the server's script at its beginning.

use std::sync::LazyLock;

use axum::body::Bytes;

/// See the file. It is in every figure, so its comments and indentation are left out.
static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let lines = include_str!("frame.js").lines().map(str::trim).filter(|line| !line.starts_with("//") && !line.starts_with("/**"));
    lines.collect::<Vec<_>>().join("\n")
});

/// White, as figures are drawn for; margins and letters that suit plain text. A figure's own style goes before it.
const SURFACE_STYLE: &str = "html{background:#fff;color:#1b1f24;print-color-adjust:exact;-webkit-print-color-adjust:exact;font:14px/1.5 system-ui,sans-serif}body{margin:12px;display:flow-root}";

/// Typesets the formulas of a text once it is read; the address as that of a figure at `/figure/{id}/{rev}`.
const MATH_SCRIPT: &str = "<script defer data-typeset src=\"../../vendor/math.js\"";

/// The three parts of what is sent. `word`: the nonce of the server's scripts, where no other may run. `has_formulas`: of a text.
///
/// A whole document keeps its mode of rendering (standards, limited quirks, quirks): the script stands behind its doctype, where the parser
/// makes the head around it. Anything else becomes the body of a document in standards mode.
pub fn framed(html: Bytes, word: Option<&str>, has_formulas: bool) -> [Bytes; 3] {
    let nonce = word.map(|word| format!(" nonce=\"{word}\"")).unwrap_or_default();
    let math = if has_formulas { format!("{MATH_SCRIPT}{nonce}></script>") } else { String::new() };
    let script = format!("<script{nonce}>{}</script>{math}", *SCRIPT);
    match beginning(&html) {
        Some(at) => [html.slice(..at), script.into(), html.slice(at..)],
        None => {
            let head = format!("<!DOCTYPE html><html><head><meta charset=\"utf-8\">{script}<style>{SURFACE_STYLE}</style></head><body>");
            [head.into(), html, Bytes::from_static(b"</body></html>")]
        }
    }
}

/// Of a whole document, the place behind its doctype, or before its `<html>`; comments may stand before either.
fn beginning(html: &[u8]) -> Option<usize> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let mut rest = html;
    loop {
        rest = rest.trim_ascii_start();
        let starts = |tag: &str| rest.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()));
        let after =
            |end: &[u8], from: usize| rest.get(from..)?.windows(end.len()).position(|part| part == end).map(|at| from + at + end.len());
        let end = if rest.starts_with(MARK) {
            MARK.len()
        } else if starts("<!doctype") {
            // Also within quotes: the parser ends it there.
            return Some(html.len() - rest.len() + after(b">", 0)?);
        } else if starts("<html") {
            return Some(html.len() - rest.len());
        } else if starts("<!--") {
            after(b"-->", 4)?
        } else if starts("<?") {
            after(b">", 0)?
        } else {
            return None;
        };
        rest = &rest[end..];
    }
}

#[cfg(test)]
mod tests {
    fn framed(html: &str, word: Option<&str>) -> String {
        String::from_utf8(super::framed(html.to_owned().into(), word, false).concat()).unwrap()
    }

    #[test]
    fn a_fragment_is_wrapped_and_a_document_is_not() {
        assert!(framed("<p>é</p>", None).starts_with("<!DOCTYPE html><html><head>"));
        assert!(framed("<p>é</p>", None).ends_with("<body><p>é</p></body></html>"));
        let whole = framed("  <!doctype HTML><title>x</title>", Some("w"));
        assert!(whole.starts_with("  <!doctype HTML><script nonce=\"w\">") && whole.ends_with("</script><title>x</title>"));
        assert!(framed("ééééé", None).ends_with("<body>ééééé</body></html>"));
        assert!(framed("<html>aéé", None).starts_with("<script>") && framed("<html>aéé", None).ends_with("</script><html>aéé"));
    }

    #[test]
    fn formulas_bring_their_script() {
        let text = String::from_utf8(super::framed("<!DOCTYPE html><p>".into(), Some("w"), true).concat()).unwrap();
        assert!(text.contains("<script defer data-typeset src=\"../../vendor/math.js\" nonce=\"w\"></script><p>"), "{text}");
    }

    #[test]
    fn the_doctype_of_a_document_stays_its_first_word() {
        let old =
            "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">";
        for before in
            ["", "\u{feff}", "\n <!-- saved from url=(0014)about:internet -->\n", "<?xml version=\"1.0\"?>\n", "<!-- a --><!-- b > -->"]
        {
            for doctype in [old, "<!doctype html>", "<!DOCTYPE HTML SYSTEM 'about:legacy-compat'>"] {
                let text = format!("{before}{doctype}<html lang=\"de\"><body>é");
                assert!(framed(&text, None).starts_with(&format!("{before}{doctype}<script>")), "{text}");
            }
            assert!(framed(&format!("{before}<HTML>"), None).ends_with("</script><HTML>"), "{before}");
        }
        for open in ["<!doctype html", "<!-- never closed", "<!--", "<?xml", "<", "", "<!-- a -->text"] {
            assert!(framed(open, None).ends_with(&format!("<body>{open}</body></html>")), "{open}");
        }
    }
}
