//! The panel of a chart: how it is drawn, what it can be saved as, and its newest values as a table. The same panel, opened from the header,
//! sets what all charts of the board have in common.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, HtmlSelectElement, MouseEvent};

use super::column_cache::Curve;
use super::keys::{Press, press};
use super::line_chart::Chart;
use super::registry::{Charts, with};
use super::{canvas, legend, tooltip};
use crate::app::components::menu;
use crate::app::{focus, fullscreen};
use crate::browser::dom;
use crate::charts::number;
use crate::protocol::{CellId, LineSettingsPatch, XAxis, YScale};
use crate::routes;

const ID: &str = "chart-panel";
/// The elements of the panel.
const X: &str = "chart-x";
const Y: &str = "chart-y";
const SMOOTH: &str = "chart-smooth";
/// The number beside the slider.
const WEIGHT: &str = "chart-weight";
const UNIT: &str = "chart-unit";
const SVG: &str = "chart-svg";
const CSV: &str = "chart-csv";
const TABLE: &str = "chart-table";
/// The cell it is about; without one it is about all.
const OF: &str = "data-of";
/// There where this reader hides other series than the settings say.
const OWN: &str = "data-own";
/// Averages over more than all that is seen are no help.
const HEAVIEST: f64 = 0.999;

/// Makes the panel, and listens. Once, when the page wakes.
pub fn listen() {
    dom::listen(&document(), "click", |event: MouseEvent| {
        if let Some(button) = dom::around(&event, "[data-do]").and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
            click(&button);
        } else if let Some(button) = dom::around(&event, ".legend button") {
            with(|charts| legend::press(charts, &button, event.alt_key()));
        }
    });
    let Some(panel) = made() else { return };
    for name in ["input", "change"] {
        dom::listen(&panel, name, move |event: Event| change(&event, name == "change"));
    }
}

fn made() -> Option<Element> {
    let body = document().body()?;
    let list = dom::append(&body, "div", "tip", "")?;
    list.set_id(tooltip::ID);
    dom::mark(&list, "hidden", "");
    let panel = dom::append(&body, "div", "menu panel", "")?;
    panel.set_id(ID);
    dom::mark(&panel, "popover", "auto");
    dom::mark(&panel, "role", "dialog");
    let field = |label: &str, class: &str, tag: &str, id: &str| {
        let field = dom::append(&dom::append(&panel, "label", class, label)?, tag, "", "")?;
        field.set_id(id);
        Some(field)
    };
    let options = |list: &Element, options: &[(&str, &str)]| {
        for (value, text) in options {
            if let Some(option) = dom::append(list, "option", "", text) {
                dom::mark(&option, "value", value);
            }
        }
    };
    dom::append(&panel, "p", "", "For everyone who opens this board:")?;
    let along = field("x axis", "", "select", X)?;
    options(&along, &[("", MIXED), ("step", "step"), ("relative", "relative time"), ("wall", "wall time")]);
    dom::mark(&along.first_element_child()?, "hidden", "");
    let slider = field("Smoothing", "", "input", SMOOTH)?;
    let weight = dom::append(&slider.parent_element()?, "input", "", "")?;
    weight.set_id(WEIGHT);
    dom::mark(&weight, "aria-label", "Weight");
    for (field, kind) in [(&slider, "range"), (&weight, "number")] {
        for (name, value) in [("type", kind), ("min", "0"), ("max", "0.999"), ("step", "0.001")] {
            dom::mark(field, name, value);
        }
    }
    options(&field("y axis", "one", "select", Y)?, &[("linear", "linear"), ("log", "logarithmic")]);
    dom::mark(&field("Unit", "one", "input", UNIT)?, "maxlength", "16");
    let row = dom::append(&panel, "p", "one own", "The legend hides for you.")?;
    dom::mark(&dom::append(&row, "button", "", "Hide for everyone")?, "data-do", "share");
    let row = dom::append(&panel, "p", "one", "")?;
    for (word, text) in [("full", "Full screen"), ("png", "PNG")] {
        dom::mark(&dom::append(&row, "button", "", text)?, "data-do", word);
    }
    for (id, text) in [(SVG, "SVG"), (CSV, "CSV")] {
        dom::append(&row, "a", "", text)?.set_id(id);
    }
    dom::append(&panel, "table", "one", "")?.set_id(TABLE);
    Some(panel)
}

