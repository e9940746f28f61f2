//! What the content security policy of a figure has blocked, in one sentence that says what to do.
//!
//! The sentence never contains text of a figure: of a report only its directive and its host are
//! accepted, and both are checked.

use crate::sorting;

/// Of a host's name with its port.
const MAX_HOST_BYTES: usize = 80;
/// A longer URL is ignored.
const MAX_URL_BYTES: usize = 300;
/// Different reports of one revision of a figure that are stored.
pub const MAX_REPORTS: usize = 16;
/// Resources beside the first one that the sentence names.
const MAX_NAMED: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Script,
    Data,
    Frame,
    Picture,
    Media,
    Sheet,
    Font,
    Worker,
}

/// One blocked resource. The order is that of importance to a figure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blocked {
    kind: Kind,
    /// Of a script: the index in [`LIBRARIES`].
    library: Option<usize>,
    host: String,
}

/// A word in the URL of the library, its name, and how to make a figure that contains it.
const LIBRARIES: [(&str, &str, &str); 8] = [
    ("plotly", "Plotly", "Make the HTML with fig.to_html(include_plotlyjs=True), which holds the library."),
    ("bokeh", "Bokeh", "Make the HTML with bokeh.embed.file_html(plot, resources=INLINE), which holds the library."),
    ("holoviz", "Panel", "Save it with panel.save(file, resources=INLINE, embed=True), which holds the library."),
    ("vega", "Vega", "Make the HTML with Altair's chart.to_html(inline=True), which holds the library."),
    ("vis-network", "vis-network", "Make it with pyvis' Network(cdn_resources=\"in_line\"), which holds the library."),
    ("echarts", "ECharts", "Put the library into the HTML, between <script> and </script>."),
    ("mpld3", "mpld3", "This version is not known here: make the HTML with mpld3 0.5."),
    ("d3", "d3", "Version 3 or 5 from d3js.org is served from here; put any other into the HTML, between <script> and </script>."),
];

impl Blocked {
    /// Parses the `effectiveDirective` and the `blockedURI` of a violation report (CSP level 3).
    /// `None` for unknown directives and for everything that is no plain host.
    pub fn parse(directive: &str, uri: &str) -> Option<Self> {
        let kind = match directive {
            "script-src" | "script-src-elem" | "script-src-attr" => Kind::Script,
            "connect-src" => Kind::Data,
            "frame-src" | "child-src" | "object-src" => Kind::Frame,
            "img-src" => Kind::Picture,
            "media-src" => Kind::Media,
            "style-src" | "style-src-elem" | "style-src-attr" => Kind::Sheet,
            "font-src" => Kind::Font,
            "worker-src" => Kind::Worker,
            _ => return None,
        };
        if uri.len() > MAX_URL_BYTES {
            return None;
        }
        let url = uri.to_ascii_lowercase();
        let rest = ["https://", "http://", "wss://", "ws://"].into_iter().find_map(|scheme| url.strip_prefix(scheme));
        let host = rest.map_or("", |rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        if host.len() > MAX_HOST_BYTES || !host.bytes().all(is_plain) || (rest.is_some() && host.is_empty()) {
            return None;
        }
        let library = LIBRARIES.iter().position(|(mark, ..)| kind == Kind::Script && contains_word(&url, mark));
        Some(Self { kind, library, host: host.to_owned() })
    }

    fn noun(&self) -> &'static str {
        match (self.kind, self.library) {
            (Kind::Script, Some(at)) => LIBRARIES[at].1,
            (Kind::Script, None) => "a script",
            (Kind::Data, _) => "data",
            (Kind::Frame, _) => "a page",
            (Kind::Picture, _) => "a picture",
            (Kind::Media, _) => "a sound or film",
            (Kind::Sheet, _) => "a style sheet",
            (Kind::Font, _) => "a font",
            (Kind::Worker, _) => "a worker",
        }
    }

