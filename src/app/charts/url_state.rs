//! The viewports in the URL, so that a link shows what its sender saw: `?view=ID:from:to:step,ID~ID:from:to:relative:follow`. Charts that show
//! the same part stand together. `history` reads and writes them.

use super::viewport::{self, Viewport};
use crate::protocol::XAxis;

pub const KEY: &str = "view=";
/// Between the ids of charts that show the same part: no id has it, and no address escapes it.
const CELL_SEPARATOR: &str = "~";

/// What the URL and the browser's history need to know of earlier changes.
#[derive(Default)]
pub struct UrlState {
    /// Viewports of the URL, of charts that are not on the page yet.
    pub viewports: Vec<UrlViewport>,
    pub is_save_due: bool,
    /// The next change gets an entry of its own in the history.
    pub is_new_entry: bool,
    /// When a viewport was changed last, in milliseconds since 1970.
    pub changed_at: f64,
}

/// The viewport of a cell, along an axis if the URL names it.
#[derive(Clone, Debug, PartialEq)]
pub struct UrlViewport {
    pub cell: String,
    pub viewport: Viewport,
    pub axis: Option<XAxis>,
}

pub fn parse_viewports(search: &str, number: fn(&str) -> f64) -> Vec<UrlViewport> {
    let value = search.trim_start_matches('?').split('&').find_map(|part| part.strip_prefix(KEY)).unwrap_or_default();
    let parsed = value.split(',').filter_map(|text| viewport::parse(text, number));
    let of_cells = |(ids, viewport, axis): (&'_ str, Viewport, Option<XAxis>)| {
        ids.split(CELL_SEPARATOR).map(move |id| UrlViewport { cell: id.to_owned(), viewport, axis }).collect::<Vec<_>>()
    };
    parsed.flat_map(of_cells).collect()
}

/// The value of [`KEY`] for these charts.
pub fn format_viewports<'a>(charts: impl Iterator<Item = (&'a str, Viewport, XAxis)>, number: fn(f64) -> String) -> String {
    let mut groups: Vec<(String, Viewport, XAxis)> = Vec::new();
    for (id, viewport, axis) in charts {
        match groups.iter_mut().find(|(_, known, along)| (*known, *along) == (viewport, axis)) {
            Some((ids, ..)) => ids.extend([CELL_SEPARATOR, id]),
            None => groups.push((id.to_owned(), viewport, axis)),
        }
    }
    let texts = groups.iter().map(|(ids, viewport, axis)| viewport::format(ids, viewport, *axis, number));
    texts.collect::<Vec<_>>().join(",")
}

/// The query with this value of a key (`view=`), or without the key if the value is empty. Other keys stay.
pub fn query(search: &str, key: &str, value: &str) -> String {
    let others = search.trim_start_matches('?').split('&').filter(|part| !part.is_empty() && !part.starts_with(key));
    let mut query = String::new();
    for part in others {
        query.push(if query.is_empty() { '?' } else { '&' });
        query.push_str(part);
    }
    if !value.is_empty() {
        query.push(if query.is_empty() { '?' } else { '&' });
        query.push_str(key);
        query.push_str(value);
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_read_from_an_address() {
        let number = |text: &str| text.parse().unwrap_or(f64::NAN);
        let read = parse_viewports("?a=1&view=x:1:2,y:3:4:follow,broken:5&b", number);
        let names: Vec<_> = read.iter().map(|each| (each.cell.as_str(), each.viewport.from, each.viewport.follow)).collect();
        assert_eq!(names, [("x", 1.0, false), ("y", 3.0, true)]);
        assert!(parse_viewports("", number).is_empty());
        let [seen, other] = [(1.0, 2.0), (3.0, 4.0)].map(|(from, to)| Viewport::new(from, to).unwrap());
        let charts = [("a", seen, XAxis::Step), ("b", other, XAxis::Step), ("c", seen, XAxis::Step), ("d", seen, XAxis::Wall)];
        let written = format_viewports(charts.into_iter(), |number| number.to_string());
        assert_eq!(written, "a~c:1:2:step,b:3:4:step,d:1:2:wall");
        let mut read = parse_viewports(&("?view=".to_owned() + &written), number);
        read.sort_by(|one, other| one.cell.cmp(&other.cell));
        let read: Vec<_> = read.iter().map(|each| (each.cell.as_str(), each.viewport, each.axis.unwrap())).collect();
        assert_eq!(read, charts);
    }

    #[test]
    fn the_rest_of_the_address_stays() {
        assert_eq!(query("?a=1&view=x:1:2&b", KEY, "y:1:2"), "?a=1&b&view=y:1:2");
        assert_eq!(query("?view=x:1:2", KEY, ""), "");
        assert_eq!(query("", KEY, "y:1:2"), "?view=y:1:2");
    }
}
