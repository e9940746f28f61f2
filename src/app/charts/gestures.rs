//! Mouse, pen and fingers on a chart: the wheel zooms, dragging selects a range, with Shift it pans, a double click shows everything.

use std::cell::RefCell;

use js_sys::Date;
use leptos::prelude::*;
use web_sys::{Event, MouseEvent, PointerEvent, WheelEvent};

use super::line_chart::Chart;
use super::registry::{Charts, with};
use super::tooltip;
use super::viewport::View;
use crate::app::focus;
use crate::browser::dom;
use crate::protocol::CellId;

/// A shorter way is a click.
const CLICK: f64 = 4.0;
/// Zoom of one notch of a wheel (100 pixels).
const NOTCH: f64 = 0.2;
/// The wheel goes on with what it began with, the page or a chart, until it has rested for so long.
const REST_MS: f64 = 300.0;

struct Finger {
    pointer: i32,
    x: f64,
}

#[derive(Default)]
struct Hand {
    chart: Option<CellId>,
    fingers: Vec<Finger>,
    /// Where dragging began, in pixels of the canvas; and the window it began with.
    from: f64,
    seen: Option<View>,
    pans: bool,
    /// One finger has come, and no other.
    taps: bool,
    /// When the page was scrolled or the wheel was turned last, in milliseconds since 1970; and the chart that it turns, if it is not the page.
    turned_at: f64,
    turns: Option<CellId>,
}

thread_local! {
    static HAND: RefCell<Hand> = RefCell::new(Hand::default());
}

pub fn listen() {
    let page = document();
    for name in ["pointerdown", "pointermove", "pointerup", "pointercancel", "pointerout"] {
        dom::listen(&page, name, |event: PointerEvent| HAND.with(|hand| moved(&mut hand.borrow_mut(), &event)));
    }
    dom::listen(&page, "dblclick", |event: MouseEvent| {
        if let Some(id) = over(&event) {
            with(|charts| charts.see(&id, None));
        }
    });
    dom::listen(&page, "scroll", |_: Event| {
        HAND.with(|hand| {
            let mut hand = hand.borrow_mut();
            (hand.turned_at, hand.turns) = (Date::now(), None);
        });
        with(tooltip::hide);
    });
    dom::listen(&page, "focusin", |event: Event| {
        let cell = dom::around(&event, "article").and_then(|cell| focus::owner(&cell));
        with(|charts| {
            if charts.pointed.as_ref().is_some_and(|pointed| Some(&pointed.chart) != cell.as_ref()) {
                tooltip::hide(charts);
            }
        });
    });
    // Browsers let handlers of the whole document hold no wheel back, those of an element they do.
    if let Some(board) = dom::by_id("board") {
        dom::listen(&board, "wheel", |event: WheelEvent| HAND.with(|hand| wheel(&mut hand.borrow_mut(), &event)));
    }
}

/// The chart whose canvas an event is on.
fn over(event: &Event) -> Option<CellId> {
    focus::owner(&dom::around(event, ".plot canvas")?)
}

fn wheel(hand: &mut Hand, event: &WheelEvent) {
    let id = over(event).filter(|_| !event.ctrl_key());
    let lines = if event.delta_mode() == WheelEvent::DOM_DELTA_PIXEL { 100.0 } else { 3.0 };
    let (by, across) = (event.delta_y() / lines, event.delta_x() / lines);
    let now = Date::now();
    let begins = now - hand.turned_at > REST_MS;
    hand.turned_at = now;
    with(|charts| {
        let chart = id.and_then(|id| charts.chart(&id));
        if begins {
            // Of a chart that shows all there is nothing more to see by going out or aside: that moves the page.
            let takes = |chart: &Chart| chart.view.is_some() || (by < 0.0 && across.abs() <= by.abs());
            hand.turns = chart.as_ref().filter(|chart| takes(chart)).map(|chart| chart.id.clone());
        }
        let Some(chart) = chart.filter(|chart| hand.turns.as_ref() == Some(&chart.id)) else { return };
        event.prevent_default();
        let (Some(seen), Some(frame)) = (chart.seen(), &chart.frame) else { return };
        let extent = chart.curves.extent;
        let view = if across.abs() > by.abs() {
            chart.view.map(|view| view.pan(across * NOTCH, extent))
        } else {
            let x = frame.x_at(f64::from(event.offset_x()));
            seen.zoom(x, (by * NOTCH).exp(), chart.curves.least(x), extent)
        };
        let id = chart.id.clone();
        charts.see(&id, view);
    });
}

