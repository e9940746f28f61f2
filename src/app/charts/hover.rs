//! The readout of charts that are drawn from one value: the values at the pointer, a finger or a
//! key in the page's tooltip, and an outline around the mark in the chart.
//!
//! The hit areas come from the layout that the chart is drawn with. A chart that the page has drawn
//! needs no request for them; the value of one that is still the server's picture is fetched when
//! the reader first points at it.

use std::collections::HashMap;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::{ev, html};
use web_sys::{HtmlImageElement, PointerEvent};

use super::canvas::is_dark;
use super::registry::ChartRegistry;
use super::tooltip::{TooltipContent, TooltipRow};
use super::value_charts::source;
use crate::app::in_browser::InBrowser;
use crate::app::signals::SetIfChanged;
use crate::browser::dom::number_text;
use crate::charts::hit_areas::{FieldColour, HitAreas, ReadoutField};
use crate::charts::{format_number, palette};
use crate::protocol::CellId;

/// A hit area is found from a pointer within this distance, in CSS pixels.
const HIT_RADIUS: f64 = 24.0;
/// A smaller area is outlined by a ring, in CSS pixels.
const MIN_OUTLINE: f64 = 4.0;
/// Of a label in the tooltip.
const MAX_LABEL_CHARS: usize = 200;

/// A handle to the readout of the page, which components get by [`use_chart_hover`]. At most one
/// chart is read at a time.
#[derive(Clone, Copy)]
pub struct ChartHover {
    charts: ChartRegistry,
    /// The charts of one value in the document, by their cells.
    targets: StoredValue<HashMap<CellId, HoverTarget>, LocalStorage>,
    active: StoredValue<Option<ActiveTarget>, LocalStorage>,
}

/// A chart that can be read. Its component owns the signals and shows them.
#[derive(Clone)]
pub struct HoverTarget {
    pub cell: CellId,
    /// Of the cell.
    pub name: ArcRwSignal<String>,
    pub cell_type: ArcRwSignal<String>,
    pub image: NodeRef<html::Img>,
    /// The URL of the picture that the chart looks like now. The canvas over a picture is newer
    /// than the picture.
    pub address: ArcRwSignal<String>,
    /// The chart in one sentence, for screen readers, once its hit areas are known.
    pub summary: ArcRwSignal<Option<String>>,
    pub outline: ArcRwSignal<Option<Outline>>,
}

/// The outline of a hit area, in CSS pixels of the chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outline {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

#[derive(Clone, Copy, PartialEq)]
enum HoverPosition {
    /// CSS pixels of the chart, and of the window.
    Pointer { chart: (f64, f64), window: (f64, f64) },
    /// The hit area that the keyboard has selected.
    Key(usize),
}

struct ActiveTarget {
    target: HoverTarget,
    /// The URL whose hit areas are loaded or loading; empty after a failure.
    address: String,
    areas: Option<HitAreas>,
    position: Option<HoverPosition>,
}

/// Gives the components below the current owner a [`ChartHover`].
pub fn provide_chart_hover(charts: ChartRegistry) {
    provide_context(ChartHover { charts, targets: StoredValue::new_local(HashMap::new()), active: StoredValue::new_local(None) });
}

/// The readout of the page. Panics outside of [`crate::app::App`].
pub fn use_chart_hover() -> ChartHover {
    expect_context()
}

impl ChartHover {
    /// Clears the readout on pointer events elsewhere and on scrolling, and follows the focus,
    /// while the current owner lives.
    pub fn use_listeners(self, focused_cell: impl Fn() -> Option<CellId> + 'static) {
        let handles = [
            window_event_listener(ev::pointermove, move |event| self.on_page_pointer(&event)),
            window_event_listener(ev::pointerdown, move |event| self.on_page_pointer(&event)),
            window_event_listener(ev::scroll, move |_| self.clear()),
            window_event_listener(ev::focusin, move |_| self.on_focus(focused_cell())),
        ];
        on_cleanup(move || handles.into_iter().for_each(|handle| handle.remove()));
    }

    /// Makes a chart readable while the current owner lives.
    pub fn register(self, target: HoverTarget) {
        let id = target.cell.clone();
        self.targets.update_value(|targets| {
            targets.insert(id.clone(), target);
        });
        on_cleanup(move || {
            if self.is_active(&id) {
                self.clear();
                self.active.try_set_value(None);
            }
            self.targets.try_update_value(|targets| targets.remove(&id));
        });
    }

