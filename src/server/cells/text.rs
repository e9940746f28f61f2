//! `text`: Markdown, shown as a document of its own.

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd, html};

use crate::charts::render::svg::escaped;
use crate::protocol::ApiError;
use crate::protocol::json_path::JsonPath;
use crate::server::limits::{MAX_HTML_BYTES, MAX_MARKDOWN_BYTES, MAX_MARKDOWN_DEPTH};

pub fn read(root: JsonPath) -> Result<String, ApiError> {
    root.text().map(std::borrow::Cow::into_owned)
}

const STYLE: &str = ":root{color-scheme:light dark;--line:light-dark(#d5d9df,#2f363e);--well:light-dark(#f6f7f9,#12161a);--muted:light-dark(#59616b,#9da7b2);\
font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",\"DejaVu Sans\",sans-serif}\
html{background:light-dark(#fff,#181c21);color:light-dark(#1a1d21,#e6e9ed)}body{margin:12px 16px;display:flow-root;overflow-wrap:anywhere}\
body>:first-child{margin-top:0}body>:last-child{margin-bottom:0}h1,h2,h3,h4,h5,h6{line-height:1.25;margin:1em 0 .4em}h1{font-size:1.4rem}h2{font-size:1.2rem}h3,h4,h5,h6{font-size:1rem}\
p,ul,ol,table,pre,blockquote{margin:.6em 0}ul,ol{padding-left:1.6em}a{color:light-dark(#0b5fbe,#74b4ff)}hr{border:0;border-top:1px solid var(--line)}\
code,pre{font:13px/1.45 ui-monospace,\"SF Mono\",\"Cascadia Mono\",\"DejaVu Sans Mono\",Menlo,Consolas,monospace;background:var(--well)}code{padding:1px 4px;border-radius:3px}\
pre{padding:8px 10px;overflow:auto;border:1px solid var(--line);border-radius:4px}pre code{padding:0}blockquote{margin-left:0;padding-left:12px;border-left:3px solid var(--line);color:var(--muted)}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:3px 10px;border:1px solid var(--line);text-align:left}img{max-width:100%;background:#fff;color-scheme:light}.math-display{display:block;overflow:auto;text-align:center}";

/// Of all texts.
const OPTIONS: Options =
    Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH).union(Options::ENABLE_TASKLISTS).union(Options::ENABLE_MATH);
/// Where the first paragraph of a text ends at the latest.
const MAX_FIRST_BYTES: usize = 2 << 10;
/// About how much HTML a part of the page may have.
const MAX_FRAGMENT_BYTES: usize = 128 << 10;

/// Whether the HTML of a text has formulas for the script that typesets them.
pub fn has_formulas(html: &str) -> bool {
    html.contains("<span class=\"math ")
}

/// A whole document for a figure's frame. HTML within the Markdown is shown as it is written; only `http`, `https` and `mailto` are linked,
/// and addresses without a scheme. They open a page of their own, which learns nothing of this one.
pub fn html(markdown: &str) -> String {
    let mut out = format!("<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>Text</title><style>{STYLE}</style></head><body>");
    push_body(&mut out, markdown, OPTIONS | Options::ENABLE_FOOTNOTES, MAX_HTML_BYTES);
    out.push_str("</body></html>");
    out
}

/// The same as a part of the page. It has no footnotes: their names would be ids among those of the page.
pub fn fragment(markdown: &str) -> String {
    let mut out = String::new();
    push_body(&mut out, markdown, OPTIONS, MAX_FRAGMENT_BYTES);
    out
}

