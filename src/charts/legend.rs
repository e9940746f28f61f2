//! The names of a line chart: one for each run or group, one for each series without a run, and one for each split, which dashes
//! distinguish. Under the plot of a drawing, and in the page's own legend.

use super::display_list::{Ink, Shape, Shapes, Text, TextAnchor, X};
use super::legend_fit::{LegendRoom, fit_group_names};
use super::legend_item::{GroupTag, LegendItem, MAX_LABEL_WIDTH};
use super::letters::group_letter;
use super::names::{lead_with_difference, shorten_names};
use super::series_label::series_label;
use super::series_style::SeriesStyle;
use super::text_metrics::text_width;

/// The height of a row of names, in CSS pixels.
pub const ROW: f64 = 16.0;
/// The gap at both ends of a row.
pub const EDGE: f64 = 10.0;
const SWATCH: f64 = 16.0;
/// Between two names of a drawing.
const GAP: f64 = 14.0;

/// The names as the page's legend shows them.
pub fn legend_labels<S: AsRef<str>>(names: &[S]) -> Vec<String> {
    shorten_names(names, MAX_LABEL_WIDTH)
}

/// The same of runs and groups, of which a long name begins with its difference from the others.
pub fn owner_labels<S: AsRef<str>>(names: &[S]) -> Vec<String> {
    lead_with_difference(names, MAX_LABEL_WIDTH)
}

/// The names of groups as the page's legend shows them below a plot of this width.
pub fn group_labels(items: &[LegendItem], width: f64, rows: usize) -> Vec<String> {
    fit_group_names(items, &LegendRoom::of_page(width, rows), MAX_LABEL_WIDTH)
}

/// The same before the width is known, which is that of most tiles.
pub fn group_labels_of_server(items: &[LegendItem], rows: usize) -> Vec<String> {
    group_labels(items, MAX_ONE_ROW_WIDTH, rows)
}

/// How many rows the page keeps for these groups. How many runs they have is not asked: it changes while they log.
pub fn rows_of_groups<'a>(items: impl Iterator<Item = &'a LegendItem>) -> usize {
    let names: Vec<String> = items.map(|item| [item.tag.letter.as_str(), " ", &item.name].concat()).collect();
    let rows = width_of_names(names.iter().map(String::as_str)) / MAX_ONE_ROW_WIDTH;
    // Beyond them a third row is worth more than the part of the plot that it takes: letters alone have to be looked up.
    1 + usize::from(rows > 1.0) + usize::from(rows > 1.5)
}

/// How many names the page's legend has before somebody asks for all: more than its two rows take.
pub const MAX_FOLDED_NAMES: usize = 60;
/// How many names it has at most: as many as a cell may have series without a run.
pub const MAX_NAMES: usize = 1000;

/// Names that are together wider than this have two rows in the page, in CSS pixels: those of most tiles have this room.
const MAX_ONE_ROW_WIDTH: f64 = 420.0;

/// How many rows the page keeps for these names, as they are [`legend_labels`]. They alone decide, not the width of the tile, so that nothing moves when the page wakes.
pub fn rows_of_names<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    1 + usize::from(width_of_names(names) > MAX_ONE_ROW_WIDTH)
}

fn width_of_names<'a>(names: impl Iterator<Item = &'a str>) -> f64 {
    names.map(|name| SWATCH + 24.0 + text_width(name)).sum()
}

/// A series as the legend knows it.
#[derive(Clone, Copy, Debug)]
pub struct NamedSeries<'a> {
    /// Its place among all series of the chart.
    pub slot: usize,
    /// The run or the group that it belongs to: its id and its name.
    pub owner: Option<(&'a str, &'a str)>,
    /// Of a run or a group its split.
    pub name: &'a str,
    pub style: SeriesStyle,
}

/// The names of a chart, in the order in which their series come, the splits last. With one run, whose splits have colours, each series
/// has its name.
pub fn legend_items<'a>(series: impl Iterator<Item = NamedSeries<'a>>, has_one_run: bool) -> Vec<LegendItem> {
    let mut items: Vec<LegendItem> = Vec::new();
    let mut owners: Vec<(&str, usize)> = Vec::new();
    let mut splits: Vec<LegendItem> = Vec::new();
    for NamedSeries { slot, owner, name, style } in series {
        let item = |name: String, style, is_split| LegendItem { name, tag: GroupTag::default(), slots: vec![slot], style, is_split };
        let Some((id, owner_name)) = owner.filter(|_| !has_one_run) else {
            items.push(item(series_label(owner.map(|(_, name)| name), name, has_one_run), style, false));
            continue;
        };
        match owners.iter().find(|(known, _)| *known == id) {
            Some((_, at)) => {
                let known = &mut items[*at];
                known.slots.push(slot);
                known.style.dash = known.style.dash.min(style.dash);
            }
            None => {
                owners.push((id, items.len()));
                items.push(item(owner_name.to_owned(), style, false));
            }
        }
        match splits.iter_mut().find(|split| split.name == name) {
            Some(split) => split.slots.push(slot),
            None => splits.push(item(name.to_owned(), style, true)),
        }
    }
    if splits.len() > 1 {
        // Dashes without a name would be a riddle, too.
        splits.iter_mut().filter(|split| split.name.is_empty()).for_each(|split| split.name.push_str("no split"));
        items.append(&mut splits);
    }
    items
}

