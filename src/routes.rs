//! Every URL that the page uses. They are relative to its `<base>`, which has the server's sub-path and the key of the page.

use crate::charts::kinds;
use crate::protocol::{CellId, RunId};

/// The board of cells that name none.
pub const MAIN: &str = "main";

pub fn favicon() -> &'static str {
    "favicon.svg"
}

/// The script that typesets formulas.
pub const MATH_SCRIPT: &str = "../vendor/math.js";

/// The list of boards, or the board `main` while there is no other one.
pub const FRONT: &str = "../";

/// The list of boards, also of one.
pub const BOARD_LIST: &str = "../b";

/// Beside the key of the page and not below it: a copied link must not contain the key. Without a key the base is the root, and `..` stays
/// there (RFC 3986, section 5.2.4).
pub fn board(name: &str) -> String {
    ["../", &board_in_list(name)].concat()
}

/// A board from the list of boards, whose addresses have no key.
pub fn board_in_list(name: &str) -> String {
    ["b/", &encoded(name)].concat()
}

/// The values of all boards.
pub const VALUES: &str = "values";

pub fn value(id: &CellId) -> String {
    format!("values/{id}")
}

/// A figure can read its own URL: it does not contain the key of the page, but a signature that is valid for the frames of this cell only.
pub fn figure(id: &CellId, rev: u64, sig: Option<&str>) -> String {
    let (mark, sig) = sig.map_or(("", ""), |sig| ("?sig=", sig));
    ["../figure/", id.as_str(), "/", &rev.to_string(), mark, sig].concat()
}

/// The document of a board: GET, PATCH and DELETE.
pub fn board_document(name: &str) -> String {
    ["boards/", &encoded(name)].concat()
}

/// The board as one file that needs no server.
pub fn board_export(name: &str) -> String {
    [&board_document(name), "/export.html"].concat()
}

/// Which charts have no points of these runs.
pub fn empty_charts(board: &str, runs: &[RunId]) -> String {
    of_runs(board, "empty-charts", &["runs=", &runs.iter().map(RunId::as_str).collect::<Vec<_>>().join(",")].concat())
}

/// The views of a board: GET and POST.
pub fn views(board: &str) -> String {
    [&board_document(board), "/views"].concat()
}

/// A view: PUT and DELETE.
pub fn view(board: &str, id: &str) -> String {
    [&views(board), "/", &encoded(id)].concat()
}

/// The arrangement of a board.
pub fn layout(board: &str) -> String {
    ["boards/", &encoded(board), "/layout"].concat()
}

/// The server's picture of a line chart, of this height in CSS pixels and without a legend.
pub fn line_chart_svg(id: &CellId, height: u32) -> String {
    format!("values/{id}.svg?height={height}&legend=0")
}

/// The height of a chart's plot in the page unless it has its own, in CSS pixels; the style sheet has the same.
pub const PLOT_HEIGHT: u32 = 240;

/// The chart as a file. `query` is empty or begins with `&`.
pub fn svg_file(id: &CellId, query: &str) -> String {
    format!("values/{id}.svg?width=1200&height=500&download=1{query}")
}

/// The chart as a figure for a paper: `form` is `svg` or `pdf`. `query` has its size, and is empty or begins with `&`.
pub fn figure_file(id: &CellId, form: &str, query: &str) -> String {
    format!("values/{id}.{form}?download=1{query}")
}

/// The chart as a picture of this size, with its title and legend.
pub fn svg_image(id: &CellId, (width, height): (i32, i32), theme: &str, query: &str) -> String {
    format!("values/{id}.svg?width={width}&height={height}&theme={theme}{query}")
}

pub fn csv_file(id: &CellId) -> String {
    format!("values/{id}.csv?download=1")
}

/// Columns of several charts over one range; `x` may have further keys behind it. `None`: the range is open at that end. Of runs, only those of the list `runs` are requested.
pub fn columns(
    ids: &str,
    x: &str,
    (from, to): (Option<String>, Option<String>),
    width: u32,
    smooth: Option<String>,
    runs: Option<String>,
) -> String {
    let mut address = format!("columns?cells={ids}&x={x}&width={width}");
    for (name, value) in [("&from=", from), ("&to=", to), ("&smooth=", smooth), ("&runs=", runs)] {
        if let Some(value) = value {
            // A number may hold a `+` sign, which would mean a space.
            address = [&address, name, &encoded(&value)].concat();
        }
    }
    address
}

/// Curves of groups in several charts. `keys` are those that say which groups, each after an `&`.
pub fn groups(ids: &str, x: &str, ends: (Option<String>, Option<String>), width: u32, smooth: Option<String>, keys: &str) -> String {
    let columns = columns(ids, x, ends, width, smooth, None);
    ["groups", columns.trim_start_matches("columns"), keys].concat()
}

/// The document of a run: GET, PATCH and DELETE.
pub fn run(board: &str, id: &RunId) -> String {
    ["boards/", &encoded(board), "/runs/", id.as_str()].concat()
}

/// The console output of a run.
pub fn run_console(board: &str, id: &RunId) -> String {
    run(board, id) + "/console"
}

/// The notes of a run as HTML.
pub fn run_notes(board: &str, id: &RunId) -> String {
    ["rpc/", &run(board, id), "/notes"].concat()
}

/// POST brings a removed run back.
pub fn restore_run(board: &str, id: &RunId) -> String {
    run(board, id) + "/restore"
}

/// A resource of the runs of a board, such as `run-table`, with a query that is encoded already.
pub fn of_runs(board: &str, resource: &str, query: &str) -> String {
    ["boards/", &encoded(board), "/", resource, "?", query].concat()
}