fn moved(hand: &mut Hand, event: &PointerEvent) {
    let kind = event.type_();
    // The middle of the pixel that the event names.
    let on = (f64::from(event.offset_x()) + 0.5, f64::from(event.offset_y()) + 0.5);
    let at = (f64::from(event.client_x()), f64::from(event.client_y()));
    let is_touch = event.pointer_type() == "touch";
    with(|charts| match (kind.as_str(), hand.chart.clone()) {
        ("pointerdown", _) => {
            let id = over(event).filter(|_| event.button() == 0);
            if is_touch || id.is_none() {
                tooltip::hide(charts);
            }
            let Some(id) = id else { return };
            if hand.chart.as_ref().is_some_and(|chart| *chart != id) {
                return;
            }
            let Some(chart) = charts.chart(&id) else { return };
            // The drag goes on when the pointer leaves the canvas.
            let _ = chart.parts.as_ref().map(|parts| parts.canvas.set_pointer_capture(event.pointer_id()));
            hand.seen = chart.seen();
            hand.pans = event.shift_key() || is_touch;
            hand.taps = is_touch && hand.fingers.is_empty();
            hand.from = on.0;
            hand.chart = Some(id);
            hand.fingers.push(Finger { pointer: event.pointer_id(), x: on.0 });
        }
        ("pointermove", Some(id)) => drag(hand, charts, &id, event.pointer_id(), on, at),
        ("pointermove", None) => match over(event) {
            Some(id) => tooltip::show(charts, &id, on, at, false),
            None if charts.pointed.is_some() => tooltip::hide(charts),
            None => {}
        },
        ("pointerup" | "pointercancel", Some(id)) => {
            hand.fingers.retain(|finger| finger.pointer != event.pointer_id());
            hand.chart = None;
            let fingers = std::mem::take(&mut hand.fingers);
            let Some(chart) = charts.chart(&id) else { return };
            let _ = chart.parts.as_ref().map(|parts| parts.band.set_hidden(true));
            if let Some(left) = fingers.into_iter().next() {
                // One of two fingers is left, which goes on from here.
                (hand.from, hand.seen, hand.chart) = (left.x, chart.seen(), Some(id.clone()));
                hand.fingers.push(left);
            } else if kind == "pointerup" && !hand.pans && (on.0 - hand.from).abs() > CLICK {
                let range = chart.frame.as_ref().map(|frame| {
                    let inside = |at: f64| frame.x_at(at.max(frame.left).min(frame.left + frame.width));
                    (inside(hand.from.min(on.0)), inside(hand.from.max(on.0)))
                });
                let wide = |(from, to): (f64, f64)| {
                    let middle = from / 2.0 + to / 2.0;
                    let half = (to / 2.0 - from / 2.0).max(chart.curves.least(middle) / 2.0);
                    View::new(middle - half, middle + half)
                };
                if let Some(view) = range.and_then(wide) {
                    charts.see(&id, Some(view));
                }
            }
            // A tap reads, and what it reads stays.
            if hand.taps && kind == "pointerup" && (on.0 - hand.from).abs() <= CLICK {
                tooltip::show(charts, &id, on, at, true);
            } else if is_touch {
                tooltip::hide(charts);
            }
        }
        ("pointerout", None) if !is_touch && over(event).is_some() => tooltip::hide(charts),
        _ => {}
    });
}

fn drag(hand: &mut Hand, charts: &mut Charts, id: &CellId, pointer: i32, on: (f64, f64), at: (f64, f64)) {
    let spread = |fingers: &[Finger]| match fingers {
        [one, other, ..] => Some(((one.x + other.x) / 2.0, (one.x - other.x).abs().max(20.0))),
        _ => None,
    };
    let before = spread(&hand.fingers);
    if let Some(finger) = hand.fingers.iter_mut().find(|finger| finger.pointer == pointer) {
        finger.x = on.0;
    }
    let after = spread(&hand.fingers);
    let Some(chart) = charts.chart(id) else { return };
    let (Some(frame), extent) = (&chart.frame, chart.curves.extent) else { return };
    if let (Some((middle, before)), Some((_, after)), Some(seen)) = (before, after, chart.seen()) {
        let x = frame.x_at(middle);
        let view = seen.zoom(x, before / after, chart.curves.least(x), extent);
        return charts.see(id, view);
    }
    if !hand.pans {
        let inside = |at: f64| at.max(frame.left).min(frame.left + frame.width) as i32;
        let (left, right) = (inside(hand.from.min(on.0)), inside(hand.from.max(on.0)));
        let below = dom::number_text(frame.below());
        let style = ["left:", &left.to_string(), "px;width:", &(right - left).to_string(), "px;bottom:", &below, "px"].concat();
        if let Some(parts) = &chart.parts {
            dom::mark(&parts.band, "style", &style);
            parts.band.set_hidden(f64::from(right - left) <= CLICK);
        }
        return tooltip::hide(charts);
    }
    // All is seen already: there is nowhere to go, and a finger reads values.
    match hand.seen.filter(|_| chart.view.is_some()) {
        Some(seen) => {
            let view = seen.pan((hand.from - on.0) / frame.width, extent);
            charts.see(id, Some(view));
            if let Some(pointed) = &mut charts.pointed {
                (pointed.on, pointed.at) = (on, at);
            }
        }
        None => tooltip::show(charts, id, on, at, false),
    }
}
