//! mpld3 loads d3 and itself from addresses on the internet: here both come with the server, at addresses that are relative to the
//! figure's, so that they are right whatever name, port or path the server is reached by.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::protocol::{ApiError, ErrorKind};
use crate::server::http::pages::assets::bytes_of;
use crate::server::limits::MAX_BOARD_EXPORT_BYTES;

/// As a figure at `/figure/{id}/{rev}` names them.
const D3: &str = "../../vendor/d3.v5.min.js";
const D3_OLD: &str = "../../vendor/d3.v3.min.js";
const MPLD3: &str = "../../vendor/mpld3.min.js";

const MPLD3_AT: &str = "mpld3.github.io/js/";
const D3_AT: &str = "d3js.org/";

/// Longest part of an address behind the host's name that is looked at.
const ADDRESS_BYTES: usize = 64;

/// The HTML with the addresses of these libraries replaced. mpld3 since 0.2 is served by the one copy that is here, which draws what the
/// older ones have written, and needs d3 5; a figure of its own that wants d3 3 gets that.
pub fn with_local_scripts(html: &str) -> String {
    let has_mpld3 = html.contains(MPLD3_AT);
    // Each host is searched for once over the whole text, however often the other is named.
    let mut next = [MPLD3_AT, D3_AT].map(|host| (host, html.find(host)));
    let mut out = String::with_capacity(html.len());
    let mut done = 0;
    while let Some((host, at)) = next.iter().filter_map(|(host, at)| Some((*host, (*at)?))).min_by_key(|(_, at)| *at) {
        let end = at + host.len();
        let length =
            html[end..].bytes().take(ADDRESS_BYTES).take_while(|byte| byte.is_ascii_alphanumeric() || b"./-_".contains(byte)).count();
        let known = scheme_before(html, at).zip(local(host, &html[end..end + length], has_mpld3));
        if let Some((start, address)) = known.filter(|(start, _)| *start >= done) {
            out.push_str(&html[done..start]);
            out.push_str(address);
            done = end + length;
        }
        for (name, place) in &mut next {
            if *name == host {
                *place = html[end..].find(host).map(|further| end + further);
            }
        }
    }
    out + &html[done..]
}

/// The HTML with these libraries in it, instead of their addresses at this server. 413: it names them so often that no file has room for it.
pub fn with_inline_scripts(html: &str) -> Result<String, ApiError> {
    with_inline(html, bytes_of)
}

/// `script_of`: the bytes of a file by its name.
fn with_inline(html: &str, script_of: impl Fn(&str) -> Option<Bytes>) -> Result<String, ApiError> {
    let mut html = html.to_owned();
    for address in [D3, D3_OLD, MPLD3] {
        let places = html.matches(address).count();
        let Some(script) = (if places == 0 { None } else { script_of(address.trim_start_matches("../")) }) else { continue };
        let script = format!("data:text/javascript;base64,{}", STANDARD.encode(script));
        if html.len() + places * script.len() > MAX_BOARD_EXPORT_BYTES {
            let message = format!("This figure loads libraries at {places} places; with all of them it is too large for a file.");
            return Err(ErrorKind::PayloadTooLarge.with(message));
        }
        html = html.replace(address, &script);
    }
    Ok(html)
}

/// The copy that is here of the file of this name.
fn local(host: &str, file: &str, has_mpld3: bool) -> Option<&'static str> {
    let (name, is_mpld3_host) = (file.to_ascii_lowercase(), host == MPLD3_AT);
    let name = name.strip_suffix(".js")?;
    let name = name.strip_suffix(".min").unwrap_or(name);
    match name {
        "d3.v5" => Some(D3),
        "d3.v3" if has_mpld3 => Some(D3),
        "d3.v3" => Some(D3_OLD),
        _ if is_mpld3_host => name.strip_prefix("mpld3.v0.").filter(|version| version.starts_with(['2', '3', '4', '5'])).map(|_| MPLD3),
        _ => None,
    }
}

/// Where the address that names a host at `at` begins.
fn scheme_before(html: &str, at: usize) -> Option<usize> {
    let before = &html[..at];
    let scheme =
        ["https://www.", "http://www.", "//www.", "https://", "http://", "//"].into_iter().find(|scheme| before.ends_with(scheme))?;
    Some(at - scheme.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_every_mpld3_become_local() {
        for version in ["v0.2", "v0.2.min", "v0.3", "v0.3.1.dev1", "v0.3.min", "v0.4.1", "v0.5.10", "v0.5.12.min"] {
            for (scheme, d3) in
                [("http://", "d3js.org/d3.v3.min.js"), ("https://", "mpld3.github.io/js/d3.v3.min.js"), ("//", "d3js.org/d3.v5.js")]
            {
                let html = format!(r#"load("{scheme}{d3}", () => load("{scheme}mpld3.github.io/js/mpld3.{version}.js", f))"#);
                assert_eq!(with_local_scripts(&html), format!(r#"load("{D3}", () => load("{MPLD3}", f))"#));
            }
        }
    }

    #[test]
    fn a_figure_without_mpld3_gets_the_d3_that_it_wants() {
        let html = r#"<script src="https://d3js.org/d3.v3.min.js"></script><script src='http://d3js.org/d3.v5.min.js'>"#;
        assert_eq!(with_local_scripts(html), format!(r#"<script src="{D3_OLD}"></script><script src='{D3}'>"#));
    }

    #[test]
    fn libraries_are_put_in_place_as_often_as_there_is_room() {
        // As long as d3 is; the real file comes with the built page.
        let d3 = Bytes::from(vec![b'x'; 250_000]);
        let script_of = |name: &str| (name == D3.trim_start_matches("../")).then(|| d3.clone());
        let of = |places: usize| with_inline(&format!("<script src=\"{D3}\">\n").repeat(places), script_of);
        let two = of(2).unwrap();
        assert_eq!((two.matches("src=\"data:text/javascript;base64,").count(), two.contains(D3)), (2, false));
        assert_eq!(of(1000).unwrap_err().code, 413);
        let unknown = format!("<script src=\"{MPLD3}\">");
        assert_eq!(with_inline(&unknown, script_of).unwrap(), unknown);
        assert_eq!(with_inline_scripts("<p>").unwrap(), "<p>");
    }

    #[test]
    fn other_addresses_stay() {
        for html in [
            "https://d3js.org/d3.v7.js",
            "https://d3js.org/d3.v4.min.js",
            "https://d3js.org/",
            "https://mpld3.github.io/js/mpld3.v0.5 <b>.js",
            "https://mpld3.github.io/js/mpld3.v1.0.js",
            "https://mpld3.github.io/js/",
            "https://evil.example/d3js.org/d3.v5.js",
            "https://notd3js.org/d3.v5.js",
            "see mpld3.github.io/js/mpld3.v0.5.js é",
            "https://d3js.org/é.js",
        ] {
            assert_eq!(with_local_scripts(html), html);
        }
    }
}
