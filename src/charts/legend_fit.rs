//! How much of each name a legend shows: as much as its rows take. What goes first is what is said elsewhere: how many runs a group has, then
//! the words that all groups share, at last all but the letters, which are those of the table of runs.

use super::legend_item::{LegendItem, MAX_LABEL_WIDTH, compose};
use super::names::{lead_with_difference, shorten_name, without_shared_words};
use super::text_metrics::text_width;

/// The rows of a legend, in CSS pixels.
#[derive(Clone, Copy, Debug)]
pub struct LegendRoom {
    pub width: f64,
    pub rows: usize,
    /// An entry without its name, and what is between two of them.
    pub entry: f64,
    pub gap: f64,
    /// How large its letters are beside those of a chart.
    pub scale: f64,
}

impl LegendRoom {
    /// The page's legend of groups in a plot of this width, as the style sheet has it: text of 12 pixels, a padding before the first name.
    pub fn of_page(width: f64, rows: usize) -> Self {
        Self { width: width - 12.0, rows, entry: 28.0, gap: 0.0, scale: 12.0 / 11.0 }
    }

    fn fits(&self, texts: &[String]) -> bool {
        let (mut x, mut rows) = (0.0, 1);
        for text in texts {
            let wide = self.entry + self.scale * text_width(text);
            if x > 0.0 && x + wide > self.width {
                (x, rows) = (0.0, rows + 1);
            }
            if wide > self.width {
                return false;
            }
            x += wide + self.gap;
        }
        rows <= self.rows
    }
}

/// The names of groups as a legend with this room shows them, each no wider than `most`; those of the splits beside them stay.
pub fn fit_group_names(items: &[LegendItem], room: &LegendRoom, most: f64) -> Vec<String> {
    let names: Vec<&str> = items.iter().filter(|item| !item.is_split).map(|item| item.name.as_str()).collect();
    let values = without_shared_words(&names);
    let texts = |names: &[String], has_members: bool| -> Vec<String> {
        let mut names = names.iter();
        let text = |item: &LegendItem| match item.is_split {
            true => shorten_name(&item.name, MAX_LABEL_WIDTH),
            false => compose(&item.tag, names.next().map_or("", String::as_str), has_members),
        };
        items.iter().map(text).collect()
    };
    let whole = lead_with_difference(&names, most);
    let mut shown = texts(&whole, true);
    let mut shorter: [&dyn Fn() -> Vec<String>; 3] =
        [&|| texts(&whole, false), &|| texts(&lead_with_difference(&values, most), false), &|| {
            texts(&vec![String::new(); names.len()], false)
        }];
    // Without letters nothing would be left.
    let count = if items.iter().all(|item| item.is_split || !item.tag.letter.is_empty()) { shorter.len() } else { 2 };
    for shorter in &mut shorter[..count] {
        if room.fits(&shown) {
            break;
        }
        shown = shorter();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::SeriesStyle;
    use crate::charts::legend_item::GroupTag;

    fn items(names: &[&str]) -> Vec<LegendItem> {
        let item =
            |name: &str, tag, is_split| LegendItem { name: name.into(), tag, slots: Vec::new(), style: SeriesStyle::default(), is_split };
        let splits = ["train", "val"].map(|name| item(name, GroupTag::default(), true));
        let groups = names.iter().enumerate().map(|(at, name)| item(name, GroupTag::new(at as u32, 3, 3), false));
        splits.into_iter().chain(groups).collect()
    }

    #[test]
    fn names_of_groups_lose_what_is_said_elsewhere_first() {
        let items = items(&["batch 16 · lr 0.1", "batch 64 · lr 0.1", "batch 16 · lr 0.4", "batch 64 · lr 0.4"]);
        let shown = |width: f64| fit_group_names(&items, &LegendRoom::of_page(width, 2), MAX_LABEL_WIDTH)[2..].to_vec();
        assert_eq!(shown(900.0)[0], "a batch 16 · lr 0.1 · 3 runs");
        assert_eq!(shown(460.0)[0], "a batch 16 · lr 0.1");
        // The width of a chart in a third of a window.
        assert_eq!(shown(313.0), ["a 16 · 0.1", "b 64 · 0.1", "c 16 · 0.4", "d 64 · 0.4"]);
        assert_eq!(shown(180.0), ["a", "b", "c", "d"]);
        assert_eq!(fit_group_names(&items, &LegendRoom::of_page(180.0, 2), MAX_LABEL_WIDTH)[..2], ["train", "val"]);
    }

    #[test]
    fn a_name_is_whole_letters_or_fits() {
        let many: Vec<String> = (0..12).map(|at| format!("model-{}-with-a-long-name · lr 1e-{}", at / 4, at % 4)).collect();
        let items = items(&many.iter().map(String::as_str).collect::<Vec<_>>());
        for width in [120.0, 300.0, 420.0, 640.0, 1200.0] {
            for rows in [1, 2, 6] {
                let room = LegendRoom::of_page(width, rows);
                let shown = fit_group_names(&items, &room, MAX_LABEL_WIDTH);
                assert!(room.fits(&shown) || shown[2] == "a", "{width} {rows}: {shown:?}");
                let mut distinct = shown.clone();
                distinct.sort();
                distinct.dedup();
                assert_eq!(distinct.len(), shown.len(), "{shown:?}");
            }
        }
    }
}