/// A chart of one value, without its revision. style/main.css has the same heights, to reserve the space. `fullscreen_height` is in CSS
/// pixels; 0 in the grid.
pub fn value_chart_svg(id: &CellId, kind: &str, fullscreen_height: u32) -> String {
    let grid_height = || kinds::height(kind).unwrap_or(PLOT_HEIGHT);
    let height = if fullscreen_height > 0 { fullscreen_height.max(60) } else { grid_height() };
    ["values/", id.as_str(), ".svg?height=", &height.to_string()].concat()
}

/// The value of the cell with the URL `value`, in the version of this query.
pub fn value_json(value: &str, version: &str) -> String {
    [value, ".json", if version.is_empty() { "" } else { "?" }, version].concat()
}

/// The live connection, which continues after the event `since`.
pub fn live(board: &str, epoch: &str, since: u64, run_seq: u64) -> String {
    format!("live?board={}&view=page&epoch={}&since={since}&run_seq={run_seq}", encoded(board), encoded(epoch))
}

/// The list of boards.
pub const BOARDS: &str = "boards";

/// Links to boards: POST creates one, GET lists those of a board.
pub const SHARES: &str = "shares";

pub fn shares(board: &str) -> String {
    format!("{SHARES}?board={}", encoded(board))
}

pub fn share(id: &str) -> String {
    format!("{SHARES}/{}", encoded(id))
}

/// True for images in the server's folder, whose content may change under the same name.
pub fn is_in_images_folder(src: &str) -> bool {
    src.starts_with("images/")
}

/// The first URL of an image. Those of other servers stay as they are: a signed URL must not change.
pub fn image_url(src: &str, rev: u64) -> String {
    if is_in_images_folder(src) || src.starts_with("values/") { revised_image_url(src, rev) } else { src.to_owned() }
}

/// The URL of an image that was sent again under the same name. It differs in the revision, so that no cache replies with the old image.
pub fn revised_image_url(src: &str, rev: u64) -> String {
    if src.starts_with("media/") || src.starts_with("data:") || src.starts_with("blob:") {
        return src.to_owned();
    }
    let (path, fragment) = src.split_once('#').unwrap_or((src, ""));
    let mark = if fragment.is_empty() { "" } else { "#" };
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}v={rev}{mark}{fragment}")
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
pub fn encoded(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

/// The value of a key of a query, which is still encoded. The key ends with its `=`.
pub fn query_value<'a>(query: &'a str, key: &str) -> Option<&'a str> {
    query.trim_start_matches('?').split('&').find_map(|part| part.strip_prefix(key))
}

/// The text behind a value of a query: `+` is a space, and what is no escape of UTF-8 stays or becomes `U+FFFD`.
pub fn decoded(value: &str) -> String {
    let hex = |at: usize| {
        let pair = value.get(at + 1..at + 3).filter(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        u8::from_str_radix(pair, 16).ok()
    };
    let bytes = value.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let escaped = (*byte == b'%').then(|| hex(at)).flatten();
        at += if escaped.is_some() { 3 } else { 1 };
        out.push(escaped.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_queries_are_read_as_they_are_written() {
        for text in ["", "a b", "lr<0.01 & \"ä\"=100%", "+%2", "日本"] {
            assert_eq!(decoded(&encoded(text)), text);
        }
        assert_eq!((decoded("a+b%2"), decoded("%zz%e4%ff")), ("a b%2".into(), "%zz\u{fffd}\u{fffd}".into()));
    }

    #[test]
    fn boards_are_beside_the_key_of_the_page() {
        assert_eq!(board("main"), "../b/main");
        assert_eq!(board("run 7/ä"), "../b/run%207%2F%C3%A4");
        assert_eq!(board_in_list("a b"), "b/a%20b");
    }

    #[test]
    fn the_url_of_a_figure_has_no_key() {
        let id = CellId::parse("a").unwrap();
        assert_eq!(figure(&id, 4, None), "../figure/a/4");
        assert_eq!(figure(&id, 4, Some("s")), "../figure/a/4?sig=s");
    }

    #[test]
    fn images_of_the_folder_have_their_revision_from_the_start() {
        assert_eq!(image_url("images/a.gif", 4), "images/a.gif?v=4");
        assert_eq!(image_url("media/abc/4", 4), "media/abc/4");
        assert_eq!(image_url("https://x.org/a?sig=1", 4), "https://x.org/a?sig=1");
    }

    #[test]
    fn columns_of_several_charts_are_one_request() {
        assert_eq!(columns("a,b", "step", (None, None), 360, None, None), "columns?cells=a,b&x=step&width=360");
        let from = Some("1e+21".to_owned());
        assert_eq!(
            columns("a", "time", (from, None), 9, Some("0.9".into()), Some("r1,r.2".into())),
            "columns?cells=a&x=time&width=9&from=1e%2B21&smooth=0.9&runs=r1%2Cr.2"
        );
    }

    #[test]
    fn charts_have_the_version_of_their_value_in_the_url() {
        let src = value_chart_svg(&CellId::parse("a-1").unwrap(), "number", 0);
        assert_eq!(
            (image_url(&src, 4), revised_image_url(&src, 5)),
            ("values/a-1.svg?height=140&v=4".into(), "values/a-1.svg?height=140&v=5".into())
        );
    }

    #[test]
    fn the_same_name_again_becomes_another_url() {
        assert_eq!(revised_image_url("https://x.org/a", 5), "https://x.org/a?v=5");
        assert_eq!(revised_image_url("https://x.org/a?sig=1#top", 5), "https://x.org/a?sig=1&v=5#top");
        assert_eq!(revised_image_url("data:image/gif;base64,R0", 5), "data:image/gif;base64,R0");
        assert_eq!(revised_image_url("images/a.gif", 5), "images/a.gif?v=5");
    }
}
