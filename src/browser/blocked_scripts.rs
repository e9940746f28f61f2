//! What a figure could not load, in a sentence of ours that says what to do. A figure's own words are never shown: of what it reports only
//! the kind and a host's name are believed, and the name is checked.

use crate::sorting;

/// Of a host's name, with its port.
const HOST_BYTES: usize = 80;
/// Of an address that is looked at.
const ADDRESS_BYTES: usize = 300;
/// So many different reports of a figure are kept.
pub const REPORTS: usize = 16;
/// So many are spelled out.
const SPELLED: usize = 3;

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

/// One thing that was blocked. Ordered by how much a figure needs it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blocked {
    kind: Kind,
    /// The place in [`LIBRARIES`], for scripts.
    library: Option<usize>,
    host: String,
}

/// What a script's address contains, its name, and how its figures are made whole.
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
    /// `what` is the directive of the policy, `from` the address, as the browser reports them. `None` for all that is not known.
    pub fn read(what: &str, from: &str) -> Option<Self> {
        let kind = match what {
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
        if from.len() > ADDRESS_BYTES {
            return None;
        }
        let address = from.to_ascii_lowercase();
        let rest = ["https://", "http://", "wss://", "ws://"].into_iter().find_map(|scheme| address.strip_prefix(scheme));
        let host = rest.map_or("", |rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        if host.len() > HOST_BYTES || !host.bytes().all(is_plain) || (rest.is_some() && host.is_empty()) {
            return None;
        }
        let library = LIBRARIES.iter().position(|(mark, ..)| kind == Kind::Script && names(&address, mark));
        Some(Self { kind, library, host: host.to_owned() })
    }

    fn thing(&self) -> &'static str {
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

    fn named(&self) -> String {
        if self.host.is_empty() { self.thing().to_owned() } else { [self.thing(), " from ", &self.host].concat() }
    }
}

/// Whether an address names this library: as a word of its own, so that `d3` is not found in a checksum.
fn names(address: &str, mark: &str) -> bool {
    let is_end = |byte: Option<u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let bytes = address.as_bytes();
    (0..bytes.len()).any(|at| {
        let end = at + mark.len();
        bytes.get(at..end) == Some(mark.as_bytes())
            && is_end(at.checked_sub(1).map(|before| bytes[before]))
            && is_end(bytes.get(end).copied())
    })
}

/// What a reader is to be told; empty when nothing was blocked.
pub fn sentence(blocked: &[Blocked]) -> String {
    let mut all: Vec<&Blocked> = blocked.iter().collect();
    sorting::sort(&mut all);
    all.dedup();
    let Some((first, others)) = all.split_first() else { return String::new() };
    let mut text = ["Blocked: ", &first.named(), ". Figures load nothing from other addresses. ", first.remedy()].concat();
    for (at, other) in others.iter().take(SPELLED).enumerate() {
        text.push_str(if at == 0 { " Also blocked: " } else { ", " });
        text.push_str(&other.named());
    }
    if others.len() > SPELLED {
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

    fn said(what: &str, from: &str) -> String {
        sentence(&Blocked::read(what, from).into_iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_library_is_known_by_its_address() {
        for (from, word) in [
            ("https://cdn.plot.ly/plotly-2.35.2.min.js", "Plotly from cdn.plot.ly"),
            ("https://cdn.jsdelivr.net/npm/plotly.js@3/dist/plotly.min.js", "include_plotlyjs=True"),
            ("https://cdn.bokeh.org/bokeh/release/bokeh-widgets-3.6.0.min.js", "resources=INLINE"),
            ("https://cdn.jsdelivr.net/npm/vega-embed@6", "inline=True"),
            ("https://mpld3.github.io/js/mpld3.v0.1.js", "mpld3 0.5"),
            ("https://cdnjs.cloudflare.com/ajax/libs/d3/7.0.0/d3.min.js", "Version 3 or 5"),
            ("HTTPS://Example.org:8443/ad3f.js?x#y", "Blocked: a script from example.org:8443."),
        ] {
            assert!(said("script-src-elem", from).contains(word), "{from}: {}", said("script-src-elem", from));
        }
    }

    #[test]
    fn only_names_of_hosts_are_believed() {
        for from in
            ["https://<b>/x.js", "https:///x", "https://a b/", "https://é.org/", &format!("https://{}/", "a".repeat(81)), &"x".repeat(301)]
        {
            assert_eq!(said("script-src-elem", from), "", "{from}");
        }
        assert_eq!(said("<b>", "https://example.org"), "");
        assert!(said("connect-src", "wss://[::1]:80/x").starts_with("Blocked: data from [::1]:80. "));
        assert!(said("frame-src", "data").starts_with("Blocked: a page. "));
    }

    #[test]
    fn the_most_needed_comes_first_and_the_rest_is_bounded() {
        let mut all: Vec<Blocked> = (0..9).filter_map(|at| Blocked::read("img-src", &format!("https://h{at}.org/a.png"))).collect();
        all.extend(Blocked::read("script-src-elem", "https://cdn.plot.ly/plotly.js"));
        assert_eq!(
            sentence(&all),
            "Blocked: Plotly from cdn.plot.ly. Figures load nothing from other addresses. Make the HTML with \
             fig.to_html(include_plotlyjs=True), which holds the library. Also blocked: a picture from h0.org, a picture from h1.org, \
             a picture from h2.org and more."
        );
    }
}