fn click(button: &HtmlElement) {
    let word = button.get_attribute("data-do").unwrap_or_default();
    let id = focus::owner(button).or_else(about);
    match (word.as_str(), &id) {
        ("reset", Some(id)) => drop(press(id, Press::Reset)),
        ("follow", Some(id)) => drop(press(id, Press::Follow)),
        ("full", Some(id)) => {
            close();
            if let Some(dashboard) = with(|charts| charts.dashboard) {
                fullscreen::toggle(dashboard, id);
            }
        }
        ("png", Some(id)) => drop(with(|charts| charts.dashboard).map(|dashboard| dashboard.save_png(id.clone()))),
        ("share", Some(id)) => {
            close();
            with(|charts| legend::share(charts, id));
        }
        ("more", _) => with(|charts| legend::unfold(charts, button)),
        ("chart", _) => open(button, focus::owner(button).as_ref()),
        _ => {}
    }
}

pub fn close() {
    let _ = dom::by_id(ID).map(|panel| panel.hide_popover());
}

/// The cell that the panel is about.
fn about() -> Option<CellId> {
    CellId::parse(&dom::by_id(ID)?.get_attribute(OF)?)
}

fn open(button: &HtmlElement, id: Option<&CellId>) {
    let Some(panel) = dom::by_id(ID) else { return };
    dom::mark(&panel, OF, id.map_or("", CellId::as_str));
    dom::mark(&panel, "aria-label", if id.is_some() { "Chart" } else { "All charts of the board" });
    with(|charts| {
        charts.edited.clear();
        charts.table.clear();
        show(charts, &panel, id)
    });
    let cell = id.and_then(focus::element);
    menu::beside(&panel, cell.as_ref().unwrap_or(button), cell.is_some());
}

pub fn is_open() -> bool {
    dom::by_id(ID).is_some_and(|panel| panel.matches(":popover-open").unwrap_or(false))
}

/// Brings the open panel up to date, and closes it when its chart is gone. Not to be called while somebody looks at the charts: closing it
/// takes the focus from a field, which may be one that has changed.
pub fn renew() {
    // On the server nothing has started, and there is no document.
    let is_started = with(|charts| {
        charts.is_panel_due = false;
        charts.dashboard.is_some()
    });
    if !is_started {
        return;
    }
    let Some(panel) = dom::by_id(ID).filter(|_| is_open()) else { return };
    let id = about();
    let is_there = with(|charts| show(charts, &panel, id.as_ref()));
    if !is_there {
        close();
    }
}

/// Shows what is set, except in the field that is being edited. False when there is no such chart.
fn show(charts: &mut Charts, panel: &Element, id: Option<&CellId>) -> bool {
    let Some(at) = charts.list.iter().position(|chart| id.is_none_or(|id| chart.id == *id)) else { return false };
    let chart = &charts.list[at];
    let settings = &chart.settings;
    let (mut is_mixed, mut has_mixed_axes) = (false, false);
    if id.is_none() {
        for other in &charts.list {
            is_mixed |= other.settings.smooth != settings.smooth;
            has_mixed_axes |= other.settings.x != settings.x;
        }
    }
    let x = match settings.x {
        _ if has_mixed_axes => "",
        XAxis::Step => "step",
        XAxis::Relative => "relative",
        XAxis::Wall => "wall",
    };
    let smooth = if is_mixed { String::new() } else { dom::number_text(settings.smooth) };
    let values = [
        (X, x),
        (Y, if settings.y == YScale::Log { "log" } else { "linear" }),
        (SMOOTH, if is_mixed { "0" } else { &smooth }),
        (WEIGHT, &smooth),
        (UNIT, &settings.unit),
    ];
    // The slider and its number are one field.
    let is_edited =
        |name: &str| charts.edited == name || (charts.edited == SMOOTH && name == WEIGHT) || (charts.edited == WEIGHT && name == SMOOTH);
    for (name, value) in values.into_iter().filter(|(name, _)| !is_edited(name)) {
        set(name, value);
    }
    let _ = dom::by_id(WEIGHT).map(|field| field.set_attribute("placeholder", if is_mixed { MIXED } else { "" }));
    dom::mark(panel, OWN, if chart.own.is_some() { "1" } else { "" });
    if id.is_some() {
        let rows = rows(chart);
        if rows != charts.table {
            fill(&rows);
            charts.table = rows;
        }
        links(&charts.list[at]);
    }
    true
}

/// Where charts differ.
const MIXED: &str = "mixed";

fn set(name: &str, value: &str) {
    let Some(field) = dom::by_id(name) else { return };
    if let Some(list) = field.dyn_ref::<HtmlSelectElement>() {
        list.set_value(value);
    } else if let Some(field) = field.dyn_ref::<HtmlInputElement>() {
        field.set_value(value);
    }
}

/// The addresses of files.
fn links(chart: &Chart) {
    for (name, address) in [(SVG, routes::svg_file(&chart.id, &query(chart))), (CSV, routes::csv_file(&chart.id))] {
        if let Some(link) = dom::by_id(name) {
            dom::mark(&link, "href", &address);
            dom::mark(&link, "download", "");
        }
    }
}

