//! The panel of a chart: how it is drawn, what it can be saved as, and its newest values as a table. The same panel, opened from the header,
//! sets what all charts of the board have in common.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, HtmlSelectElement, MouseEvent};

use super::chart::Chart;
use super::charts::{Charts, Press, press, with};
use super::{legend, paint, tip};
use crate::app::{focus, full, menu};
use crate::chart::{number, palette};
use crate::client::{browser, rpc, urls};
use crate::protocol::{Along, CellId, Scale};

const ID: &str = "chart-panel";
/// The elements of the panel.
const X: &str = "chart-x";
const Y: &str = "chart-y";
const SMOOTH: &str = "chart-smooth";
const UNIT: &str = "chart-unit";
const SVG: &str = "chart-svg";
const CSV: &str = "chart-csv";
const TABLE: &str = "chart-table";
/// The cell it is about; without one it is about all.
const OF: &str = "data-of";

/// Makes the panel, and listens. Once, when the page wakes.
pub fn listen() {
    browser::listen(&document(), "click", |event: MouseEvent| {
        if let Some(button) = browser::around(&event, "[data-do]").and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
            click(&button);
        } else if let Some(button) = browser::around(&event, ".legend button") {
            with(|charts| legend::press(charts, &button, event.alt_key()));
        }
    });
    let Some(panel) = made() else { return };
    for name in ["input", "change"] {
        browser::listen(&panel, name, move |event: Event| change(&event, name == "change"));
    }
}

fn made() -> Option<Element> {
    let body = document().body()?;
    let list = browser::append(&body, "div", "tip", "")?;
    list.set_id(tip::ID);
    browser::mark(&list, "hidden", "");
    let panel = browser::append(&body, "div", "menu panel", "")?;
    panel.set_id(ID);
    browser::mark(&panel, "popover", "auto");
    browser::mark(&panel, "role", "dialog");
    let field = |label: &str, class: &str, tag: &str, id: &str| {
        let field = browser::append(&browser::append(&panel, "label", class, label)?, tag, "", "")?;
        field.set_id(id);
        Some(field)
    };
    let options = |list: &Element, options: &[(&str, &str)]| {
        for (value, text) in options {
            if let Some(option) = browser::append(list, "option", "", text) {
                browser::mark(&option, "value", value);
            }
        }
    };
    options(&field("x axis", "", "select", X)?, &[("step", "step"), ("relative", "relative time"), ("wall", "wall time")]);
    let slider = field("Smoothing", "", "input", SMOOTH)?;
    for (name, value) in [("type", "range"), ("min", "0"), ("max", "0.999"), ("step", "0.001")] {
        browser::mark(&slider, name, value);
    }
    options(&field("y axis", "one", "select", Y)?, &[("linear", "linear"), ("log", "logarithmic")]);
    browser::mark(&field("Unit", "one", "input", UNIT)?, "maxlength", "16");
    let row = browser::append(&panel, "p", "one", "")?;
    for (word, text) in [("full", "Full screen"), ("png", "PNG")] {
        browser::mark(&browser::append(&row, "button", "", text)?, "data-do", word);
    }
    for (id, text) in [(SVG, "SVG"), (CSV, "CSV")] {
        browser::append(&row, "a", "", text)?.set_id(id);
    }
    browser::append(&panel, "table", "one", "")?.set_id(TABLE);
    Some(panel)
}

fn click(button: &HtmlElement) {
    let word = button.get_attribute("data-do").unwrap_or_default();
    let id = focus::owner(button).or_else(about);
    match (word.as_str(), &id) {
        ("reset", Some(id)) => drop(press(id, Press::Reset)),
        ("follow", Some(id)) => drop(press(id, Press::Follow)),
        ("full", Some(id)) => {
            let _ = browser::by_id(ID).map(|panel| panel.hide_popover());
            full::toggle(id);
        }
        ("png", Some(id)) => with(|charts| charts.chart(id).map_or((), save_picture)),
        ("chart", _) => open(button, focus::owner(button).as_ref()),
        _ => {}
    }
}

/// The cell that the panel is about.
fn about() -> Option<CellId> {
    CellId::parse(&browser::by_id(ID)?.get_attribute(OF)?)
}

fn open(button: &HtmlElement, id: Option<&CellId>) {
    let Some(panel) = browser::by_id(ID) else { return };
    with(|charts| {
        let chart = match id {
            Some(id) => charts.chart(id),
            None => charts.list.first_mut(),
        };
        let settings = chart.as_ref().map(|chart| chart.settings.clone()).unwrap_or_default();
        let x = match settings.x {
            Along::Step => "step",
            Along::Relative => "relative",
            Along::Wall => "wall",
        };
        let values = [
            (X, x.to_owned()),
            (Y, if settings.y == Scale::Log { "log" } else { "linear" }.to_owned()),
            (SMOOTH, browser::number_text(settings.smooth)),
            (UNIT, settings.unit.clone()),
        ];
        for (name, value) in values {
            set(name, &value);
        }
        browser::mark(&panel, OF, id.map_or("", CellId::as_str));
        browser::mark(&panel, "aria-label", if id.is_some() { "Chart" } else { "All charts of the board" });
        if let (Some(chart), Some(_)) = (chart, id) {
            fill(chart);
        }
    });
    menu::beside(&panel, button);
}

