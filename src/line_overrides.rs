//! How one reader draws line charts otherwise than their settings say: axes and smoothing. It stands in the address of the page, so that links
//! and views have it: `?charts=*:y:log,@train:x:relative:smooth:0.9,ID~ID:x_scale:log`, for all charts of the board, those of a section,
//! and single ones. The narrower one wins.

use std::collections::BTreeMap;

use crate::protocol::{AxisScale, CellId, LineSettings, LineSettingsPatch, XAxis};
use crate::routes::{decoded, encoded};

/// The key of the address.
pub const KEY: &str = "charts=";
const BOARD: &str = "*";
/// Before the name of a section: no id begins with it.
const SECTION: &str = "@";
/// Between the ids of charts that are drawn alike: no id has it, and no address escapes it.
const SEPARATOR: &str = "~";
/// Further entries of an address are left out.
const MAX_ENTRIES: usize = 10_000;

/// What runs along an x axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AxisChoice {
    pub x: XAxis,
    /// Of [`XAxis::Metric`]; else empty.
    pub metric: String,
}

impl AxisChoice {
    fn of(settings: &LineSettings) -> Self {
        Self { x: settings.x, metric: settings.along_metric().unwrap_or_default().to_owned() }
    }

    fn is_valid(&self) -> bool {
        (self.x == XAxis::Metric) != self.metric.is_empty()
    }
}

/// What a reader draws otherwise; `None`: as the settings say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineOverride {
    pub x: Option<AxisChoice>,
    pub x_scale: Option<AxisScale>,
    pub y: Option<AxisScale>,
    /// 0 to [`LineSettings::MAX_SMOOTH`].
    pub smooth: Option<f64>,
}

impl LineOverride {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// With what `wider` says of what this one leaves open.
    pub fn or(self, wider: Self) -> Self {
        Self { x: self.x.or(wider.x), x_scale: self.x_scale.or(wider.x_scale), y: self.y.or(wider.y), smooth: self.smooth.or(wider.smooth) }
    }

    /// Without what is given in `other`.
    fn without(&self, other: &Self) -> Self {
        Self {
            x: self.x.clone().filter(|_| other.x.is_none()),
            x_scale: self.x_scale.filter(|_| other.x_scale.is_none()),
            y: self.y.filter(|_| other.y.is_none()),
            smooth: self.smooth.filter(|_| other.smooth.is_none()),
        }
    }

    /// What differs from the settings, as the settings have it.
    fn reverted(&self, settings: &LineSettings) -> Self {
        let Self { x, x_scale, y, smooth } = self.besides(settings);
        Self {
            x: x.map(|_| AxisChoice::of(settings)),
            x_scale: x_scale.map(|_| settings.x_scale),
            y: y.map(|_| settings.y),
            smooth: smooth.map(|_| settings.smooth),
        }
    }

    /// What differs from the settings.
    pub fn besides(&self, settings: &LineSettings) -> Self {
        Self {
            x: self.x.clone().filter(|choice| *choice != AxisChoice::of(settings)),
            x_scale: self.x_scale.filter(|scale| *scale != settings.x_scale),
            y: self.y.filter(|scale| *scale != settings.y),
            smooth: self.smooth.filter(|weight| *weight != settings.smooth),
        }
    }

    pub fn apply(&self, settings: LineSettings) -> LineSettings {
        let choice = self.x.clone();
        LineSettings {
            x: choice.as_ref().map_or(settings.x, |choice| choice.x),
            x_metric: choice.map(|choice| choice.metric).filter(|metric| !metric.is_empty()).unwrap_or(settings.x_metric),
            x_scale: self.x_scale.unwrap_or(settings.x_scale),
            y: self.y.unwrap_or(settings.y),
            smooth: self.smooth.unwrap_or(settings.smooth),
            ..settings
        }
    }

    /// The change that gives everyone what this reader sees.
    pub fn patch(&self) -> LineSettingsPatch {
        LineSettingsPatch {
            x: self.x.as_ref().map(|choice| choice.x),
            x_metric: self.x.as_ref().map(|choice| choice.metric.clone()).filter(|metric| !metric.is_empty()),
            x_scale: self.x_scale,
            y: self.y,
            smooth: self.smooth,
            ..LineSettingsPatch::default()
        }
    }

    /// Takes a key and its value as an address has them; [`Self::is_valid`] says whether they fit together. False: the key is another one,
    /// or the value is none of its values.
    pub fn set(&mut self, key: &str, value: &str) -> bool {
        let weight = || value.parse().ok().filter(|weight| (0.0..=LineSettings::MAX_SMOOTH).contains(weight));
        match key {
            "x" => XAxis::from_name(value).map(|x| self.x.get_or_insert_default().x = x),
            "x_metric" => Some(value.clone_into(&mut self.x.get_or_insert_default().metric)),
            "x_scale" => AxisScale::from_name(value).map(|scale| self.x_scale = Some(scale)),
            "y" => AxisScale::from_name(value).map(|scale| self.y = Some(scale)),
            "smooth" => weight().map(|weight| self.smooth = Some(weight)),
            _ => None,
        }
        .is_some()
    }

    /// Whether there is a metric where, and only where, one is the axis.
    pub fn is_valid(&self) -> bool {
        self.x.as_ref().is_none_or(AxisChoice::is_valid)
    }

    /// The same as the query of a drawing: empty, or `&key=value` pairs.
    pub fn query(&self) -> String {
        self.words().map(|(key, value)| ["&", key, "=", &encoded(&value)].concat()).collect()
    }