/// The name of a value by which runs are coloured, which is that of the group of runs that have it: its letter, unless it is on a scale, and
/// the value.
pub fn value_name(index: Option<u32>, label: &str) -> String {
    index.map(|index| group_letter(index) + " ").unwrap_or_default() + label
}

/// A name under the plot and where it stands.
pub struct LegendName {
    x: f64,
    /// Ink and dash; `None` for the rest that had no room.
    swatch: Option<(Ink, usize)>,
    text: String,
    /// The whole name where the text is a part of it.
    whole: String,
}

/// Names in rows `room` wide, together at most `high`; what does not fit is counted at the end.
pub fn lay_out_legend(items: &[LegendItem], room: f64, high: f64) -> Vec<Vec<LegendName>> {
    let most = ((high / ROW).floor() as usize).max(1);
    let mut rows: Vec<Vec<LegendName>> = vec![Vec::new()];
    let mut x = 0.0;
    let widest = (room - SWATCH - 4.0).min(2.0 * MAX_LABEL_WIDTH);
    let short = if items.iter().any(LegendItem::is_group) {
        fit_group_names(items, &LegendRoom { width: room, rows: most, entry: SWATCH + 4.0, gap: GAP, scale: 1.0 }, widest)
    } else {
        shorten_names(&items.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), widest)
    };
    for (index, (item, text)) in items.iter().zip(short).enumerate() {
        let wide = SWATCH + 4.0 + text_width(&text) + GAP;
        let rest = items.len() - index;
        // The last row keeps room for the number of those that are left.
        let keep = if rows.len() == most && rest > 1 { 60.0 } else { 0.0 };
        if x > 0.0 && x + wide - GAP + keep > room {
            if rows.len() == most {
                let whole = items[index..].iter().map(LegendItem::whole_name).collect::<Vec<_>>().join("\n");
                rows[most - 1].push(LegendName { x: EDGE + x, swatch: None, text: format!("+ {rest} more"), whole });
                break;
            }
            rows.push(Vec::new());
            x = 0.0;
        }
        if let Some(row) = rows.last_mut() {
            let whole = Some(item.whole_name()).filter(|whole| *whole != text).unwrap_or_default();
            let ink = if item.is_split { Ink::Muted } else { Ink::Series(item.style.colour) };
            row.push(LegendName { x: EDGE + x, swatch: Some((ink, item.style.dash)), text, whole });
        }
        x += wide;
    }
    rows.retain(|row| !row.is_empty());
    rows
}

/// `y` is the base line of the name.
pub fn draw_entry(margin: &mut Shapes, entry: LegendName, y: f64) {
    let mut x = entry.x;
    if let Some((ink, dash)) = entry.swatch {
        margin.push(Shape::Swatch { ink, dash, x, width: SWATCH, y: y - 4.0 });
        x += SWATCH + 4.0;
    }
    let text = Text::new(Ink::Muted, TextAnchor::Start, X::px(x), y, entry.text);
    margin.push(Shape::Text(Text { whole: entry.whole, ..text }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legend_leaves_the_plot_its_room() {
        let names: Vec<_> = (0..200).map(|i| format!("a series with quite a long name {i}")).collect();
        let series = names.iter().enumerate().map(|(slot, name)| NamedSeries { slot, owner: None, name, style: SeriesStyle::default() });
        let rows = lay_out_legend(&legend_items(series, false), 600.0, 100.0);
        assert_eq!(rows.len(), 6);
        let named = rows.iter().flatten().filter(|entry| entry.swatch.is_some()).count();
        assert_eq!(rows[5].last().unwrap().text, format!("+ {} more", 200 - named));
        assert!(rows.iter().flatten().all(|entry| entry.x + text_width(&entry.text) < 640.0));
    }

    #[test]
    fn a_run_has_one_name_and_dashes_have_theirs() {
        let series = |owner: &'static str, name: &'static str, colour, dash| NamedSeries {
            slot: 0,
            owner: (!owner.is_empty()).then_some((owner, owner)),
            name,
            style: SeriesStyle { colour, dash },
        };
        let say = |list: &[NamedSeries], has_one_run| -> Vec<String> {
            let slotted = list.iter().enumerate().map(|(slot, series)| NamedSeries { slot, ..*series });
            let items = legend_items(slotted, has_one_run);
            let say = |item: LegendItem| {
                format!("{} {:?} {}{}", item.name, item.slots, item.style.dash, if item.is_split { " split" } else { "" })
            };
            items.into_iter().map(say).collect()
        };
        let two = [series("a", "train", 0, 1), series("a", "val", 0, 0), series("", "limit", 1, 0), series("b", "val", 2, 0)];
        assert_eq!(say(&two, false), ["a [0, 1] 0", "limit [2] 0", "b [3] 0", "train [0] 1 split", "val [1, 3] 0 split"]);
        assert_eq!(say(&two[1..], false), ["a [0] 0", "limit [1] 0", "b [2] 0"], "one split needs no name");
        assert_eq!(
            say(&[series("a", "", 0, 0), series("a", "val", 0, 1)], false),
            ["a [0, 1] 0", "no split [0] 0 split", "val [1] 1 split"]
        );
        assert_eq!(say(&two[..2], true), ["train [0] 1", "val [1] 0"], "of the only run the splits have colours");
    }
}
