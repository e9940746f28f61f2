//! What the pointer, a finger or a key is at in a chart of a value: its numbers in the same list as those of line charts, and an outline.
//!
//! The hit areas come from the layout that the chart is drawn with. Where the page has drawn the chart itself, no request is needed; the
//! value of a chart that is still the server's picture is fetched when it is first pointed at.

use std::cell::RefCell;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, FocusEvent, HtmlImageElement, PointerEvent};

use crate::app::charts::{self, ChartRegistry, TooltipContent, TooltipRow};
use crate::app::focus;
use crate::browser::dom;
use crate::charts::hit_areas::{FieldColour, HitAreas, ReadoutField};
use crate::charts::{number, palette};
use crate::protocol::CellId;

/// A spot further away is not meant, in pixels.
const REACH: f64 = 24.0;
/// What is smaller is shown by a ring, in pixels.
const SMALL: f64 = 4.0;
/// Of a label in the list.
const MAX_CHARACTERS: usize = 200;

/// What is pointed at.
#[derive(Clone, Copy, PartialEq)]
enum At {
    /// Nothing: the drawing's cell has the focus.
    Nowhere,
    /// Pixels of the drawing, and of the window.
    Pointer((f64, f64), (f64, f64)),
    /// A spot that keys went to.
    Key(usize),
}

/// The one drawing that is pointed at.
struct Aim {
    charts: ChartRegistry,
    picture: HtmlImageElement,
    /// Of its picture; with each version of the value another one.
    address: String,
    /// Once the value is there.
    areas: Option<HitAreas>,
    at: At,
    outline: Option<Element>,
}

thread_local! {
    static AIM: RefCell<Option<Aim>> = const { RefCell::new(None) };
}

/// Listens. Once, when the page wakes.
pub fn listen(registry: ChartRegistry) {
    let page = document();
    for name in ["pointermove", "pointerdown", "pointerout", "pointercancel"] {
        dom::listen(&page, name, move |event: PointerEvent| {
            let kind = event.type_();
            // A finger that is lifted leaves the values where they can be read.
            let leaves = kind == "pointercancel" || (kind == "pointerout" && event.pointer_type() != "touch");
            match dom::around(&event, ".picture img").filter(|_| !leaves).and_then(|picture| picture.dyn_into().ok()) {
                Some(picture) => {
                    let on = (f64::from(event.offset_x()), f64::from(event.offset_y()));
                    aim(registry, picture, At::Pointer(on, (event.client_x().into(), event.client_y().into())));
                }
                None => rest(),
            }
        });
    }
    dom::listen(&page, "scroll", |_: Event| rest());
    dom::listen(&page, "focusin", move |event: FocusEvent| {
        let picture = dom::around(&event, "article").and_then(|cell| picture_in(&cell));
        // A press on a drawing brings the focus to its cell, too.
        if AIM.with_borrow(|aim| aim.as_ref().is_some_and(|aim| Some(&aim.picture) == picture.as_ref())) {
            return;
        }
        match picture {
            Some(picture) => aim(registry, picture, At::Nowhere),
            None => rest(),
        }
    });
}

fn picture_in(cell: &Element) -> Option<HtmlImageElement> {
    cell.query_selector(".picture img").ok()??.dyn_into().ok()
}

fn aim(registry: ChartRegistry, picture: HtmlImageElement, at: At) {
    // What a canvas over it shows is newer than its own picture.
    let address = picture.get_attribute("data-at").or_else(|| picture.get_attribute("src"));
    let Some(address) = address.filter(|address| charts::source(address).is_some()) else { return rest() };
    AIM.with_borrow_mut(|aim| match aim {
        Some(aim) if aim.picture == picture => {
            aim.at = at;
            aim.ask(address);
            aim.show();
        }
        _ => {
            if let Some(before) = aim {
                before.hide();
            }
            aim.insert(Aim { charts: registry, picture, address: String::new(), areas: None, at, outline: None }).ask(address);
        }
    });
}

/// Nothing is pointed at any more.
fn rest() {
    AIM.with_borrow_mut(|aim| {
        if let Some(aim) = aim {
            aim.at = At::Nowhere;
            aim.hide();
        }
    });
}

/// A drawing has changed: its picture is found under this address now.
pub fn renew(id: &CellId, address: &str) {
    if charts::source(address).is_none() {
        return;
    }
    AIM.with_borrow_mut(|aim| match aim {
        Some(aim) if !matches!(aim.at, At::Nowhere) && focus::owner(&aim.picture).as_ref() == Some(id) => aim.ask(address.to_owned()),
        _ => {
            // What it was described as is no longer true.
            if let Some(picture) = focus::element(id).and_then(|cell| picture_in(&cell)) {
                let _ = picture.remove_attribute("aria-label");
            }
        }
    });
}

