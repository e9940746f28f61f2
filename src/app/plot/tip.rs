//! What the pointer is at: the crosshair on every chart of the same axis, and one list of values, highest first, the nearest in bold.

use leptos::prelude::*;
use web_sys::HtmlElement;

use super::chart::Chart;
use super::charts::Charts;
use super::legend::hex;
use super::paint;
use crate::chart::{nearest, number, palette};
use crate::client::browser;
use crate::protocol::{Along, CellId};
use crate::series::Column;

/// The element, which the page's view holds.
pub const ID: &str = "tip";
/// Between the pointer and the list.
const BESIDE: f64 = 14.0;

/// The pointer is over this chart, at these pixels of its canvas and of the window.
pub fn show(charts: &mut Charts, id: &CellId, on: (f64, f64), at: (f64, f64)) {
    let is_dark = paint::is_dark();
    let Some(chart) = charts.chart(id) else { return };
    let axis = chart.axis();
    let x = chart.frame.as_ref().filter(|frame| on.0 >= frame.left && on.0 <= frame.left + frame.width).map(|frame| frame.x_at(on.0));
    let (Some(x), Some(list)) = (x, browser::by_id(ID)) else { return hide(charts) };
    let rows = rows(chart, x, on.1);
    list.set_text_content(None);
    if let Some(row) = rows.first() {
        browser::append(&list, "p", "", &place(chart, row.x));
    }
    for row in &rows {
        let Some(line) = browser::append(&list, "p", if row.is_nearest { "nearest" } else { "" }, "") else { continue };
        if let Some(swatch) = browser::append(&line, "i", "", "") {
            browser::mark(&swatch, "style", &["background:", &hex(palette::colour(row.slot, is_dark))].concat());
        }
        browser::append(&line, "span", "", &row.name);
        browser::append(&line, "b", "", &row.text);
    }
    list.set_hidden(rows.is_empty());
    stand_beside(&list, at);
    set(charts, Some((axis, x)));
}

pub fn hide(charts: &mut Charts) {
    if let Some(list) = browser::by_id(ID) {
        list.set_hidden(true);
    }
    set(charts, None);
}

/// Moving the crosshair draws nothing anew: it is an element of its own on each chart.
fn set(charts: &mut Charts, cross: Option<(crate::series::Axis, f64)>) {
    if charts.cross != cross {
        charts.cross = cross;
        charts.list.iter().filter(|chart| chart.is_seen).for_each(|chart| chart.cross(cross));
    }
}

struct Row {
    slot: usize,
    name: String,
    x: f64,
    value: f64,
    text: String,
    is_nearest: bool,
}

fn rows(chart: &Chart, x: f64, y: f64) -> Vec<Row> {
    let Some(frame) = &chart.frame else { return Vec::new() };
    let mut rows: Vec<Row> = Vec::new();
    for (slot, curve) in chart.curves.list.iter().enumerate().filter(|(_, curve)| !chart.is_hidden(&curve.name)) {
        let columns = &curve.columns.list;
        let Some(column) = nearest(columns, x).and_then(|at| columns.get(at)) else { continue };
        let value = if column.count == 1 { column.last } else { column.mean() };
        rows.push(Row {
            slot,
            name: curve.name.clone(),
            x: column.x_last,
            value,
            text: said(column, value, &chart.settings.unit),
            is_nearest: false,
        });
    }
    // Few rows: the simplest sort is the smallest. What is no number comes last.
    for end in 1..rows.len() {
        let mut at = end;
        while at > 0 && (rows[at].value > rows[at - 1].value || rows[at - 1].value.is_nan()) && !rows[at].value.is_nan() {
            rows.swap(at, at - 1);
            at -= 1;
        }
    }
    let mut least = f64::INFINITY;
    let mut nearest = None;
    for (at, row) in rows.iter().enumerate() {
        let far = (frame.py(row.value) - y).abs();
        if far < least {
            (least, nearest) = (far, Some(at));
        }
    }
    if let Some(at) = nearest {
        rows[at].is_nearest = true;
    }
    rows
}

/// A point's value; a column's mean and what it spans.
fn said(column: &Column, value: f64, unit: &str) -> String {
    let mut text = [number(value).as_str(), if unit.is_empty() { "" } else { " " }, unit].concat();
    if column.count > 1 {
        text = [&text, " (", &number(column.min), " to ", &number(column.max), ")"].concat();
        for (count, name) in [(column.nan, " NaN"), (column.pos_inf, " ∞"), (column.neg_inf, " −∞")] {
            if count > 0 {
                text = [&text, ", ", &count.to_string(), name].concat();
            }
        }
    }
    text
}

/// Where the values stand.
fn place(chart: &Chart, x: f64) -> String {
    match chart.settings.x {
        Along::Step => ["step ", &number(x)].concat(),
        Along::Relative => ["after ", &number(x - chart.curves.extent.0), " s"].concat(),
        Along::Wall => paint::moment(x),
    }
}

/// Right of the pointer, or left of it where there is no room.
pub fn stand_beside(list: &HtmlElement, (x, y): (f64, f64)) {
    let page = document().document_element();
    let (wide, high) = page.map_or((0.0, 0.0), |page| (f64::from(page.client_width()), f64::from(page.client_height())));
    let (width, height) = (f64::from(list.offset_width()), f64::from(list.offset_height()));
    let left = if x + BESIDE + width < wide { x + BESIDE } else { (x - BESIDE - width).max(0.0) };
    let top = (y + BESIDE).min(high - height - 4.0).max(0.0);
    let style = ["left:", &(left as i32).to_string(), "px;top:", &(top as i32).to_string(), "px"].concat();
    browser::mark(list, "style", &style);
}