/// The newest values of each series: name, last, lowest, highest, what is no number, points.
fn rows(chart: &Chart) -> Vec<[String; 6]> {
    let row = |curve: &Curve| {
        let mut all = *curve.columns.list.last()?;
        let last = all.last;
        curve.columns.list.iter().rev().skip(1).for_each(|column| all.merge(column));
        Some([curve.name.clone(), number(last), number(all.min), number(all.max), tooltip::odd(&all), curve.total.to_string()])
    };
    chart.curves.list.iter().filter_map(row).collect()
}

fn fill(rows: &[[String; 6]]) {
    let Some(table) = dom::by_id(TABLE) else { return };
    table.set_text_content(None);
    let add = |kind: &str, cells: [&str; 6]| {
        if let Some(row) = dom::append(&table, "tr", "", "") {
            cells.iter().for_each(|text| drop(dom::append(&row, kind, "", text)));
        }
    };
    add("th", ["series", "last", "lowest", "highest", "NaN, ∞", "points"]);
    rows.iter().for_each(|row| add("td", std::array::from_fn(|at| row[at].as_str())));
}

/// What is set in the panel: at once for the person who drags the slider, and then for everybody.
fn change(event: &Event, is_final: bool) {
    let Some(field) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let value = match field.dyn_ref::<HtmlInputElement>() {
        Some(field) => field.value(),
        None => field.dyn_ref::<HtmlSelectElement>().map(HtmlSelectElement::value).unwrap_or_default(),
    };
    let id = about();
    with(|charts| {
        // Between these two events what stands in a field is not what is set.
        charts.edited = if is_final { String::new() } else { field.id() };
        set_one(charts, id.as_ref(), &field.id(), &value, is_final);
    });
}

fn set_one(charts: &mut Charts, id: Option<&CellId>, name: &str, value: &str, is_final: bool) {
    match name {
        name @ (SMOOTH | WEIGHT) => {
            let smooth = dom::number_of(value).clamp(0.0, HEAVIEST);
            if smooth.is_nan() {
                return;
            }
            let text = dom::number_text(smooth);
            set(if name == SMOOTH { WEIGHT } else { SMOOTH }, &text);
            charts.list.iter_mut().filter(|chart| id.is_none_or(|id| chart.id == *id)).for_each(|chart| chart.settings.smooth = smooth);
            charts.repaint();
            if is_final {
                set(name, &text);
                save(charts, id, LineSettingsPatch { smooth: Some(smooth), ..Default::default() });
            }
        }
        name if is_final => {
            let patch = match name {
                X => LineSettingsPatch { x: XAxis::from_name(value), ..Default::default() },
                Y => LineSettingsPatch { y: YScale::from_name(value), ..Default::default() },
                _ => LineSettingsPatch { unit: Some(value.to_owned()), ..Default::default() },
            };
            save(charts, id, patch);
        }
        _ => {}
    }
}

fn save(charts: &Charts, id: Option<&CellId>, patch: LineSettingsPatch) {
    if let Some(dashboard) = charts.dashboard {
        dashboard.set_chart(id, patch);
    }
}

/// From linear to logarithmic, and back.
pub fn switch_scale(charts: &mut Charts, id: &CellId) {
    let Some(chart) = charts.chart(id) else { return };
    let scale = if chart.settings.y == YScale::Log { YScale::Linear } else { YScale::Log };
    save(charts, Some(id), LineSettingsPatch { y: Some(scale), ..Default::default() });
}

/// What the address of a drawing must say of a cell, so that it shows what this reader sees: empty, or beginning with `&`.
pub fn seen(id: &CellId) -> String {
    with(|charts| charts.chart(id).map(|chart| query(chart)).unwrap_or_default())
}

fn query(chart: &Chart) -> String {
    let mut query = String::new();
    let mut add = |name: &str, value: &str| query = [&query, name, &routes::encoded(value)].concat();
    if let Some(view) = chart.view {
        add("&from=", &dom::number_text(view.from));
        add("&to=", &dom::number_text(view.to));
    }
    if chart.own.is_some() {
        // No series has an empty name: it says that no other is meant.
        add("&series=", "");
        for curve in &chart.curves.list {
            if !chart.is_hidden(&curve.name) {
                add("&series=", &curve.name);
            }
        }
    }
    if chart.settings.x == XAxis::Wall {
        // The zone has the offset of each date. Where the server does not know it, that of the last one counts.
        let zone = dom::time_zone();
        if !zone.is_empty() {
            add("&tz=", &zone);
        }
        let end = chart.view.map_or(chart.curves.extent.1, |view| view.to);
        add("&offset=", &(canvas::zone().offset(end as i64) / 60).to_string());
    }
    query
}
