//! The visible parts of the charts in the URL, so that a link shows what its sender saw:
//! `?zoom=ID:from:to:step,ID~ID:from:to:relative:follow,ID:::step:y:low:high`. Charts that show the same part stand together; a section
//! (`@train:from:to:step`) stands for all of its charts, so that hundreds of charts that are zoomed together have a short address.
//! `history` reads and writes them.

use super::viewport::Viewport;
use crate::protocol::ChartAxis;
use crate::routes::{decoded, encoded};

pub const KEY: &str = "zoom=";
/// Between the ids of charts that show the same part: no id has it, and no address escapes it.
const SEPARATOR: &str = "~";
/// Before the name of a section: no id begins with it.
const SECTION: &str = "@";
/// How far windows of the same width are from each other by rounding, as a share of it.
const ROUNDING: f64 = 1e-6;

/// What the URL and the browser's history need to know of earlier changes.
#[derive(Default)]
pub struct UrlState {
    /// The parts of the URL: of sections, and of charts that are not on the page yet.
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
    pub axis: Option<ChartAxis>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct UrlView {
    /// The id of a chart, or [`SECTION`] and a name.
    pub of: String,
    pub part: VisiblePart,
}

impl UrlState {
    /// The part of the URL for a chart: its own, which is taken out, or that of its section.
    pub fn take(&mut self, id: &str, section: Option<&str>, axis: ChartAxis) -> Option<VisiblePart> {
        if let Some(at) = self.views.iter().position(|view| view.of == id) {
            return Some(self.views.swap_remove(at).part);
        }
        let is_of_section = |view: &&UrlView| view.of.strip_prefix(SECTION).is_some_and(|name| section == Some(name));
        self.views.iter().filter(is_of_section).map(|view| view.part).find(|part| part.axis == Some(axis))
    }
}

/// Reads the value of [`KEY`].
pub fn parse_views(value: &str, number: fn(&str) -> f64) -> Vec<UrlView> {
    let parsed = value.split(',').filter_map(|text| parse(text, number));
    let of_all =
        |(ids, part): (&'_ str, VisiblePart)| ids.split(SEPARATOR).map(move |of| UrlView { of: decoded(of), part }).collect::<Vec<_>>();
    parsed.flat_map(of_all).collect()
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
            word => part.axis = ChartAxis::from_name(word).or(part.axis),
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
    let mut text = [ids, ":", &from, ":", &to, ":", &part.axis.map(ChartAxis::name).unwrap_or_default()].concat();
    if part.x.is_some_and(|viewport| viewport.follow) {
        text.push_str(":follow");
    }
    if part.y.is_some() {
        let [low, high] = ends(part.y);
        text.extend([":y:", &low, ":", &high]);
    }
    text
}

/// A chart of the page, for its address.
pub struct SeenChart<'a> {
    pub id: &'a str,
    pub section: Option<String>,
    pub part: VisiblePart,
    /// How wide the window along x is, as its axis measures it.
    pub width: f64,
}

/// The charts of a section along an axis.
struct SeenSection<'a> {
    first: &'a SeenChart<'a>,
    charts: usize,
    /// They show the same part of the x axis.
    is_one: bool,
}

impl SeenChart<'_> {
    fn is_beside(&self, other: &Self) -> bool {
        self.section == other.section && self.part.axis == other.part.axis
    }

    /// Windows that follow have the same width, and ends of their own.
    fn sees_same_x(&self, other: &Self) -> bool {
        match (self.part.x, other.part.x) {
            (Some(Viewport { follow: true, .. }), Some(Viewport { follow: true, .. })) => {
                (self.width - other.width).abs() <= ROUNDING * self.width
            }
            (one, other) => one == other,
        }
    }
}

/// The sections that stand for their charts in the address.
fn seen_sections<'a>(charts: &'a [SeenChart<'a>]) -> Vec<&'a SeenChart<'a>> {
    let mut sections: Vec<SeenSection> = Vec::new();
    for chart in charts.iter().filter(|chart| chart.section.is_some()) {
        match sections.iter_mut().find(|section| section.first.is_beside(chart)) {
            Some(section) => {
                section.charts += 1;
                section.is_one &= section.first.sees_same_x(chart);
            }
            None => sections.push(SeenSection { first: chart, charts: 1, is_one: true }),
        }
    }
    let is_short = |section: &SeenSection| section.is_one && section.charts > 1 && section.first.part.x.is_some();
    sections.into_iter().filter(is_short).map(|section| section.first).collect()
}

