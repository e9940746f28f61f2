//! How one reader draws line charts otherwise than their settings say: axes and smoothing. It stands in the address of the page, so that links
//! and views have it: `?charts=*:y:log,@train:x:relative:smooth:0.9,ID~ID:x_scale:log`, for all charts of the board, those of a section,
//! and single ones. The narrower one wins.

mod line_override;

use std::collections::HashMap;

pub use line_override::{AxisChoice, LineOverride, Numbers};

use crate::protocol::{CellId, LineSettings};
use crate::routes::{decoded, encoded};
use crate::sorting;

/// The key of the address.
pub const KEY: &str = "charts=";
const BOARD: &str = "*";
/// Before the name of a section: no id begins with it.
const SECTION: &str = "@";
/// Between the ids of charts that are drawn alike: no id has it, and no address escapes it.
const SEPARATOR: &str = "~";
/// Further entries of an address are left out.
const MAX_ENTRIES: usize = 10_000;

/// A chart of the page.
#[derive(Clone, Copy)]
pub struct StoredChart<'a> {
    pub id: &'a CellId,
    pub section: Option<&'a str>,
    pub settings: &'a LineSettings,
}

/// Which charts are drawn otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum OverrideTarget {
    Board,
    Section(String),
    Chart(CellId),
}

/// All overrides of a reader.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineOverrides {
    pub board: LineOverride,
    pub sections: HashMap<String, LineOverride>,
    pub charts: HashMap<CellId, LineOverride>,
}

impl LineOverrides {
    pub fn is_empty(&self) -> bool {
        self.board.is_empty() && self.sections.is_empty() && self.charts.is_empty()
    }

    /// What a chart of this section has.
    pub fn of(&self, chart: &CellId, section: Option<&str>) -> LineOverride {
        self.charts.get(chart).cloned().unwrap_or_default().or(self.of_section(section))
    }

    /// What a chart of this section has without one of its own.
    pub fn of_section(&self, section: Option<&str>) -> LineOverride {
        section.and_then(|section| self.sections.get(section)).cloned().unwrap_or_default().or(self.board.clone())
    }

    /// Draws the charts of a target so; what was chosen of less than it gives way. `is_in`: whether a chart is in the target.
    pub fn set(&mut self, target: &OverrideTarget, chosen: &LineOverride, is_in: impl Fn(&CellId) -> bool) {
        match target {
            OverrideTarget::Chart(id) => {
                let own = self.charts.entry(id.clone()).or_default();
                *own = chosen.clone().or(std::mem::take(own));
                return;
            }
            OverrideTarget::Section(name) => {
                let own = self.sections.entry(name.clone()).or_default();
                *own = chosen.clone().or(std::mem::take(own));
            }
            OverrideTarget::Board => {
                self.board = chosen.clone().or(std::mem::take(&mut self.board));
                self.sections.values_mut().for_each(|own| *own = own.without(chosen));
                self.sections.retain(|_, own| !own.is_empty());
            }
        }
        self.charts.iter_mut().filter(|(id, _)| is_in(id)).for_each(|(_, own)| *own = own.without(chosen));
        self.charts.retain(|_, own| !own.is_empty());
    }

    /// Draws a chart as its settings say, whatever is chosen for more than it.
    pub fn reset(&mut self, StoredChart { id, section, settings }: StoredChart) {
        self.charts.remove(id);
        let own = self.of_section(section).reverted(settings);
        if !own.is_empty() {
            self.charts.insert(id.clone(), own);
        }
    }

    /// Leaves out what changes none of these charts: somebody has stored it meanwhile. What is chosen for other charts stays.
    pub fn forget_stored(&mut self, charts: &[StoredChart]) {
        let needed = |own: &LineOverride, members: &mut dyn Iterator<Item = LineOverride>| {
            members.reduce(LineOverride::or).unwrap_or_else(|| own.clone())
        };
        let of_chart = |charts: &HashMap<CellId, LineOverride>, id: &CellId| charts.get(id).cloned().unwrap_or_default();
        let of_board = |chart: &StoredChart| {
            let section = chart.section.and_then(|section| self.sections.get(section)).cloned().unwrap_or_default();
            self.board.without(&of_chart(&self.charts, chart.id).or(section)).besides(chart.settings)
        };
        let board = needed(&self.board, &mut charts.iter().map(of_board));
        self.board = board.clone();
        for (name, own) in &mut self.sections {
            let members = charts.iter().filter(|chart| chart.section == Some(name.as_str()));
            let of_section =
                |chart: &StoredChart| own.without(&of_chart(&self.charts, chart.id)).besides(&board.apply(chart.settings.clone()));
            let left = needed(own, &mut members.map(of_section));
            *own = left;
        }
        self.sections.retain(|_, own| !own.is_empty());
        for StoredChart { id, section, settings } in charts {
            if let Some(own) = self.charts.get(id) {
                let own = own.besides(&self.of_section(*section).apply((*settings).clone()));
                self.charts.insert((*id).clone(), own);
            }
        }
        self.charts.retain(|_, own| !own.is_empty());
    }

