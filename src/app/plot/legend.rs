//! The legend under a chart: a button for each series. Hovering lights one up, a click hides or shows it, Alt and click shows it alone.

use leptos::prelude::*;
use web_sys::{Element, MouseEvent};

use super::chart::Chart;
use super::charts::{Charts, with};
use crate::chart::palette;
use crate::client::{browser, rpc};
use crate::protocol::CellId;

/// The place of the series among all of its chart.
const SERIES: &str = "data-series";

pub fn listen() {
    browser::listen(&document(), "mouseover", |event: MouseEvent| with(|charts| light(charts, browser::around(&event, ".legend button"))));
}

fn place(button: &Element) -> Option<usize> {
    Some(browser::number_of(&button.get_attribute(SERIES)?) as usize)
}

fn light(charts: &mut Charts, button: Option<Element>) {
    let lit = button.and_then(|button| Some((charts.around(&button)?.id.clone(), place(&button)?)));
    let mut is_new = false;
    for chart in &mut charts.list {
        let now = lit.as_ref().filter(|(id, _)| *id == chart.id).map(|(_, at)| *at);
        if chart.lit != now {
            chart.lit = now;
            chart.is_dirty = true;
            is_new = true;
        }
    }
    if is_new {
        charts.stir();
    }
}

pub fn press(charts: &mut Charts, button: &Element, alone: bool) {
    let dashboard = charts.dashboard;
    let (Some(chart), Some(at)) = (charts.around(button), place(button)) else { return };
    let names: Vec<String> = chart.curves.list.iter().map(|curve| curve.name.clone()).collect();
    let hidden = toggled(&names, &chart.settings.hidden, at, alone);
    let id: CellId = chart.id.clone();
    if let Some(dashboard) = dashboard {
        dashboard.set_chart(Some(&id), &[("hidden", rpc::texts(&hidden))]);
    }
}

/// The names that are hidden after a click. Names that the chart does not have are kept: their series may come back.
fn toggled(names: &[String], hidden: &[String], at: usize, alone: bool) -> Vec<String> {
    let Some(name) = names.get(at) else { return hidden.to_vec() };
    let is_hidden = |name: &String| hidden.contains(name);
    let mut after: Vec<String> = hidden.to_vec();
    if !alone {
        if is_hidden(name) {
            after.retain(|known| known != name)
        } else {
            after.push(name.clone())
        }
        return after;
    }
    let is_alone = !is_hidden(name) && names.iter().all(|other| other == name || is_hidden(other));
    after.retain(|known| !names.contains(known));
    if !is_alone {
        after.extend(names.iter().filter(|other| *other != name).cloned());
    }
    after
}

/// Brings the buttons up to date; those that are there stay, with the focus that one of them may have.
pub fn show(chart: &Chart, is_dark: bool) {
    let legend = &chart.parts.legend;
    let buttons = legend.children();
    for (at, curve) in chart.curves.list.iter().enumerate() {
        let Some(button) = buttons.item(at as u32).or_else(|| made(legend, at)) else { return };
        let is_shown = !chart.is_hidden(&curve.name);
        browser::mark(&button, "aria-pressed", if is_shown { "true" } else { "false" });
        browser::mark(&button, "style", &["--series:", &hex(palette::colour(at, is_dark))].concat());
        if button.text_content().as_deref() != Some(&curve.name) {
            button.set_text_content(Some(&curve.name));
        }
    }
    for at in (chart.curves.list.len() as u32..buttons.length()).rev() {
        if let Some(button) = buttons.item(at) {
            button.remove();
        }
    }
}

fn made(legend: &Element, at: usize) -> Option<Element> {
    let button = browser::append(legend, "button", "series", "")?;
    browser::mark(&button, "type", "button");
    browser::mark(&button, SERIES, &at.to_string());
    // The dashes of the slots beyond the first eight, as a second cue.
    browser::mark(&button, "data-dash", &(at / palette::COLOURS % 4).to_string());
    browser::mark(&button, "title", "Click: hide or show. Alt + click: show alone.");
    Some(button)
}

/// `#rrggbb`.
pub fn hex(colour: u32) -> String {
    let mut text = String::from("#");
    for place in (0..6).rev() {
        text.push(char::from(b"0123456789abcdef"[(colour >> (4 * place) & 15) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(names: &str) -> Vec<String> {
        names.chars().map(String::from).collect()
    }

    #[test]
    fn a_click_hides_and_shows() {
        assert_eq!(toggled(&texts("abc"), &texts(""), 1, false), texts("b"));
        assert_eq!(toggled(&texts("abc"), &texts("xb"), 1, false), texts("x"));
        assert_eq!(toggled(&texts("abc"), &texts("b"), 7, false), texts("b"));
    }

    #[test]
    fn alt_and_a_click_isolates_and_brings_all_back() {
        assert_eq!(toggled(&texts("abc"), &texts(""), 1, true), texts("ac"));
        assert_eq!(toggled(&texts("abc"), &texts("xac"), 1, true), texts("x"));
        assert_eq!(toggled(&texts("abc"), &texts("b"), 1, true), texts("ac"));
        assert_eq!(toggled(&texts("a"), &texts(""), 0, true), texts(""));
    }

    #[test]
    fn colours_are_written_for_style_sheets() {
        assert_eq!(hex(0x0b5fbe), "#0b5fbe");
    }
}
