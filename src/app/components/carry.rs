//! Carries a cell to another place: with the mouse by its title bar, by touch after a long press on it. A card follows the pointer and says
//! where the cell would land, a mark lies there; nothing moves before release, Esc cancels.

use std::time::Duration;

use leptos::ev;
use leptos::leptos_dom::helpers::{set_interval_with_handle, set_timeout_with_handle};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, PointerEvent};

use crate::app::signals::SetIfChanged;
use crate::app::state::{Carry, CarryTarget, CellPlace, Dashboard, Landing, Press, Rect, ToastKind, landing_among, rect_of};
use crate::protocol::CellId;

/// A pointer that moves less, in CSS pixels, is a click.
const MIN_DISTANCE: f64 = 5.0;
/// A finger that moves more scrolls the page.
const MAX_TREMBLE: f64 = 8.0;
const LONG_PRESS: Duration = Duration::from_millis(400);
/// Within this distance of the window's edge, in CSS pixels, the page scrolls.
const SCROLL_EDGE: f64 = 70.0;
const SCROLL_TICK: Duration = Duration::from_millis(16);
const CARD_WIDTH: f64 = 300.0;
const CARD_HEIGHT: f64 = 76.0;

/// Handles `pointerdown` of the title bar of a cell.
pub fn press(dashboard: Dashboard, id: CellId, title: String, event: &PointerEvent) {
    let Some(bar) = event.current_target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let is_on_button = event.target().and_then(|target| target.dyn_into::<Element>().ok()).is_some_and(|target| is_control(&target));
    if event.button() != 0 || is_on_button || dashboard.fullscreen.with_untracked(Option::is_some) {
        return;
    }
    cancel(dashboard);
    let is_touch = event.pointer_type() == "touch";
    let at = (f64::from(event.client_x()), f64::from(event.client_y()));
    let listeners = vec![
        window_event_listener(ev::pointermove, move |event| moved(dashboard, &event)),
        window_event_listener(ev::pointerup, move |event| released(dashboard, &event)),
        window_event_listener(ev::pointercancel, move |_| cancel(dashboard)),
        window_event_listener(ev::contextmenu, move |event| {
            if is_carrying(dashboard) {
                event.prevent_default();
            }
        }),
    ];
    let timer = if is_touch { set_timeout_with_handle(move || begin(dashboard), LONG_PRESS).ok() } else { None };
    let press = Press { id, title, bar, pointer: event.pointer_id(), from: at, at, is_touch, listeners, timer, scroll: None };
    dashboard.arrangement.press.set_value(Some(press));
}

fn is_control(target: &Element) -> bool {
    matches!(target.tag_name().as_str(), "BUTTON" | "INPUT")
}

pub fn is_carrying(dashboard: Dashboard) -> bool {
    dashboard.arrangement.carry.with_untracked(Option::is_some)
}

fn moved(dashboard: Dashboard, event: &PointerEvent) {
    let at = (f64::from(event.client_x()), f64::from(event.client_y()));
    let press = dashboard.arrangement.press.try_update_value(|press| {
        let press = press.as_mut().filter(|press| press.pointer == event.pointer_id())?;
        press.at = at;
        Some((press.is_touch, (at.0 - press.from.0).hypot(at.1 - press.from.1)))
    });
    let Some((is_touch, distance)) = press.flatten() else { return };
    match (is_carrying(dashboard), is_touch) {
        (true, _) => follow(dashboard),
        (false, false) if distance > MIN_DISTANCE => begin(dashboard),
        (false, true) if distance > MAX_TREMBLE => cancel(dashboard),
        (false, _) => {}
    }
}

fn begin(dashboard: Dashboard) {
    let arrangement = dashboard.arrangement;
    // The cells of a section do not stand together then. Within its bar a reader selects the name.
    if untrack(|| dashboard.is_one_flow()) {
        let has_left = |press: &Press| rect_of(&press.bar).distance(press.at) > 0.0;
        if arrangement.press.with_value(|press| press.as_ref().is_some_and(has_left)) {
            cancel(dashboard);
            dashboard.notify(ToastKind::Error("Clear the filter to drag cells.".to_owned()));
        }
        return;
    }
    let begun = arrangement.press.try_update_value(|press| {
        let press = press.as_mut()?;
        let _ = press.bar.set_pointer_capture(press.pointer);
        press.scroll = set_interval_with_handle(move || scroll(dashboard), SCROLL_TICK).ok();
        Some((press.id.clone(), press.title.clone()))
    });
    let Some((id, title)) = begun.flatten() else { return };
    if let Some(selection) = window().get_selection().ok().flatten() {
        let _ = selection.remove_all_ranges();
    }
    let Some(origin) = dashboard.measure_cell(&id).map(|measured| measured.cell) else { return };
    arrangement.carry.set(Some(Carry { id, title, card: Rect::default(), origin, target: None }));
    follow(dashboard);
}