    fn remedy(&self) -> &'static str {
        match (self.kind, self.library) {
            (Kind::Script, Some(at)) => LIBRARIES[at].2,
            (Kind::Script, None) => "Put the script itself into the HTML, between <script> and </script>.",
            (Kind::Data, _) => "Put the data into the HTML.",
            (Kind::Frame, _) => "Send that page's HTML as a cell of its own.",
            (Kind::Picture | Kind::Media | Kind::Font, _) => "Put it into the HTML as a data: address.",
            (Kind::Sheet, _) => "Put its rules into the HTML, between <style> and </style>.",
            (Kind::Worker, _) => "Do its work in the figure's own script.",
        }
    }

    fn description(&self) -> String {
        if self.host.is_empty() { self.noun().to_owned() } else { [self.noun(), " from ", &self.host].concat() }
    }
}

/// Whether a URL contains this word, so that `d3` is not found in a checksum.
fn contains_word(url: &str, word: &str) -> bool {
    let is_end = |byte: Option<u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let bytes = url.as_bytes();
    (0..bytes.len()).any(|at| {
        let end = at + word.len();
        bytes.get(at..end) == Some(word.as_bytes())
            && is_end(at.checked_sub(1).map(|before| bytes[before]))
            && is_end(bytes.get(end).copied())
    })
}

/// The sentence for the reader; empty if nothing was blocked.
pub fn sentence(blocked: &[Blocked]) -> String {
    let mut all: Vec<&Blocked> = blocked.iter().collect();
    sorting::sort(&mut all);
    all.dedup();
    let Some((first, others)) = all.split_first() else { return String::new() };
    let mut text = ["Blocked: ", &first.description(), ". Figures load nothing from other addresses. ", first.remedy()].concat();
    for (at, other) in others.iter().take(MAX_NAMED).enumerate() {
        text.push_str(if at == 0 { " Also blocked: " } else { ", " });
        text.push_str(&other.description());
    }
    if others.len() > MAX_NAMED {
        text.push_str(" and more");
    }
    if !others.is_empty() {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence_of(directive: &str, uri: &str) -> String {
        sentence(&Blocked::parse(directive, uri).into_iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_library_is_recognised_by_its_url() {
        for (from, word) in [
            ("https://cdn.plot.ly/plotly-2.35.2.min.js", "Plotly from cdn.plot.ly"),
            ("https://cdn.jsdelivr.net/npm/plotly.js@3/dist/plotly.min.js", "include_plotlyjs=True"),
            ("https://cdn.bokeh.org/bokeh/release/bokeh-widgets-3.6.0.min.js", "resources=INLINE"),
            ("https://cdn.jsdelivr.net/npm/vega-embed@6", "inline=True"),
            ("https://mpld3.github.io/js/mpld3.v0.1.js", "mpld3 0.5"),
            ("https://cdnjs.cloudflare.com/ajax/libs/d3/7.0.0/d3.min.js", "Version 3 or 5"),
            ("HTTPS://Example.org:8443/ad3f.js?x#y", "Blocked: a script from example.org:8443."),
        ] {
            assert!(sentence_of("script-src-elem", from).contains(word), "{from}: {}", sentence_of("script-src-elem", from));
        }
    }

    #[test]
    fn only_plain_hosts_are_accepted() {
        for from in
            ["https://<b>/x.js", "https:///x", "https://a b/", "https://é.org/", &format!("https://{}/", "a".repeat(81)), &"x".repeat(301)]
        {
            assert_eq!(sentence_of("script-src-elem", from), "", "{from}");
        }
        assert_eq!(sentence_of("<b>", "https://example.org"), "");
        assert!(sentence_of("connect-src", "wss://[::1]:80/x").starts_with("Blocked: data from [::1]:80. "));
        assert!(sentence_of("frame-src", "data").starts_with("Blocked: a page. "));
    }

    #[test]
    fn the_most_important_comes_first_and_the_rest_is_bounded() {
        let mut all: Vec<Blocked> = (0..9).filter_map(|at| Blocked::parse("img-src", &format!("https://h{at}.org/a.png"))).collect();
        all.extend(Blocked::parse("script-src-elem", "https://cdn.plot.ly/plotly.js"));
        assert_eq!(
            sentence(&all),
            "Blocked: Plotly from cdn.plot.ly. Figures load nothing from other addresses. Make the HTML with \
             fig.to_html(include_plotlyjs=True), which holds the library. Also blocked: a picture from h0.org, a picture from h1.org, \
             a picture from h2.org and more."
        );
    }
}
