//! What the pointer, a finger or a key is at in a drawing of numbers: its values in the same list as those of line charts, and an outline.
//!
//! The drawing is a picture by the server, which also says what stands where in it. That is asked for when somebody points at the drawing,
//! and again when it changes meanwhile; drawings that nobody points at cost nothing.

use std::cell::RefCell;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, FocusEvent, HtmlImageElement, PointerEvent};

use crate::app::charts::{self, TooltipContent, TooltipHandle, TooltipRow};
use crate::app::focus;
use crate::browser::{dom, fetch};
use crate::charts::{number, palette};
use crate::protocol::CellId;
use crate::protocol::spots::{self, Colour, Field, Spots};

/// A spot further away is not meant, in pixels.
const REACH: f64 = 24.0;
/// What is smaller is shown by a ring, in pixels.
const SMALL: f64 = 4.0;

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
    tooltip: TooltipHandle,
    picture: HtmlImageElement,
    /// Where its spots are; with each version of the value another one.
    address: String,
    /// Those of this or of the version before, once they have come.
    spots: Option<Spots>,
    at: At,
    outline: Option<Element>,
}

thread_local! {
    static AIM: RefCell<Option<Aim>> = const { RefCell::new(None) };
}

/// Listens. Once, when the page wakes.
pub fn listen(tooltip: TooltipHandle) {
    let page = document();
    for name in ["pointermove", "pointerdown", "pointerout", "pointercancel"] {
        dom::listen(&page, name, move |event: PointerEvent| {
            let kind = event.type_();
            // A finger that is lifted leaves the values where they can be read.
            let leaves = kind == "pointercancel" || (kind == "pointerout" && event.pointer_type() != "touch");
            match dom::around(&event, ".picture img").filter(|_| !leaves).and_then(|picture| picture.dyn_into().ok()) {
                Some(picture) => {
                    let on = (f64::from(event.offset_x()), f64::from(event.offset_y()));
                    aim(tooltip, picture, At::Pointer(on, (event.client_x().into(), event.client_y().into())));
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
            Some(picture) => aim(tooltip, picture, At::Nowhere),
            None => rest(),
        }
    });
}

fn picture_in(cell: &Element) -> Option<HtmlImageElement> {
    cell.query_selector(".picture img").ok()??.dyn_into().ok()
}

/// Where the spots of a picture are; `None` when it is no drawing.
fn spots_of(address: &str) -> Option<String> {
    let (path, asked) = address.split_once('?').filter(|(path, _)| path.starts_with("values/"))?;
    Some([path.strip_suffix(".svg")?, ".spots?", asked].concat())
}

fn aim(tooltip: TooltipHandle, picture: HtmlImageElement, at: At) {
    // What a canvas over it shows is newer than its own picture.
    let address = picture.get_attribute("data-at").or_else(|| picture.get_attribute("src"));
    let Some(address) = spots_of(&address.unwrap_or_default()) else { return rest() };
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
            aim.insert(Aim { tooltip, picture, address: String::new(), spots: None, at, outline: None }).ask(address);
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
    let Some(address) = spots_of(address) else { return };
    AIM.with_borrow_mut(|aim| match aim {
        Some(aim) if !matches!(aim.at, At::Nowhere) && focus::owner(&aim.picture).as_ref() == Some(id) => aim.ask(address),
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
        let Some(last) = aim.spots.as_ref().and_then(|spots| spots.x[0].len().checked_sub(1)) else { return true };
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
        (self.address, self.spots) = (address.clone(), None);
        spawn_local(async move {
            let bytes = fetch::bytes(&address).await;
            let read = bytes.and_then(|bytes| spots::read(&bytes).ok());
            AIM.with_borrow_mut(|aim| {
                // Meanwhile something else may be pointed at, or the drawing may have changed once more.
                if let Some(aim) = aim.as_mut().filter(|aim| aim.address == address) {
                    let Some(read) = read else {
                        // To be asked again.
                        aim.address = String::new();
                        return aim.hide();
                    };
                    let label = [&aim.picture.alt(), ": ", &read.about].concat();
                    dom::mark(&aim.picture, "aria-label", &label);
                    aim.spots = Some(read);
                    aim.show();
                }
            });
        });
    }

    fn show(&mut self) {
        let Some(spots) = &self.spots else { return };
        let width = f64::from(self.picture.client_width());
        let spot = match self.at {
            At::Nowhere => None,
            At::Pointer(on, _) => spots.nearest(on, width, REACH),
            At::Key(at) => Some(at).filter(|at| *at < spots.x[0].len()),
        };
        let Some(spot) = spot else { return self.hide() };
        let [left, right, top, bottom] = spots.place(spot, width);
        let is_dark = charts::is_dark();
        let mut rows = Vec::new();
        for (at, field) in spots.fields.iter().enumerate() {
            let Some(text) = said(field, spot) else { continue };
            let slot = match field.colour {
                Colour::None => None,
                Colour::Slot(slot) => Some(usize::from(slot)),
                Colour::Text => Some(field.numbers[spot] as usize),
            };
            let color = slot.map(|slot| palette::colour(slot, is_dark));
            if at == 0 || field.name.is_empty() {
                let joint = if field.name.is_empty() { "" } else { " " };
                rows.push(TooltipRow { color, ..TooltipRow::text("", [field.name.as_str(), joint, &text].concat()) });
            } else {
                rows.push(TooltipRow { class: "", color, name: field.name.clone(), value: text });
            }
        }
        let place = match self.at {
            At::Pointer(_, at) => at,
            _ => {
                let room = self.picture.get_bounding_client_rect();
                (room.left() + (left + right) / 2.0, room.top() + (top + bottom) / 2.0)
            }
        };
        self.tooltip.show(TooltipContent { rows, place, is_announced: matches!(self.at, At::Key(_)) });
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
            self.tooltip.hide();
        }
    }
}

/// What a field says of a spot, if it does.
fn said(field: &Field, spot: usize) -> Option<String> {
    let value = *field.numbers.get(spot)?;
    if !field.texts.is_empty() {
        return field.texts.get(value as usize).filter(|text| !text.is_empty()).cloned();
    }
    Some([number(value).as_str(), if field.unit.is_empty() { "" } else { " " }, &field.unit].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_drawings_have_spots() {
        assert_eq!(spots_of("values/a-1.svg?height=140&v=4").as_deref(), Some("values/a-1.spots?height=140&v=4"));
        assert_eq!((spots_of("images/a.svg?v=4"), spots_of("media/a/4"), spots_of("")), (None, None, None));
    }

    #[test]
    fn a_field_says_a_text_a_number_or_nothing() {
        let texts = Field { texts: vec!["".into(), "b".into()], numbers: vec![0.0, 1.0, 2.0], ..Field::default() };
        assert_eq!([0, 1, 2, 3].map(|spot| said(&texts, spot)), [None, Some("b".into()), None, None]);
        let values = Field { unit: "%".into(), numbers: vec![0.5, f64::NAN], ..Field::default() };
        assert_eq!([0, 1].map(|spot| said(&values, spot).unwrap()), ["0.5 %", "NaN %"]);
    }
}