/// The first paragraph, heading or item with a text, as it is read: without the marks of Markdown, in one line. Of a long text only the
/// beginning is looked at: the parser reads all that it is given before it says anything.
pub fn first_paragraph(markdown: &str) -> String {
    let mut text = String::new();
    for event in Parser::new_ext(&markdown[..markdown.floor_char_boundary(MAX_FIRST_BYTES)], OPTIONS) {
        match event {
            Event::Text(part) | Event::Code(part) | Event::InlineMath(part) | Event::DisplayMath(part) => text.push_str(&part),
            Event::Html(part) | Event::InlineHtml(part) => text.push_str(&part),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::End(tag) if !is_inline(tag) && !text.trim().is_empty() => break,
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_inline(tag: TagEnd) -> bool {
    matches!(tag, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
}

fn push_body(out: &mut String, markdown: &str, options: Options, most: usize) {
    let has_places = options.contains(Options::ENABLE_FOOTNOTES);
    let (shown, mut is_cut) = start(markdown);
    let mut left = Left { bytes: most, depth: 0, skipped: 0 };
    let events = Parser::new_ext(shown, options).filter(|event| left.has_room(event)).map(|event| match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        Event::Start(Tag::Link { link_type: LinkType::Email, dest_url, title, .. }) => {
            Event::InlineHtml(link(&format!("mailto:{dest_url}"), &title, has_places).into())
        }
        Event::Start(Tag::Link { dest_url, title, .. }) => Event::InlineHtml(link(&dest_url, &title, has_places).into()),
        other => other,
    });
    html::push_html(out, events);
    is_cut |= left.bytes == 0;
    if is_cut {
        out.push_str("<p><em>The text goes on: it is too large to be shown whole.</em></p>");
    }
}

/// The lines that are shown, and whether there are more.
fn start(markdown: &str) -> (&str, bool) {
    if markdown.len() <= MAX_MARKDOWN_BYTES {
        return (markdown, false);
    }
    let within = &markdown[..markdown.floor_char_boundary(MAX_MARKDOWN_BYTES)];
    (within.rfind('\n').map_or(within, |end| &within[..end]), true)
}

/// What may still be written: a letter of Markdown may become thirty of HTML, and as many levels.
struct Left {
    bytes: usize,
    depth: usize,
    /// Levels that are open and were not written.
    skipped: usize,
}

impl Left {
    /// Whether the event is written. What was begun is ended.
    fn has_room(&mut self, event: &Event) -> bool {
        match event {
            Event::End(_) if self.skipped > 0 => {
                self.skipped -= 1;
                false
            }
            Event::End(_) => {
                self.depth -= 1;
                true
            }
            Event::Start(_) if self.depth == MAX_MARKDOWN_DEPTH || self.bytes == 0 => {
                self.skipped += 1;
                false
            }
            Event::Start(Tag::Link { dest_url, title, .. } | Tag::Image { dest_url, title, .. }) => {
                self.depth += 1;
                self.take(dest_url.len() + title.len())
            }
            Event::Start(_) => {
                self.depth += 1;
                self.take(0)
            }
            Event::Text(text)
            | Event::Code(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text) => self.bytes > 0 && self.take(text.len()),
            _ => self.bytes > 0 && self.take(0),
        }
    }

    /// So many letters, each of which may be written as six; and a tag.
    fn take(&mut self, letters: usize) -> bool {
        self.bytes = self.bytes.saturating_sub(40 + 6 * letters);
        true
    }
}

/// `has_places`: addresses such as `#a` lead to a place in the text. In a part of the page they would lead away from it.
fn link(address: &str, title: &str, has_places: bool) -> String {
    if !has_places && (address.starts_with('#') || !is_safe(address)) {
        return format!("<a title=\"{}\">", escaped(title));
    }
    let address = escaped(if is_safe(address) { address } else { "#" });
    // A place in the text itself is reached without a new page.
    let opens = if address.starts_with('#') { "" } else { " target=\"_blank\" rel=\"noopener noreferrer\"" };
    format!("<a href=\"{address}\" title=\"{}\"{opens}>", escaped(title))
}

fn is_safe(address: &str) -> bool {
    let scheme = address.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_none_or(|scheme| matches!(scheme.as_str(), "http" | "https" | "mailto") || scheme.contains(['/', '?', '#']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_html_and_html_stays_text() {
        let page = html("# Run 7\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n~~old~~ <b>x</b>\n\n<script>alert(1)</script>\n");
        assert!(page.contains("<h1>Run 7</h1>") && page.contains("<td>1</td>") && page.contains("<del>old</del>"), "{page}");
        assert!(!page.contains("<script") && !page.contains("<b>") && page.contains("&lt;script&gt;"), "{page}");
    }

    #[test]
    fn formulas_are_marked_and_stay_text() {
        let page = html("Let $x<y$ and\n\n$$\\sum_i \"a\"$$\n\nfor $5 or $6.");
        assert!(page.contains("<span class=\"math math-inline\">x&lt;y</span>"), "{page}");
        assert!(page.contains("<span class=\"math math-display\">\\sum_i &quot;a&quot;</span>"), "{page}");
        assert!(page.contains("for $5 or $6.") && has_formulas(&page) && !has_formulas(&html("for $5 or $6.")), "{page}");
    }

    #[test]
    fn a_part_of_the_page_has_no_ids_and_is_bounded() {
        let part = fragment("# A\n\n[x](javascript:alert(1)) <i>y</i>[^toasts]\n\n[^toasts]: z\n");
        assert!(
            part.contains("<h1>A</h1>") && part.contains("&lt;i&gt;") && !part.contains("id=") && !part.contains("javascript"),
            "{part}"
        );
        assert!(fragment(&"> a\n\n".repeat(1 << 16)).len() < MAX_FRAGMENT_BYTES + 1000);
    }

    #[test]
    fn what_would_become_too_large_is_cut_and_says_so() {
        let cut = "The text goes on";
        // One letter a level, again and again.
        let again = format!("{}a\n\n", ">".repeat(60));
        for (markdown, is_cut) in [
            (">".repeat(8 << 20), true),
            ("> a\n".repeat(2 << 20), true),
            (again.repeat((1 << 20) / again.len()), true),
            ("- ".repeat(1 << 19), false),
            ("\"".repeat(1 << 20), false),
            (format!("|{}\n|{}\n{}", "a|".repeat(1000), "-|".repeat(1000), "|a\n".repeat(10_000)), false),
            (format!("{}b", ">".repeat(200)), false),
        ] {
            let page = html(&markdown);
            assert!(page.len() < MAX_HTML_BYTES + (1 << 20), "{:.20}: {} bytes", markdown, page.len());
            assert!(page.matches("<blockquote>").count() == page.matches("</blockquote>").count(), "{markdown:.20}");
            assert!(page.contains(cut) || !is_cut, "{markdown:.20}");
        }
        let deep = html(&format!("{}b", ">".repeat(200)));
        assert!(deep.matches("<blockquote>").count() <= MAX_MARKDOWN_DEPTH && deep.contains('b'), "{deep}");
        assert!(!html(&"word ".repeat((1 << 20) / 5)).contains(cut));
        assert!(html(&"é\n".repeat(1 << 20)).contains(cut));
    }

    #[test]
    fn links_are_of_the_web_or_nowhere() {
        let page = html("[a](javascript:alert) [b](https://example.org/x:y) [c](JAVASCRIPT:x) <vbscript:x> [d](#top) <e@f.org>");
        assert!(!page.to_ascii_lowercase().contains("href=\"javascript") && !page.contains("href=\"vbscript"), "{page}");
        assert!(page.contains("href=\"mailto:e@f.org\""), "{page}");
        assert!(page.contains("<a href=\"#top\" title=\"\">d</a>"), "{page}");
        assert!(
            page.contains("<a href=\"https://example.org/x:y\" title=\"\" target=\"_blank\" rel=\"noopener noreferrer\">b</a>"),
            "{page}"
        );
    }

    #[test]
    fn an_address_stays_in_its_attribute() {
        let page = html("[a](<https://e.org/\"onclick=x> 'b\"><script>')");
        assert!(page.contains("href=\"https://e.org/&quot;onclick=x\" title=\"b&quot;&gt;&lt;script&gt;\""), "{page}");
    }
}