    /// The pointer is over the image of a chart.
    pub fn on_pointer(self, target: &HoverTarget, event: &PointerEvent) {
        let chart = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        let window = (event.client_x().into(), event.client_y().into());
        self.activate(target, Some(HoverPosition::Pointer { chart, window }));
    }

    /// The pointer has left the image. A lifted finger leaves the values on the screen.
    pub fn on_pointer_out(self, event: &PointerEvent) {
        if event.pointer_type() != "touch" {
            self.clear();
        }
    }

    /// Hides the readout.
    pub fn clear(self) {
        self.update_active(|active| {
            active.position = None;
            active.hide(self.charts);
        });
    }

    /// The chart shows another value, or another size, under its new address.
    pub fn on_change(self, target: &HoverTarget) {
        let address = target.address.get_untracked();
        if source(&address).is_none() {
            return;
        }
        let is_read = self.is_active(&target.cell) && self.update_active(|active| active.position.is_some()).unwrap_or_default();
        if is_read {
            self.load_areas(address);
        } else {
            // It describes the previous value.
            target.summary.set_if_changed(None);
        }
    }

    /// Selects the next hit area of a chart, or the previous one. False if the chart is not active.
    pub fn step(self, id: &CellId, forward: bool) -> bool {
        if !self.is_active(id) {
            return false;
        }
        self.update_active(|active| {
            let Some(last) = active.areas.as_ref().and_then(|areas| areas.len().checked_sub(1)) else { return };
            active.position = Some(HoverPosition::Key(match (active.position, forward) {
                (Some(HoverPosition::Key(at)), true) => (at + 1).min(last),
                (Some(HoverPosition::Key(at)), false) => at.saturating_sub(1),
                (_, true) => 0,
                (_, false) => last,
            }));
            active.show(self.charts);
        });
        true
    }

    fn on_page_pointer(self, event: &PointerEvent) {
        let target = event.target();
        let is_over = self.update_active(|active| active.image().map(Into::into) == target);
        if is_over == Some(false) {
            self.clear();
        }
    }

    fn on_focus(self, cell: Option<CellId>) {
        // A press on a chart moves the focus to its cell: the pointer's readout stays.
        if cell.as_ref().is_some_and(|id| self.is_active(id)) {
            return;
        }
        let target = cell.and_then(|id| self.targets.with_value(|targets| targets.get(&id).cloned()));
        match target {
            Some(target) => self.activate(&target, None),
            None => self.clear(),
        }
    }

    fn activate(self, target: &HoverTarget, position: Option<HoverPosition>) {
        let address = target.address.get_untracked();
        if source(&address).is_none() {
            return self.clear();
        }
        if self.is_active(&target.cell) {
            self.update_active(|active| active.position = position);
        } else {
            self.clear();
            self.active.set_value(Some(ActiveTarget { target: target.clone(), address: String::new(), areas: None, position }));
        }
        self.load_areas(address);
        self.update_active(|active| active.show(self.charts));
    }

    fn is_active(self, id: &CellId) -> bool {
        self.update_active(|active| active.target.cell == *id).unwrap_or_default()
    }

    fn update_active<R>(self, update: impl FnOnce(&mut ActiveTarget) -> R) -> Option<R> {
        self.active.try_update_value(|active| active.as_mut().map(update)).flatten()
    }

    /// Loads the hit areas of the active chart, unless those of this address are known or on their
    /// way.
    fn load_areas(self, address: String) {
        let load = self.update_active(|active| {
            if active.address == address {
                return None;
            }
            // The previous areas are wrong for the new chart.
            (active.address, active.areas) = (address.clone(), None);
            Some((active.image()?, active.target.cell_type.get_untracked()))
        });
        let Some((image, cell_type)) = load.flatten() else { return };
        spawn_local(async move {
            let chart = self.charts.chart_of(&image, &cell_type, &address).await;
            let areas = chart.map(|(chart, canvas)| chart.hit_areas(&canvas));
            self.update_active(|active| {
                // Meanwhile another chart may be active, or this one may have changed again.
                if active.address != address {
                    return;
                }
                let Some(areas) = areas else {
                    // The next event tries again.
                    active.address.clear();
                    return active.hide(self.charts);
                };
                let summary = active.target.name.with_untracked(|name| [name, ": ", &areas.summary].concat());
                active.target.summary.set_if_changed(Some(summary));
                active.areas = Some(areas);
                active.show(self.charts);
            });
        });
    }
}

impl ActiveTarget {
    fn image(&self) -> Option<HtmlImageElement> {
        self.target.image.try_get_untracked().flatten()
    }