/// Goes to the next spot of a cell's drawing, or to the one before. False when the cell has no drawing.
pub fn step(id: &CellId, forward: bool) -> bool {
    AIM.with_borrow_mut(|aim| {
        let Some(aim) = aim.as_mut().filter(|aim| focus::owner(&aim.picture).as_ref() == Some(id)) else { return false };
        let Some(last) = aim.areas.as_ref().and_then(|areas| areas.len().checked_sub(1)) else { return true };
        aim.at = At::Key(match (aim.at, forward) {
            (At::Key(at), true) => (at + 1).min(last),
            (At::Key(at), false) => at.saturating_sub(1),
            (_, true) => 0,
            (_, false) => last,
        });
        aim.show();
        true
    })
}

impl Aim {
    fn ask(&mut self, address: String) {
        if self.address == address {
            return;
        }
        // The old ones are not true of the new drawing.
        (self.address, self.areas) = (address.clone(), None);
        let (registry, picture) = (self.charts, self.picture.clone());
        spawn_local(async move {
            let cell_type = picture.get_attribute("data-type").unwrap_or_default();
            let chart = registry.chart_of(&picture, &cell_type, &address).await;
            let areas = chart.map(|(chart, canvas)| chart.hit_areas(&canvas));
            AIM.with_borrow_mut(|aim| {
                // Meanwhile something else may be pointed at, or the drawing may have changed once more.
                if let Some(aim) = aim.as_mut().filter(|aim| aim.address == address) {
                    let Some(areas) = areas else {
                        // To be asked again.
                        aim.address = String::new();
                        return aim.hide();
                    };
                    let label = [&aim.picture.alt(), ": ", &areas.summary].concat();
                    dom::mark(&aim.picture, "aria-label", &label);
                    aim.areas = Some(areas);
                    aim.show();
                }
            });
        });
    }

    fn show(&mut self) {
        let Some(areas) = &self.areas else { return };
        let width = f64::from(self.picture.client_width());
        let spot = match self.at {
            At::Nowhere => None,
            At::Pointer(on, _) => areas.nearest(on, width, REACH),
            At::Key(at) => Some(at).filter(|at| *at < areas.len()),
        };
        let Some(spot) = spot else { return self.hide() };
        let [left, right, top, bottom] = areas.place(spot, width);
        let is_dark = charts::is_dark();
        let mut rows = Vec::new();
        for (at, field) in areas.fields.iter().enumerate() {
            let Some(text) = said(field, spot) else { continue };
            let slot = match field.colour {
                FieldColour::None => None,
                FieldColour::Slot(slot) => Some(usize::from(slot)),
                FieldColour::Text => Some(field.numbers[spot] as usize),
            };
            let color = slot.map(|slot| palette::colour(slot, is_dark));
            if at == 0 || field.name.is_empty() {
                let joint = if field.name.is_empty() { "" } else { " " };
                rows.push(TooltipRow { color, ..TooltipRow::text("", [shortened(&field.name).as_str(), joint, &text].concat()) });
            } else {
                rows.push(TooltipRow { class: "", color, name: shortened(&field.name), value: text });
            }
        }
        let place = match self.at {
            At::Pointer(_, at) => at,
            _ => {
                let room = self.picture.get_bounding_client_rect();
                (room.left() + (left + right) / 2.0, room.top() + (top + bottom) / 2.0)
            }
        };
        self.charts.tooltip.show(TooltipContent { rows, place, is_announced: matches!(self.at, At::Key(_)) });
        if self.outline.is_none() {
            self.outline = self.picture.parent_element().and_then(|parent| dom::append(&parent, "i", "", ""));
        }
        let Some(outline) = &self.outline else { return };
        let is_small = right - left < SMALL && bottom - top < SMALL;
        outline.set_class_name(if is_small { "spot ring" } else { "spot" });
        let part = |name: &str, pixels: f64| [name, &dom::number_text(pixels), "px"].concat();
        let style = [part("left:", left), part(";top:", top), part(";width:", right - left), part(";height:", bottom - top)].concat();
        dom::mark(outline, "style", &style);
    }

    fn hide(&mut self) {
        // The list may be that of a line chart by now.
        if let Some(outline) = self.outline.take() {
            outline.remove();
            self.charts.tooltip.hide();
        }
    }
}

/// Labels are the client's, and may be of any length.
fn shortened(text: &str) -> String {
    text.chars().take(MAX_CHARACTERS).collect()
}

/// What a field says of a spot, if it does.
fn said(field: &ReadoutField, spot: usize) -> Option<String> {
    let value = *field.numbers.get(spot)?;
    if !field.texts.is_empty() {
        return field.texts.get(value as usize).filter(|text| !text.is_empty()).map(|text| shortened(text));
    }
    Some([number(value).as_str(), if field.unit.is_empty() { "" } else { " " }, &field.unit].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_says_a_text_a_number_or_nothing() {
        let texts = ReadoutField { texts: vec!["".into(), "b".into()], numbers: vec![0.0, 1.0, 2.0], ..ReadoutField::default() };
        assert_eq!([0, 1, 2, 3].map(|spot| said(&texts, spot)), [None, Some("b".into()), None, None]);
        let values = ReadoutField { unit: "%".into(), numbers: vec![0.5, f64::NAN], ..ReadoutField::default() };
        assert_eq!([0, 1].map(|spot| said(&values, spot).unwrap()), ["0.5 %", "NaN %"]);
    }
}