/// The value of [`KEY`] for all charts of the page.
pub fn format_views(charts: &[SeenChart], number: fn(f64) -> String) -> String {
    let sections = seen_sections(charts);
    // Once more escaped: the address is unescaped as a whole before it is taken apart.
    let name = |section: &SeenChart| encoded(section.section.as_deref().unwrap_or_default()).replace('~', "%7E").replace('%', "%25");
    let of_section = |first: &&SeenChart| ([SECTION, &name(first)].concat(), VisiblePart { y: None, ..first.part });
    let mut groups: Vec<(String, VisiblePart)> = sections.iter().map(of_section).collect();
    let own = groups.len();
    for chart in charts.iter().filter(|chart| chart.part.x.is_some() || chart.part.y.is_some()) {
        if chart.part.y.is_none() && sections.iter().any(|section| section.is_beside(chart)) {
            continue;
        }
        match groups[own..].iter_mut().find(|(_, known)| *known == chart.part) {
            Some((ids, _)) => ids.extend([SEPARATOR, chart.id]),
            None => groups.push((chart.id.to_owned(), chart.part)),
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

    /// Charts with the first letter of their ids as sections; none for capitals.
    fn seen<'a>(charts: &[(&'a str, VisiblePart)]) -> Vec<SeenChart<'a>> {
        let section = |id: &str| id.get(..1).filter(|letter| *letter == letter.to_lowercase()).map(|letter| [letter, " ~/%"].concat());
        let chart = |(id, part): &(&'a str, VisiblePart)| SeenChart {
            id,
            section: section(id),
            part: *part,
            width: part.x.map_or(0.0, |x| x.width()),
        };
        charts.iter().map(chart).collect()
    }

    fn written(charts: &[(&str, VisiblePart)]) -> String {
        format_views(&seen(charts), |number| number.to_string())
    }

    fn along(axis: ChartAxis, x: Option<Viewport>, y: Option<Viewport>) -> VisiblePart {
        VisiblePart { x, y, axis: Some(axis) }
    }

    /// What a page with these charts reads from an address.
    fn restored<'a>(charts: &[(&'a str, VisiblePart)], value: &str) -> Vec<(&'a str, VisiblePart)> {
        // As browsers unescape it.
        let mut url = UrlState { views: parse_views(&decoded(value), number), ..UrlState::default() };
        let chart = |SeenChart { id, section, part, .. }: &SeenChart<'a>| {
            let axis = part.axis.unwrap();
            (*id, url.take(id, section.as_deref(), axis).unwrap_or(along(axis, None, None)))
        };
        seen(charts).iter().map(chart).collect()
    }

    #[test]
    fn views_are_read_from_an_address() {
        let read = parse_views("x:1:2,y:3:4:follow,broken:5", number);
        let names: Vec<_> = read.iter().map(|each| (each.of.as_str(), each.part.x.unwrap().from, each.part.x.unwrap().follow)).collect();
        assert_eq!(names, [("x", 1.0, false), ("y", 3.0, true)]);
        assert!(parse_views("", number).is_empty());
        let (first, other) = (along(ChartAxis::STEP, view(1.0, 2.0), None), along(ChartAxis::STEP, view(3.0, 4.0), None));
        let high = along(ChartAxis::STEP, None, view(-0.5, 8.0));
        let charts = [("A", first), ("B", other), ("C", first), ("D", along(ChartAxis::WALL, view(1.0, 2.0), None)), ("E", high)];
        assert_eq!(written(&charts), "A~C:1:2:step,B:3:4:step,D:1:2:wall,E:::step:y:-0.5:8");
        assert_eq!(restored(&charts, &written(&charts)), charts);
    }

    #[test]
    fn a_section_stands_for_charts_that_are_zoomed_together() {
        let (same, all) = (along(ChartAxis::STEP, view(1.0, 2.0), None), along(ChartAxis::STEP, None, None));
        let both = VisiblePart { y: view(5.0, 6.0), ..same };
        let wall = along(ChartAxis::WALL, None, None);
        let charts = [("a1", same), ("a2", both), ("a3", wall), ("b1", same), ("A", same), ("b2", all)];
        let value = written(&charts);
        assert_eq!(value, "@a%2520%257E%252F%2525:1:2:step,a2:1:2:step:y:5:6,b1~A:1:2:step");
        assert_eq!(restored(&charts, &value), charts);
        let ids: Vec<String> = (0..450).map(|at| format!("a{at:020}")).collect();
        let many: Vec<_> = ids.iter().map(|id| (id.as_str(), same)).collect();
        assert!(written(&many).len() < 50);
        assert_eq!(restored(&many, &written(&many)), many);
        assert_eq!(written(&[("a1", same)]), "a1:1:2:step", "one chart may be moved to another section");
    }

    #[test]
    fn charts_that_follow_together_have_ends_of_their_own() {
        let follows = |from: f64, to: f64| along(ChartAxis::STEP, view(from, to).map(|x| Viewport { follow: true, ..x }), None);
        assert_eq!(written(&[("a1", follows(1.0, 3.0)), ("a2", follows(11.0, 13.0))]), "@a%2520%257E%252F%2525:1:3:step:follow");
        assert_eq!(written(&[("a1", follows(1.0, 3.0)), ("a2", follows(11.0, 14.0))]), "a1:1:3:step:follow,a2:11:14:step:follow");
        assert_eq!(written(&[("a1", follows(1.0, 3.0)), ("a2", along(ChartAxis::STEP, view(1.0, 3.0), None))]).matches('a').count(), 2);
    }

    #[test]
    fn addresses_say_what_was_seen() {
        let follows = Viewport { follow: true, ..view(1.7e9, 1.7e9 + 0.25).unwrap() };
        for x in [view(0.1, 1e300), view(-5.0, 3.0), Some(follows), None] {
            for (axis, y) in [(ChartAxis::STEP, view(0.5, 1.0)), (ChartAxis::RELATIVE, view(-1e-9, 1e9)), (ChartAxis::WALL, view(1.0, 2.0))]
            {
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
