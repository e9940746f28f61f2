//! The legend under a chart: a button for each series. Hovering lights one up, a click hides or shows it, Alt and click shows it alone:
//! for this reader, until the tab is closed. The panel makes it so for everybody.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, MouseEvent};

use super::line_chart::{Chart, Parts};
use super::registry::{Charts, with};
use crate::browser::dom;
use crate::charts::{FOLDED, is_long, palette};
use crate::protocol::{CellId, LineSettingsPatch};

/// The place of the series among all of its chart.
const SERIES: &str = "data-series";

pub fn listen() {
    dom::listen(&document(), "mouseover", |event: MouseEvent| with(|charts| light(charts, dom::around(&event, ".legend button"))));
}

fn place(button: &Element) -> Option<usize> {
    Some(dom::number_of(&button.get_attribute(SERIES)?) as usize)
}

fn light(charts: &mut Charts, button: Option<Element>) {
    let lit = button.and_then(|button| {
        let (chart, at) = (charts.around(&button)?, place(&button)?);
        // What is not drawn has nothing to light up.
        let is_drawn = chart.curves.list.get(at).is_some_and(|curve| !chart.is_hidden(&curve.name));
        is_drawn.then(|| (chart.id.clone(), at))
    });
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
    let (Some(chart), Some(at)) = (charts.around(button), place(button)) else { return };
    let names: Vec<String> = chart.curves.list.iter().map(|curve| curve.name.clone()).collect();
    let hidden = toggled(&names, chart.hidden(), at, alone);
    chart.own = (hidden != chart.settings.hidden).then_some(hidden);
    keep(&chart.id, chart.own.as_deref());
    chart.lit = None;
    chart.is_dirty = true;
    charts.stir();
}

/// What this reader hides becomes what everybody hides.
pub fn share(charts: &mut Charts, id: &CellId) {
    let Some(own) = charts.chart(id).and_then(|chart| chart.own.clone()) else { return };
    // It remains this reader's own until the server has told it to all.
    keep(id, None);
    if let Some(dashboard) = charts.dashboard {
        dashboard.set_chart(Some(id), LineSettingsPatch { hidden: Some(own), ..Default::default() });
    }
}

/// In the tab's storage; names have no control characters.
fn key(id: &CellId) -> String {
    ["agnez-hidden:", id.as_str()].concat()
}

fn keep(id: &CellId, own: Option<&[String]>) {
    if let Some(storage) = dom::session_storage() {
        let _ = match own {
            Some(names) => storage.set_item(&key(id), &names.join("\n")),
            None => storage.remove_item(&key(id)),
        };
    }
}

pub fn recall(id: &CellId) -> Option<Vec<String>> {
    let kept = dom::session_storage()?.get_item(&key(id)).ok()??;
    let mut names = Vec::new();
    for name in kept.split('\n') {
        if !name.is_empty() {
            names.push(name.to_owned());
        }
    }
    Some(names)
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

/// Brings the buttons up to date; those that are there stay, with the focus that one of them may have. A long list has buttons for its
/// beginning only, until somebody asks for all of them.
pub fn show(chart: &Chart, parts: &Parts, is_dark: bool) {
    let legend = &parts.legend;
    let buttons = legend.children();
    let count = if chart.is_whole { chart.curves.list.len() } else { chart.curves.list.len().min(FOLDED) };
    for (at, (curve, short)) in chart.curves.list.iter().zip(&chart.names.short).enumerate().take(count) {
        let Some(button) = buttons.item(at as u32).or_else(|| made(legend, at)) else { return };
        let is_shown = !chart.is_hidden(&curve.name);
        keep_marked(&button, "aria-pressed", if is_shown { "true" } else { "false" });
        keep_marked(&button, "style", &["--series:", &hex(palette::colour(at, is_dark))].concat());
        let title = [&curve.name, "\nClick: hide or show, for you. Alt + click: show alone."].concat();
        let is_named = button.get_attribute("title").as_ref() == Some(&title);
        // A series that has come may change how the others are shown: each is cut by what it has in common with them.
        if !is_named || button.text_content().as_ref() != Some(short) {
            dom::mark(&button, "title", &title);
            // Names of every script stand in their own direction, beside the swatch.
            let name = button.first_element_child().or_else(|| dom::append(&button, "bdi", "", ""));
            let _ = name.map(|name| name.set_text_content(Some(short)));
            if short == &curve.name {
                let _ = button.remove_attribute("aria-label");
            } else {
                dom::mark(&button, "aria-label", &curve.name);
            }
        }
    }
    for at in (count as u32..buttons.length()).rev() {
        if let Some(button) = buttons.item(at) {
            button.remove();
        }
    }
    wrap(chart, parts);
}

/// Setting an attribute to what it is costs the browser as much as a change.
fn keep_marked(button: &Element, name: &str, value: &str) {
    if button.get_attribute(name).as_deref() != Some(value) {
        dom::mark(button, name, value);
    }
}

/// What the room was measured for: the names, and the width.
const MEASURED: &str = "data-for";

/// Two rows for a long legend, and a button that says how many names they have no room for. The document is measured only when that can have changed.
fn wrap(chart: &Chart, parts: &Parts) {
    let (legend, count) = (&parts.legend, chart.curves.list.len());
    let is_whole = if chart.is_whole { " whole" } else { "" };
    let measured = [&chart.names.turn.to_string(), " ", &dom::number_text(chart.size.width), is_whole].concat();
    if legend.get_attribute(MEASURED).as_ref() == Some(&measured) {
        return;
    }
    dom::mark(legend, MEASURED, &measured);
    let Some(lines) = legend.parent_element() else { return };
    let is_long = is_long(chart.names.short.iter().map(String::as_str));
    lines.set_class_name(&["lines", if is_long { " long" } else { "" }, is_whole].concat());
    // What can be scrolled to is not left out.
    let scrolls = chart.is_whole || lines.closest(".full").is_ok_and(|full| full.is_some());
    let buttons = legend.children();
    let is_out =
        |at: &u32| buttons.item(*at).is_some_and(|button| button.unchecked_into::<HtmlElement>().offset_top() >= legend.client_height());
    let left_out = count - buttons.length() as usize + if scrolls { 0 } else { (0..buttons.length()).filter(is_out).count() };
    let known = lines.last_element_child().filter(|last| last.class_name() == "more");
    let Some(more) = known.or_else(|| dom::append(&lines, "button", "more", "")) else { return };
    dom::mark(&more, "type", "button");
    dom::mark(&more, "data-do", "more");
    let text = if chart.is_whole { "Show fewer" } else { &["+ ", &left_out.to_string(), " more"].concat() };
    more.set_text_content(Some(text));
    more.unchecked_into::<HtmlElement>().set_hidden(left_out == 0 && !chart.is_whole);
}

/// Shows all names, or the first of them again.
pub fn unfold(charts: &mut Charts, button: &Element) {
    if let Some(chart) = charts.around(button) {
        chart.is_whole = !chart.is_whole;
        chart.is_dirty = true;
        charts.stir();
    }
}

fn made(legend: &Element, at: usize) -> Option<Element> {
    let button = dom::append(legend, "button", "series", "")?;
    dom::mark(&button, "type", "button");
    dom::mark(&button, SERIES, &at.to_string());
    // The dashes of the slots beyond the first eight, as a second cue.
    dom::mark(&button, "data-dash", &(at / palette::COLOURS % 4).to_string());
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
