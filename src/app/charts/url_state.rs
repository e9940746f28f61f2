//! The visible parts of the charts in the URL, so that a link shows what its sender saw:
//! `?zoom=ID:from:to:step,ID~ID:from:to:relative:follow,ID:::step:y:low:high`. Charts that show the same part stand together. `history`
//! reads and writes them.

use super::viewport::Viewport;
use crate::protocol::XAxis;

pub const KEY: &str = "zoom=";
/// Between the ids of charts that show the same part: no id has it, and no address escapes it.
const CELL_SEPARATOR: &str = "~";

/// What the URL and the browser's history need to know of earlier changes.
#[derive(Default)]
pub struct UrlState {
    /// The parts of the URL, of charts that are not on the page yet.
    pub views: Vec<UrlView>,
    pub is_save_due: bool,
    /// The next change gets an entry of its own in the history.
    pub is_new_entry: bool,
    /// When a viewport was changed last, in milliseconds since 1970.
    pub changed_at: f64,
}

/// The visible part of a chart: of each axis all where it is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VisiblePart {
    pub x: Option<Viewport>,
    pub y: Option<Viewport>,
    /// The unit of `x`, if the URL names it: the axis by its name in JSON.
    pub axis: Option<XAxis>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct UrlView {
    pub cell: String,
    pub part: VisiblePart,
}

pub fn parse_views(search: &str, number: fn(&str) -> f64) -> Vec<UrlView> {
    let value = search.trim_start_matches('?').split('&').find_map(|part| part.strip_prefix(KEY)).unwrap_or_default();
    let parsed = value.split(',').filter_map(|text| parse(text, number));
    let of_cells = |(ids, part): (&'_ str, VisiblePart)| {
        ids.split(CELL_SEPARATOR).map(move |id| UrlView { cell: id.to_owned(), part }).collect::<Vec<_>>()
    };
    parsed.flat_map(of_cells).collect()
}

/// The ids and the visible part; `None` for a text that is neither of an x nor of a y axis.
fn parse(text: &str, number: fn(&str) -> f64) -> Option<(&str, VisiblePart)> {
    let mut words = text.split(':');
    let ids = words.next()?;
    let mut part = VisiblePart { x: Viewport::new(number(words.next()?), number(words.next()?)), ..VisiblePart::default() };
    while let Some(word) = words.next() {
        match word {
            "follow" => part.x = part.x.map(|viewport| Viewport { follow: true, ..viewport }),
            "y" => part.y = Viewport::new(number(words.next()?), number(words.next()?)),
            word => part.axis = XAxis::from_name(word).or(part.axis),
        }
    }
    (part.x.is_some() || part.y.is_some()).then_some((ids, part))
}

/// `number` formats a number so that it parses back to the same value.
fn format(ids: &str, part: &VisiblePart, number: fn(f64) -> String) -> String {
    let ends = |viewport: Option<Viewport>| {
        viewport.map_or([String::new(), String::new()], |viewport| [number(viewport.from), number(viewport.to)])
    };
    let [from, to] = ends(part.x);
    let mut text = [ids, ":", &from, ":", &to, ":", part.axis.map_or("", XAxis::name)].concat();
    if part.x.is_some_and(|viewport| viewport.follow) {
        text.push_str(":follow");
    }
    if part.y.is_some() {
        let [low, high] = ends(part.y);
        text.extend([":y:", &low, ":", &high]);
    }
    text
}

/// The value of [`KEY`] for these charts.
pub fn format_views<'a>(charts: impl Iterator<Item = (&'a str, VisiblePart)>, number: fn(f64) -> String) -> String {
    let mut groups: Vec<(String, VisiblePart)> = Vec::new();
    for (id, part) in charts {
        match groups.iter_mut().find(|(_, known)| *known == part) {
            Some((ids, _)) => ids.extend([CELL_SEPARATOR, id]),
            None => groups.push((id.to_owned(), part)),
        }
    }
    let texts = groups.iter().map(|(ids, part)| format(ids, part, number));
    texts.collect::<Vec<_>>().join(",")
}

/// The query with this value of a key (`zoom=`), or without the key if the value is empty. Other keys stay.
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

    fn number(text: &str) -> f64 {
        text.parse().unwrap_or(f64::NAN)
    }

    fn view(from: f64, to: f64) -> Option<Viewport> {
        Viewport::new(from, to)
    }

    #[test]
    fn views_are_read_from_an_address() {
        let read = parse_views("?a=1&zoom=x:1:2,y:3:4:follow,broken:5&b", number);
        let names: Vec<_> = read.iter().map(|each| (each.cell.as_str(), each.part.x.unwrap().from, each.part.x.unwrap().follow)).collect();
        assert_eq!(names, [("x", 1.0, false), ("y", 3.0, true)]);
        assert!(parse_views("", number).is_empty());
        let along = |axis, x| VisiblePart { x, y: None, axis: Some(axis) };
        let (seen, other) = (along(XAxis::Step, view(1.0, 2.0)), along(XAxis::Step, view(3.0, 4.0)));
        let high = VisiblePart { x: None, y: view(-0.5, 8.0), axis: Some(XAxis::Step) };
        let charts = [("a", seen), ("b", other), ("c", seen), ("d", along(XAxis::Wall, view(1.0, 2.0))), ("e", high)];
        let written = format_views(charts.into_iter(), |number| number.to_string());
        assert_eq!(written, "a~c:1:2:step,b:3:4:step,d:1:2:wall,e:::step:y:-0.5:8");
        let mut read = parse_views(&("?zoom=".to_owned() + &written), number);
        read.sort_by(|one, other| one.cell.cmp(&other.cell));
        let read: Vec<_> = read.iter().map(|each| (each.cell.as_str(), each.part)).collect();
        assert_eq!(read, charts);
    }

    #[test]
    fn addresses_say_what_was_seen() {
        let follows = Viewport { follow: true, ..view(1.7e9, 1.7e9 + 0.25).unwrap() };
        for x in [view(0.1, 1e300), view(-5.0, 3.0), Some(follows), None] {
            for (axis, y) in [(XAxis::Step, view(0.5, 1.0)), (XAxis::Relative, view(-1e-9, 1e9)), (XAxis::Wall, view(1.0, 2.0))] {
                let part = VisiblePart { x, y, axis: Some(axis) };
                let text = format("a-B_1", &part, |number| number.to_string());
                assert_eq!(parse(&text, number), Some(("a-B_1", part)), "{text}");
            }
        }
        assert_eq!(parse("a:1:2:follow", number).map(|(_, part)| (part.x.unwrap().follow, part.axis)), Some((true, None)));
        for wrong in ["", "a", "a:1", "a:1:1", "a:2:1", "a:x:1", "a:1:NaN", "a:::step", "a:::step:y", "a:::step:y:2:1"] {
            assert_eq!(parse(wrong, number), None, "{wrong}");
        }
    }

    #[test]
    fn the_rest_of_the_address_stays() {
        assert_eq!(query("?a=1&zoom=x:1:2&b", KEY, "y:1:2"), "?a=1&b&zoom=y:1:2");
        assert_eq!(query("?zoom=x:1:2", KEY, ""), "");
        assert_eq!(query("", KEY, "y:1:2"), "?zoom=y:1:2");
    }
}