/// Brings the card to the pointer, and finds where the cell would land.
fn follow(dashboard: Dashboard) {
    let arrangement = dashboard.arrangement;
    let Some((x, y)) = arrangement.press.with_value(|press| press.as_ref().map(|press| press.at)) else { return };
    let Some(mut carry) = arrangement.carry.get_untracked() else { return };
    if let Some(measured) = dashboard.measure_cell(&carry.id) {
        carry.origin = measured.cell;
    }
    let width = carry.origin.width.min(CARD_WIDTH);
    carry.card = Rect { left: x - width / 3.0, top: y - 17.0, width, height: CARD_HEIGHT };
    carry.target = target(dashboard, &carry.id, (x, y));
    arrangement.carry.set_if_changed(Some(carry));
}

/// Scrolls while the pointer is at the edge of the window.
fn scroll(dashboard: Dashboard) {
    let Some((_, y)) = dashboard.arrangement.press.with_value(|press| press.as_ref().map(|press| press.at)) else { return };
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or_default();
    let by = (y - height + SCROLL_EDGE).max(0.0) - (SCROLL_EDGE + 50.0 - y).max(0.0);
    if by.abs() >= 1.0 {
        window().scroll_by_with_x_and_y(0.0, by / 4.0);
        follow(dashboard);
    }
}

/// Where a cell lands that is dropped here; `None` where it is already.
fn target(dashboard: Dashboard, moved: &CellId, at: (f64, f64)) -> Option<CarryTarget> {
    let arrangement = dashboard.arrangement;
    arrangement.sections.with_untracked(|sections| {
        let elements = sections.iter().filter_map(|section| Some((section, arrangement.elements_of(&section.name)?)));
        let there = elements.map(|(section, elements)| (section, rect_of(&elements.section), rect_of(&elements.flow)));
        let distance = |rect: &Rect| rect.distance((rect.left, at.1));
        let nearest = there
            .filter(|(_, rect, _)| !rect.is_empty())
            .reduce(|best, next| if distance(&next.1) < distance(&best.1) { next } else { best });
        let (section, head, flow) = nearest?;
        let cells: Vec<CellPlace> = section
            .cells
            .iter()
            .filter_map(|id| Some(CellPlace { id: id.clone(), rect: rect_of(&dashboard.elements_of(id)?.article) }))
            .filter(|cell| !cell.rect.is_empty())
            .collect();
        // A folded section takes it at its end.
        let at_end = || (None, Rect { top: head.top + head.height - 3.0, height: 5.0, ..head });
        let (before, mark) = landing_among(&cells, moved, &flow, at).unwrap_or_else(at_end);
        let landing = Landing { section: section.name.clone(), before };
        landing.place(sections, moved)?;
        let landing = untrack(|| dashboard.with_layout(|layout| landing.outside_of_block(layout, sections, moved)));
        let place = landing.place(sections, moved)?;
        Some(CarryTarget { landing, mark, place })
    })
}

fn released(dashboard: Dashboard, event: &PointerEvent) {
    let is_ours = dashboard.arrangement.press.with_value(|press| press.as_ref().is_some_and(|press| press.pointer == event.pointer_id()));
    if !is_ours {
        return;
    }
    let carry = dashboard.arrangement.carry.get_untracked();
    cancel(dashboard);
    if let Some(Carry { id, target: Some(target), .. }) = carry {
        dashboard.land(id, target.landing, true);
    }
}

/// Lets go of the cell, or of the title bar that is pressed, without moving it.
pub fn cancel(dashboard: Dashboard) {
    dashboard.arrangement.put_down();
}

/// The card that follows the pointer, the mark, and the frame where the cell was.
#[component]
pub fn CarriedCell(#[prop(into)] carry: Signal<Carry>) -> impl IntoView {
    let style = move |rect: fn(&Carry) -> Option<Rect>| move || carry.with(|carry| rect(carry).map(|rect| rect.style()));
    let has_target = move || carry.with(|carry| carry.target.is_some());
    let text = move || {
        carry.with(|carry| match &carry.target {
            Some(CarryTarget { landing, place: (place, of), .. }) => {
                let section = if landing.section.is_empty() { String::new() } else { ["to ", &landing.section, ", "].concat() };
                [&section, "place ", &place.to_string(), " of ", &of.to_string()].concat()
            }
            None => "stays here".to_owned(),
        })
    };
    view! {
        <div class="left-behind" style=style(|carry| Some(carry.origin)) aria-hidden="true"></div>
        <div class="landing-mark" hidden=move || !has_target() style=style(|carry| Some(carry.target.as_ref()?.mark)) aria-hidden="true"></div>
        <div class="carried" class:moves=has_target style=style(|carry| Some(carry.card)) aria-hidden="true">
            <b>{move || carry.with(|carry| carry.title.clone())}</b>
            <p>{text}</p>
        </div>
    }
}
