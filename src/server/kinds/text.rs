//! `text`: Markdown, shown as a document of its own.

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, html};

use super::node::Node;
use crate::chart::svg::escaped;
use crate::protocol::ApiError;

pub fn read(root: Node) -> Result<String, ApiError> {
    root.text().map(std::borrow::Cow::into_owned)
}

const STYLE: &str = ":root{color-scheme:light dark;--line:light-dark(#d5d9df,#2f363e);--well:light-dark(#f6f7f9,#12161a);--muted:light-dark(#59616b,#9da7b2);\
font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",\"DejaVu Sans\",sans-serif}\
html{background:light-dark(#fff,#181c21);color:light-dark(#1a1d21,#e6e9ed)}body{margin:12px 16px;display:flow-root;overflow-wrap:anywhere}\
body>:first-child{margin-top:0}body>:last-child{margin-bottom:0}h1,h2,h3,h4,h5,h6{line-height:1.25;margin:1em 0 .4em}h1{font-size:1.4rem}h2{font-size:1.2rem}h3,h4,h5,h6{font-size:1rem}\
p,ul,ol,table,pre,blockquote{margin:.6em 0}ul,ol{padding-left:1.6em}a{color:light-dark(#0b5fbe,#74b4ff)}hr{border:0;border-top:1px solid var(--line)}\
code,pre{font:13px/1.45 ui-monospace,\"SF Mono\",\"Cascadia Mono\",\"DejaVu Sans Mono\",Menlo,Consolas,monospace;background:var(--well)}code{padding:1px 4px;border-radius:3px}\
pre{padding:8px 10px;overflow:auto;border:1px solid var(--line);border-radius:4px}pre code{padding:0}blockquote{margin-left:0;padding-left:12px;border-left:3px solid var(--line);color:var(--muted)}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:3px 10px;border:1px solid var(--line);text-align:left}img{max-width:100%}";

/// A whole document for a figure's frame. HTML within the Markdown is shown as it is written; only `http`, `https` and `mailto` are linked,
/// and addresses without a scheme. They open a page of their own, which learns nothing of this one.
pub fn html(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_FOOTNOTES;
    let events = Parser::new_ext(markdown, options).map(|event| match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        Event::Start(Tag::Link { link_type: LinkType::Email, dest_url, title, .. }) => {
            Event::InlineHtml(link(&format!("mailto:{dest_url}"), &title).into())
        }
        Event::Start(Tag::Link { dest_url, title, .. }) => Event::InlineHtml(link(&dest_url, &title).into()),
        other => other,
    });
    let mut out = format!("<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>Text</title><style>{STYLE}</style></head><body>");
    html::push_html(&mut out, events);
    out.push_str("</body></html>");
    out
}

fn link(address: &str, title: &str) -> String {
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
