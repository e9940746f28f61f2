//! How the series of a chart differ: by colour, and by dashes as a second cue.
//!
//! A run has one colour in every chart of its board, and dashes distinguish its splits (`train`,
//! `val`). With exactly one run on the board a colour says more about a split than about the run.
//! Series without a run have the colours in the order in which they first came, and from the ninth
//! on dashes.

use super::palette::{self, COLOURS, DASHES};

/// The slot of a colour (one of [`palette::slots`]) and the index of a dash (below [`DASHES`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeriesStyle {
    pub colour: usize,
    pub dash: usize,
}

impl SeriesStyle {
    /// The style of the series in this place, among series that nothing else distinguishes.
    pub const fn of_slot(slot: usize) -> Self {
        Self { colour: slot % COLOURS, dash: slot / COLOURS % DASHES }
    }
}

/// What decides the style of a series: the colour of its run, if it has one, and its name, which in
/// a run is the split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StyledSeries<'a> {
    pub run_colour: Option<usize>,
    pub name: &'a str,
}

/// The styles of all series of a chart, hidden ones included, in their order. A new series changes
/// no style, except that a split that is no longer the only one may get a dash.
pub fn series_styles<'a>(series: impl Iterator<Item = StyledSeries<'a>>, has_one_run: bool) -> Vec<SeriesStyle> {
    let series: Vec<StyledSeries> = series.collect();
    let mut colours = Splits::default();
    let mut dashes = Splits::default();
    for StyledSeries { name, .. } in series.iter().filter(|series| series.run_colour.is_some()) {
        colours.add(name, colour_of_split(name));
        dashes.add(name, dash_of_split(name));
    }
    let mut plain = 0;
    let style = |StyledSeries { run_colour, name }: &StyledSeries| match run_colour {
        None => {
            plain += 1;
            SeriesStyle::of_slot(plain - 1)
        }
        Some(_) if has_one_run => SeriesStyle::of_slot(colours.place(name)),
        Some(colour) => {
            let dash = if dashes.places.len() > 1 { dashes.place(name) % DASHES } else { 0 };
            SeriesStyle { colour: palette::wrapped(*colour), dash }
        }
    };
    series.iter().map(style).collect()
}

/// The colour that a split has if no other split of its chart has it: the same in all charts.
fn colour_of_split(name: &str) -> usize {
    match name {
        "" | "train" => 0,
        "val" => 1,
        "test" => 2,
        _ => 3,
    }
}

/// The solid line is the one by which runs are compared.
fn dash_of_split(name: &str) -> usize {
    match name {
        "" | "val" => 0,
        "train" => 1,
        "test" => 2,
        _ => 3,
    }
}

/// Places of splits, each its own.
#[derive(Default)]
struct Splits<'a> {
    places: Vec<(&'a str, usize)>,
}

impl<'a> Splits<'a> {
    /// Gives a split that is not known yet the wanted place, or the next one that is free.
    fn add(&mut self, name: &'a str, wanted: usize) {
        if self.places.iter().any(|(known, _)| *known == name) {
            return;
        }
        let is_free = |place: &usize| self.places.iter().all(|(_, taken)| taken != place);
        let place = (wanted..).find(is_free).unwrap_or(wanted);
        self.places.push((name, place));
    }

    fn place(&self, name: &str) -> usize {
        self.places.iter().find(|(known, _)| *known == name).map_or(0, |(_, place)| *place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_series_of_the_first_32_look_alike() {
        let styles: Vec<_> = (0..32).map(SeriesStyle::of_slot).collect();
        let looks: Vec<_> = styles.iter().map(|style| (palette::colour(style.colour, false), palette::dash(style.dash).to_vec())).collect();
        assert!(looks.iter().enumerate().all(|(i, look)| !looks[..i].contains(look)));
    }

    fn styles(series: &[(Option<usize>, &str)], has_one_run: bool) -> Vec<(usize, usize)> {
        let series = series.iter().map(|(run_colour, name)| StyledSeries { run_colour: *run_colour, name });
        series_styles(series, has_one_run).into_iter().map(|style| (style.colour, style.dash)).collect()
    }

    #[test]
    fn series_without_a_run_have_the_colours_in_order_and_then_dashes() {
        let names: Vec<String> = (0..40).map(|at| at.to_string()).collect();
        let series: Vec<(Option<usize>, &str)> = names.iter().map(|name| (None, name.as_str())).collect();
        let styles = styles(&series, false);
        assert_eq!([styles[0], styles[7], styles[8], styles[31], styles[32]], [(0, 0), (7, 0), (0, 1), (7, 3), (0, 0)]);
    }

    #[test]
    fn a_run_keeps_its_colour_and_dashes_are_for_splits() {
        let two = [(Some(5), "train"), (Some(2), "train"), (Some(5), "val"), (Some(2), "val")];
        assert_eq!(styles(&two, false), [(5, 1), (2, 1), (5, 0), (2, 0)]);
        assert_eq!(styles(&two[..2], false), [(5, 0), (2, 0)], "the only split is solid");
        assert_eq!(styles(&[(Some(12), "")], false), [(4, 0)], "colours come again, without dashes");
        let level = palette::scale_slot(0.5);
        assert_eq!(styles(&[(Some(level), ""), (Some(palette::NEUTRAL), "")], false), [(level, 0), (palette::NEUTRAL, 0)]);
        let odd = [(Some(1), "train"), (Some(1), "train epoch"), (Some(1), "val 1"), (Some(1), "")];
        assert_eq!(styles(&odd, false), [(1, 1), (1, 3), (1, 0), (1, 0)], "there are four dashes");
        let dashes: Vec<_> = styles(&odd, false).iter().map(|style| style.1).collect();
        assert_eq!(dashes[0], 1);
    }

    #[test]
    fn with_one_run_a_split_has_the_same_colour_in_every_chart() {
        assert_eq!(styles(&[(Some(5), "train"), (Some(5), "val")], true), [(0, 0), (1, 0)]);
        assert_eq!(styles(&[(Some(5), "val"), (Some(5), "train")], true), [(1, 0), (0, 0)]);
        assert_eq!(styles(&[(Some(5), "train"), (Some(5), "")], true), [(0, 0), (1, 0)], "each its own");
    }

    #[test]
    fn a_series_without_a_run_beside_runs_has_the_first_colour() {
        assert_eq!(styles(&[(Some(5), "val"), (None, "baseline"), (Some(3), "val")], false), [(5, 0), (0, 0), (3, 0)]);
    }
}