    /// Reads the value of [`KEY`], once unescaped. What is not understood is left out.
    pub fn parse(value: &str, numbers: Numbers) -> Self {
        let mut all = Self::default();
        for entry in value.split(',').take(MAX_ENTRIES) {
            let mut words = entry.split(':');
            let targets = words.next().unwrap_or_default();
            let mut chosen = LineOverride::default();
            while let (Some(key), Some(value)) = (words.next(), words.next()) {
                chosen.set(key, &decoded(value), numbers);
            }
            chosen.x = chosen.x.filter(AxisChoice::is_valid);
            if chosen.is_empty() {
                continue;
            }
            for target in targets.split(SEPARATOR).take(MAX_ENTRIES) {
                match (target.strip_prefix(SECTION), CellId::parse(target)) {
                    (Some(name), _) => drop(all.sections.insert(decoded(name), chosen.clone())),
                    (None, Some(id)) => drop(all.charts.insert(id, chosen.clone())),
                    (None, None) if target == BOARD => all.board = chosen.clone(),
                    (None, None) => {}
                }
            }
        }
        all
    }

    /// The value of [`KEY`]; empty where nothing is drawn otherwise.
    pub fn format(&self, numbers: Numbers) -> String {
        let section = |name: &String| [SECTION, &twice_encoded(name)].concat();
        let mut sections: Vec<_> = self.sections.iter().map(|(name, own)| (section(name), own)).collect();
        let mut charts: Vec<_> = self.charts.iter().map(|(id, own)| (id.to_string(), own)).collect();
        for list in [&mut sections, &mut charts] {
            sorting::sort_by(list, |a, b| a.0.cmp(&b.0));
        }
        let all = std::iter::once((BOARD.to_owned(), &self.board)).chain(sections).chain(charts);
        let mut entries: Vec<(String, &LineOverride)> = Vec::new();
        for (target, own) in all.filter(|(_, own)| !own.is_empty()) {
            match entries.iter_mut().find(|(_, known)| *known == own) {
                Some((targets, _)) => targets.extend([SEPARATOR, &target]),
                None => entries.push((target, own)),
            }
        }
        let entry = |(targets, own): (String, &LineOverride)| {
            own.words(numbers).fold(targets, |text, (key, value)| {
                // Numbers and names of axes need no escapes.
                let value = if key == "x_metric" { twice_encoded(&value) } else { value };
                [&text, ":", key, ":", &value].concat()
            })
        };
        entries.into_iter().map(entry).collect::<Vec<_>>().join(",")
    }
}