    /// The keys and values of an address.
    fn words(&self) -> impl Iterator<Item = (&'static str, String)> {
        let scale = |scale: AxisScale| scale.name().to_owned();
        let words = [
            ("x", self.x.as_ref().map(|choice| choice.x.name().to_owned())),
            ("x_metric", self.x.as_ref().map(|choice| choice.metric.clone()).filter(|metric| !metric.is_empty())),
            ("x_scale", self.x_scale.map(scale)),
            ("y", self.y.map(scale)),
            ("smooth", self.smooth.map(|weight| weight.to_string())),
        ];
        words.into_iter().filter_map(|(key, value)| Some((key, value?)))
    }
}

impl From<&LineSettings> for LineOverride {
    fn from(settings: &LineSettings) -> Self {
        let LineSettings { x_scale, y, smooth, .. } = *settings;
        Self { x: Some(AxisChoice::of(settings)), x_scale: Some(x_scale), y: Some(y), smooth: Some(smooth) }
    }
}

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
    pub sections: BTreeMap<String, LineOverride>,
    pub charts: BTreeMap<CellId, LineOverride>,
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
        let of_chart = |charts: &BTreeMap<CellId, LineOverride>, id: &CellId| charts.get(id).cloned().unwrap_or_default();
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
    pub fn parse(value: &str) -> Self {
        let mut all = Self::default();
        for entry in value.split(',').take(MAX_ENTRIES) {
            let mut words = entry.split(':');
            let targets = words.next().unwrap_or_default();
            let mut chosen = LineOverride::default();
            while let (Some(key), Some(value)) = (words.next(), words.next()) {
                chosen.set(key, &decoded(value));
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
    pub fn format(&self) -> String {
        let section = |name: &String| [SECTION, &twice_encoded(name)].concat();
        let sections = self.sections.iter().map(|(name, own)| (section(name), own));
        let charts = self.charts.iter().map(|(id, own)| (id.to_string(), own));
        let mut entries: Vec<(String, &LineOverride)> = Vec::new();
        for (target, own) in [(BOARD.to_owned(), &self.board)].into_iter().chain(sections).chain(charts).filter(|(_, own)| !own.is_empty())
        {
            match entries.iter_mut().find(|(_, known)| *known == own) {
                Some((targets, _)) => targets.extend([SEPARATOR, &target]),
                None => entries.push((target, own)),
            }
        }
        let entry = |(targets, own): (String, &LineOverride)| {
            own.words().fold(targets, |text, (key, value)| {
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
        let text = all.format();
        assert_eq!(text, "*:x:wall:smooth:0.9,@val%2520%257E%252C%253A%252F%2525~a~b:y:log,c:x:wall:x_scale:linear:smooth:0.9");
        assert_eq!(LineOverrides::parse(&decoded(&text)), all);
        assert_eq!(LineOverrides::default().format(), "");
        let metric = LineOverride { x: Some(AxisChoice { x: XAxis::Metric, metric: "a:b,c~d%".to_owned() }), ..Default::default() };
        let all = LineOverrides { board: metric, ..Default::default() };
        assert_eq!(LineOverrides::parse(&decoded(&all.format())), all, "{}", all.format());
        assert_eq!(all.board.query(), "&x=metric&x_metric=a%3Ab%2Cc~d%25");
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
            let read = LineOverrides::parse(text);
            assert_eq!(read.is_empty(), !text.contains("y:log:x"), "{text}");
        }
        assert_eq!(LineOverrides::parse("a:colour:red:y:log").charts.get(&id("a")), Some(&LOG));
    }

    #[test]
    fn the_narrower_override_wins_and_gives_way_to_a_later_wider_one() {
        let mut all = LineOverrides::parse("*:y:log,@val:smooth:0.5,a:y:linear");
        let of = |all: &LineOverrides, chart: &str, section| all.of(&id(chart), section).apply(LineSettings::default());
        let seen = of(&all, "a", Some("val"));
        assert_eq!((seen.y, seen.smooth), (AxisScale::Linear, 0.5));
        assert_eq!(of(&all, "b", None).y, AxisScale::Log);
        all.set(&OverrideTarget::Section("val".to_owned()), &LOG, |chart| *chart == id("a"));
        assert_eq!((of(&all, "a", Some("val")).y, all.charts.len()), (AxisScale::Log, 0));
        all.set(&OverrideTarget::Chart(id("a")), &wall(), |_| false);
        all.set(&OverrideTarget::Board, &LineOverride { smooth: Some(0.0), ..Default::default() }, |_| true);
        assert_eq!(all.format(), "*:y:log:smooth:0,@val:y:log,a:x:wall");
    }

    #[test]
    fn what_was_stored_meanwhile_is_forgotten() {
        let mut all = LineOverrides::parse("*:y:log:smooth:0.5,@val:smooth:0,a:y:linear,far:y:log");
        let (log, linear) = (LineSettings { y: AxisScale::Log, ..Default::default() }, LineSettings::default());
        let (a, b) = (id("a"), id("b"));
        let chart = |id, section, settings| StoredChart { id, section, settings };
        let stored = [chart(&a, Some("val"), &log), chart(&b, None, &log)];
        all.forget_stored(&stored);
        assert_eq!(all.format(), "*:smooth:0.5,@val:smooth:0,a:y:linear,far:y:log");
        let smoothed = LineSettings { smooth: 0.25, ..linear.clone() };
        all.forget_stored(&[chart(&a, Some("val"), &linear), chart(&b, None, &smoothed)]);
        assert_eq!(all.format(), "*:smooth:0.5,@val:smooth:0,far:y:log", "one of them needs it");
        all.forget_stored(&[]);
        all.reset(chart(&b, None, &linear));
        assert_eq!(all.format(), "*:smooth:0.5,@val~b:smooth:0,far:y:log");
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
