//! The chart and the line of a metric: a pure function of its name and of the board's settings.
//!
//! 1. Parts are separated by `/`. At most one split word ([`SPLITS`], in any case) is removed: the first part if it is one; else the
//!    last part; else a prefix (`val_`) of the last part; else a suffix (`_val`) of it. It is the line; the rest is the chart.
//! 2. Where a split was found, a trailing `_step` or `_epoch` and a last part `dataloader_idx_<n>` belong to the line, too.
//! 3. Counters ([`is_counter`]) are stored, and make no chart.
//! 4. The section is the first part of a chart's name that has two or more.
//! 5. Settings of the board override all of this.

use super::settings::MetricSettings;
use crate::protocol::{CellLayout, DEFAULT_SECTION, is_counter};

/// Split words, and how the line writes them.
const SPLITS: [(&str, &str); 8] = [
    ("train", "train"),
    ("training", "train"),
    ("val", "val"),
    ("valid", "val"),
    ("validation", "val"),
    ("eval", "eval"),
    ("test", "test"),
    ("dev", "dev"),
];
/// Endings that Lightning gives to a metric that it logs at each step and over each epoch.
const PHASES: [&str; 2] = ["step", "epoch"];
/// The last word before such an ending that makes it a part of the name: `global_step`, `time_per_epoch`.
const WORDS_WITH_PHASE: [&str; 2] = ["global", "per"];
/// The last part that Lightning adds where there are several data loaders.
const DATALOADER_PREFIX: &str = "dataloader_idx_";

/// Where a metric is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricPlace {
    /// Name of the chart, hence of its cell: 1 to 200 characters if the metric's name has as many.
    pub chart: String,
    /// Name of the line: the split, or empty if there is none.
    pub line: String,
    /// The heading under which the chart stands.
    pub section: String,
    /// Whether the metric is only stored: it can be chosen as x axis.
    pub is_counter: bool,
}

impl MetricPlace {
    /// The place of a metric whose chart and line are fed by another name in the same run: a chart under its whole name.
    pub fn of_its_own(name: &str) -> Self {
        Self { chart: name.to_owned(), line: String::new(), section: section_of(name), is_counter: false }
    }
}

/// The place of a metric. Chart and line have at most as many characters as the name, unless the settings say them.
pub fn place_metric(name: &str, settings: &MetricSettings) -> MetricPlace {
    let setting = settings.of(name);
    let (chart, line) = chart_and_line(name);
    let is_counter = setting.chart.is_none() && is_counter(&chart);
    let chart = setting.chart.unwrap_or(chart);
    let section = setting.section.unwrap_or_else(|| section_of(&chart));
    MetricPlace { chart, line: setting.line.unwrap_or(line), section, is_counter }
}

fn chart_and_line(name: &str) -> (String, String) {
    let (without_loader, loader) = cut_dataloader(name);
    let (bare, phase) = cut_phase(without_loader);
    // An ending without a split before it is a part of the name: `val_step` is the counter `step` of `val`.
    let readings = [(bare, phase, loader), (without_loader, None, loader), (name, None, None)];
    let found = readings.into_iter().find_map(|(text, phase, loader)| Some((cut_split(text)?, phase, loader)));
    let Some(((chart, split), phase, loader)) = found else { return (name.to_owned(), String::new()) };
    let line: Vec<&str> = [Some(split), phase, loader].into_iter().flatten().collect();
    (chart, line.join(" "))
}

/// The name without its last part `dataloader_idx_<n>`, and the number.
fn cut_dataloader(name: &str) -> (&str, Option<&str>) {
    let cut = name.rsplit_once('/').and_then(|(rest, last)| {
        let number = last.strip_prefix(DATALOADER_PREFIX).filter(|number| is_number(number))?;
        Some((rest, Some(number)))
    });
    cut.unwrap_or((name, None))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name without a trailing `_step` or `_epoch`, and that word.
fn cut_phase(name: &str) -> (&str, Option<&'static str>) {
    let cut = name.rsplit_once('_').and_then(|(stem, word)| {
        let phase = PHASES.into_iter().find(|phase| phase.eq_ignore_ascii_case(word))?;
        let before = stem.rsplit(['_', '/']).next().unwrap_or_default();
        let is_part_of_name = before.is_empty() || WORDS_WITH_PHASE.iter().any(|known| known.eq_ignore_ascii_case(before));
        (!is_part_of_name).then_some((stem, Some(phase)))
    });
    cut.unwrap_or((name, None))
}

/// The chart and the split of a name; `None` if it has no split, or nothing else.
fn cut_split(name: &str) -> Option<(String, &'static str)> {
    if let Some((first, rest)) = name.split_once('/')
        && let Some(split) = split_of(first)
        && !rest.is_empty()
    {
        return Some((rest.to_owned(), split));
    }
    let (folder, last) = name.rsplit_once('/').map_or((None, name), |(folder, last)| (Some(folder), last));
    if let Some(folder) = folder.filter(|folder| !folder.is_empty())
        && let Some(split) = split_of(last)
    {
        return Some((folder.to_owned(), split));
    }
    let prefixed = last.split_once('_').and_then(|(prefix, rest)| Some((rest, split_of(prefix)?)));
    let suffixed = || last.rsplit_once('_').and_then(|(rest, suffix)| Some((rest, split_of(suffix)?)));
    let (rest, split) = prefixed.filter(|(rest, _)| !rest.is_empty()).or_else(suffixed).filter(|(rest, _)| !rest.is_empty())?;
    Some((folder.map_or_else(|| rest.to_owned(), |folder| format!("{folder}/{rest}")), split))
}

fn split_of(word: &str) -> Option<&'static str> {
    SPLITS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, split)| *split)
}

/// The section of a chart, which is at most as long as a section may be. `metrics/…`, as Ultralytics writes it, is the default section
/// and no second one of almost the same name.
pub fn section_of(chart: &str) -> String {
    let mut parts = chart.split('/').map(str::trim).filter(|part| !part.is_empty());
    match (parts.next(), parts.next()) {
        (Some(first), Some(_)) if !first.eq_ignore_ascii_case(DEFAULT_SECTION) => {
            first.chars().take(CellLayout::MAX_SECTION_CHARS).collect::<String>().trim_end().to_owned()
        }
        _ => DEFAULT_SECTION.to_owned(),
    }
}