    fn show(&self, charts: ChartRegistry) {
        let (Some(areas), Some(image)) = (&self.areas, self.image()) else { return };
        let width = f64::from(image.client_width());
        let area = match self.position {
            None => None,
            Some(HoverPosition::Pointer { chart, .. }) => areas.nearest(chart, width, HIT_RADIUS),
            Some(HoverPosition::Key(at)) => Some(at).filter(|at| *at < areas.len()),
        };
        let Some(area) = area else { return self.hide(charts) };
        let [left, right, top, bottom] = areas.place(area, width);
        let place = match self.position {
            Some(HoverPosition::Pointer { window, .. }) => window,
            _ => {
                let rect = image.get_bounding_client_rect();
                (rect.left() + (left + right) / 2.0, rect.top() + (top + bottom) / 2.0)
            }
        };
        let is_announced = matches!(self.position, Some(HoverPosition::Key(_)));
        charts.tooltip.show(TooltipContent { rows: rows(areas, area), place, docked_width: None, is_announced });
        self.target.outline.set_if_changed(Some(Outline { left, top, width: right - left, height: bottom - top }));
    }

    fn hide(&self, charts: ChartRegistry) {
        // Without an outline the tooltip may be that of a line chart.
        if self.target.outline.with_untracked(Option::is_some) {
            self.target.outline.set(None);
            charts.tooltip.hide();
        }
    }
}

impl Outline {
    fn is_small(self) -> bool {
        self.width < MIN_OUTLINE && self.height < MIN_OUTLINE
    }

    fn style(self) -> String {
        let pixels = |name: &str, value: f64| [name, &number_text(value), "px"].concat();
        let Self { left, top, width, height } = self;
        [pixels("left:", left), pixels(";top:", top), pixels(";width:", width), pixels(";height:", height)].concat()
    }
}

/// The outline of the area that is read.
#[component]
pub fn HoverOutline(outline: ArcRwSignal<Option<Outline>>) -> impl IntoView {
    move || {
        outline
            .get()
            .map(|outline| InBrowser(view! { <i class="hit-outline" class:small-outline=outline.is_small() style=outline.style()></i> }))
    }
}

fn rows(areas: &HitAreas, area: usize) -> Vec<TooltipRow> {
    let is_dark = is_dark();
    let mut rows = Vec::new();
    for (at, field) in areas.fields.iter().enumerate() {
        let Some(text) = field_text(field, area) else { continue };
        let slot = match field.colour {
            FieldColour::None => None,
            FieldColour::Slot(slot) => Some(usize::from(slot)),
            FieldColour::Text => Some(field.numbers[area] as usize),
        };
        let color = slot.map(|slot| palette::colour(slot, is_dark));
        let name = truncated(&field.name);
        if at == 0 || name.is_empty() {
            let separator = if name.is_empty() { "" } else { " " };
            rows.push(TooltipRow { color, ..TooltipRow::text("", [name.as_str(), separator, &text].concat()) });
        } else {
            rows.push(TooltipRow { class: "", color, name, value: text });
        }
    }
    rows
}

/// Labels come from clients and may be of any length.
fn truncated(text: &str) -> String {
    text.chars().take(MAX_LABEL_CHARS).collect()
}

/// The text of a field in this area: a label, or a number with its unit. `None` if it has neither.
fn field_text(field: &ReadoutField, area: usize) -> Option<String> {
    let value = *field.numbers.get(area)?;
    if !field.texts.is_empty() {
        return field.texts.get(value as usize).filter(|text| !text.is_empty()).map(|text| truncated(text));
    }
    Some([format_number(value).as_str(), if field.unit.is_empty() { "" } else { " " }, &field.unit].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_a_text_a_number_or_nothing() {
        let texts = ReadoutField { texts: vec!["".into(), "b".into()], numbers: vec![0.0, 1.0, 2.0], ..ReadoutField::default() };
        assert_eq!([0, 1, 2, 3].map(|area| field_text(&texts, area)), [None, Some("b".into()), None, None]);
        let values = ReadoutField { unit: "%".into(), numbers: vec![0.5, f64::NAN], ..ReadoutField::default() };
        assert_eq!([0, 1].map(|area| field_text(&values, area).unwrap()), ["0.5 %", "NaN %"]);
    }

    #[test]
    fn a_small_area_is_outlined_by_a_ring() {
        let outline = |width, height| Outline { left: 1.5, top: 2.0, width, height };
        assert_eq!([outline(3.0, 3.0), outline(3.0, 4.0), outline(5.0, 1.0)].map(Outline::is_small), [true, false, false]);
    }
}