fn set(name: &str, value: &str) {
    let Some(field) = browser::by_id(name) else { return };
    if let Some(list) = field.dyn_ref::<HtmlSelectElement>() {
        list.set_value(value);
    } else if let Some(field) = field.dyn_ref::<HtmlInputElement>() {
        field.set_value(value);
    }
}

/// Addresses of files, and the table of values.
fn fill(chart: &Chart) {
    let window = chart.view.map(|view| ["&from=", &browser::number_text(view.from), "&to=", &browser::number_text(view.to)].concat());
    for (name, address) in [(SVG, urls::svg_file(&chart.id, &window.unwrap_or_default())), (CSV, urls::csv_file(&chart.id))] {
        if let Some(link) = browser::by_id(name) {
            browser::mark(&link, "href", &address);
            browser::mark(&link, "download", "");
        }
    }
    let Some(table) = browser::by_id(TABLE) else { return };
    table.set_text_content(None);
    let row = |kind: &str, cells: [&str; 6]| {
        if let Some(row) = browser::append(&table, "tr", "", "") {
            cells.iter().for_each(|text| drop(browser::append(&row, kind, "", text)));
        }
    };
    row("th", ["series", "last", "lowest", "highest", "NaN, ∞", "points"]);
    for curve in &chart.curves.list {
        let Some(last) = curve.columns.list.last() else { continue };
        let mut all = *last;
        curve.columns.list.iter().rev().skip(1).for_each(|column| all.merge(column));
        row("td", [&curve.name, &number(last.last), &number(all.min), &number(all.max), &tip::odd(&all), &curve.total.to_string()]);
    }
}

/// What is set in the panel: at once for the person who drags the slider, and then for everybody.
fn change(event: &Event, is_final: bool) {
    let Some(field) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let value = match field.dyn_ref::<HtmlInputElement>() {
        Some(field) => field.value(),
        None => field.dyn_ref::<HtmlSelectElement>().map(HtmlSelectElement::value).unwrap_or_default(),
    };
    let id = about();
    with(|charts| match field.id().as_str() {
        SMOOTH => {
            let smooth = browser::number_of(&value);
            charts
                .list
                .iter_mut()
                .filter(|chart| id.as_ref().is_none_or(|id| chart.id == *id))
                .for_each(|chart| chart.settings.smooth = smooth);
            charts.repaint();
            if is_final {
                save(charts, id.as_ref(), "smooth", value);
            }
        }
        name if is_final => {
            let key = match name {
                X => "x",
                Y => "y",
                _ => "unit",
            };
            save(charts, id.as_ref(), key, rpc::text(&value));
        }
        _ => {}
    });
}

fn save(charts: &Charts, id: Option<&CellId>, key: &str, json: String) {
    if let Some(dashboard) = charts.dashboard {
        dashboard.set_chart(id, &[(key, json)]);
    }
}

/// From linear to logarithmic, and back.
pub fn switch_scale(charts: &mut Charts, id: &CellId) {
    let Some(chart) = charts.chart(id) else { return };
    let scale = if chart.settings.y == Scale::Log { "linear" } else { "log" };
    save(charts, Some(id), "y", rpc::text(scale));
}

/// The chart as it is seen, on a ground of its own.
fn save_picture(chart: &mut Chart) {
    let look = paint::Look::now();
    let pen = &chart.parts.pen;
    let _ = pen.set_global_composite_operation("destination-over");
    pen.set_fill_style_str(&legend::hex(palette::inks(look.is_dark).tile));
    pen.fill_rect(0.0, 0.0, 1e5, 1e5);
    let _ = pen.set_global_composite_operation("source-over");
    let picture = chart.parts.canvas.to_data_url().unwrap_or_default();
    chart.is_dirty = true;
    chart.draw(&look, None);
    let link = document().body().and_then(|body| browser::append(&body, "a", "", "")).and_then(|link| link.dyn_into::<HtmlElement>().ok());
    if let Some(link) = link {
        browser::mark(&link, "href", &picture);
        browser::mark(&link, "download", &[chart.id.as_str(), ".png"].concat());
        link.remove();
        // A click on a link that is no longer in the document is no event of the page, which would look at the charts again.
        link.click();
    }
}