/// A name within the value of a key: an address is unescaped as a whole before it is taken apart.
fn twice_encoded(name: &str) -> String {
    encoded(name).replace('~', "%7E").replace('%', "%25")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{AxisScale, XAxis};

    const NUMBERS: Numbers = Numbers { read: |text| text.parse().unwrap_or(f64::NAN), write: |number| number.to_string() };

    fn id(text: &str) -> CellId {
        CellId::parse(text).unwrap()
    }

    const LOG: LineOverride = LineOverride { y: Some(AxisScale::Log), x: None, x_scale: None, smooth: None };

    fn wall() -> LineOverride {
        let x = AxisChoice { x: XAxis::Wall, metric: String::new() };
        LineOverride { x: Some(x), smooth: Some(0.9), ..Default::default() }
    }

    #[test]
    fn an_address_has_the_overrides_of_the_board_of_sections_and_of_charts() {
        let mut all = LineOverrides { board: wall(), ..Default::default() };
        all.sections.insert("val ~,:/%".to_owned(), LOG);
        all.charts.extend([(id("b"), LOG), (id("a"), LOG), (id("c"), LineOverride { x_scale: Some(AxisScale::Linear), ..wall() })]);
        let text = all.format(NUMBERS);
        assert_eq!(text, "*:x:wall:smooth:0.9,@val%2520%257E%252C%253A%252F%2525~a~b:y:log,c:x:wall:x_scale:linear:smooth:0.9");
        assert_eq!(LineOverrides::parse(&decoded(&text), NUMBERS), all);
        assert_eq!(LineOverrides::default().format(NUMBERS), "");
        let metric = LineOverride { x: Some(AxisChoice { x: XAxis::Metric, metric: "a:b,c~d%".to_owned() }), ..Default::default() };
        let all = LineOverrides { board: metric, ..Default::default() };
        assert_eq!(LineOverrides::parse(&decoded(&all.format(NUMBERS)), NUMBERS), all, "{}", all.format(NUMBERS));
        assert_eq!(all.board.query(NUMBERS), "&x=metric&x_metric=a%3Ab%2Cc~d%25");
    }

    #[test]
    fn what_an_address_has_else_is_left_out() {
        for text in [
            "",
            "a",
            "a:y",
            "a:y:cubic",
            "a:smooth:1",
            "a:smooth:NaN",
            "a:x:metric",
            "a:x_metric:epoch",
            "a:x:step:x_metric:epoch",
            "*:z:log",
            ":y:log",
            "a/b:y:log",
            "a:y:log:x",
        ] {
            let read = LineOverrides::parse(text, NUMBERS);
            assert_eq!(read.is_empty(), !text.contains("y:log:x"), "{text}");
        }
        assert_eq!(LineOverrides::parse("a:colour:red:y:log", NUMBERS).charts.get(&id("a")), Some(&LOG));
    }

    #[test]
    fn the_narrower_override_wins_and_gives_way_to_a_later_wider_one() {
        let mut all = LineOverrides::parse("*:y:log,@val:smooth:0.5,a:y:linear", NUMBERS);
        let of = |all: &LineOverrides, chart: &str, section| all.of(&id(chart), section).apply(LineSettings::default());
        let seen = of(&all, "a", Some("val"));
        assert_eq!((seen.y, seen.smooth), (AxisScale::Linear, 0.5));
        assert_eq!(of(&all, "b", None).y, AxisScale::Log);
        all.set(&OverrideTarget::Section("val".to_owned()), &LOG, |chart| *chart == id("a"));
        assert_eq!((of(&all, "a", Some("val")).y, all.charts.len()), (AxisScale::Log, 0));
        all.set(&OverrideTarget::Chart(id("a")), &wall(), |_| false);
        all.set(&OverrideTarget::Board, &LineOverride { smooth: Some(0.0), ..Default::default() }, |_| true);
        assert_eq!(all.format(NUMBERS), "*:y:log:smooth:0,@val:y:log,a:x:wall");
    }

    #[test]
    fn what_was_stored_meanwhile_is_forgotten() {
        let mut all = LineOverrides::parse("*:y:log:smooth:0.5,@val:smooth:0,a:y:linear,far:y:log", NUMBERS);
        let (log, linear) = (LineSettings { y: AxisScale::Log, ..Default::default() }, LineSettings::default());
        let (a, b) = (id("a"), id("b"));
        let chart = |id, section, settings| StoredChart { id, section, settings };
        let stored = [chart(&a, Some("val"), &log), chart(&b, None, &log)];
        all.forget_stored(&stored);
        assert_eq!(all.format(NUMBERS), "*:smooth:0.5,@val:smooth:0,a:y:linear,far:y:log");
        let smoothed = LineSettings { smooth: 0.25, ..linear.clone() };
        all.forget_stored(&[chart(&a, Some("val"), &linear), chart(&b, None, &smoothed)]);
        assert_eq!(all.format(NUMBERS), "*:smooth:0.5,@val:smooth:0,far:y:log", "one of them needs it");
        all.forget_stored(&[]);
        all.reset(chart(&b, None, &linear));
        assert_eq!(all.format(NUMBERS), "*:smooth:0.5,@val~b:smooth:0,far:y:log");
        all.reset(chart(&b, Some("val"), &linear));
        assert_eq!(all.charts.len(), 1, "its section says the same");
    }

    #[test]
    fn only_what_differs_from_the_settings_is_an_override() {
        let settings = LineSettings { x: XAxis::Wall, smooth: 0.5, ..Default::default() };
        assert_eq!(wall().besides(&settings), LineOverride { smooth: Some(0.9), ..Default::default() });
        assert_eq!(wall().apply(settings.clone()), LineSettings { smooth: 0.9, ..settings });
        let patch = wall().patch();
        assert_eq!((patch.x, patch.smooth, patch.y, patch.unit), (Some(XAxis::Wall), Some(0.9), None, None));
    }
}
